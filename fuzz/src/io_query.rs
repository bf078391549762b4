//! The small IO models of the queries, and the queries.

use std::any::Any;
use std::sync::{Arc, LazyLock};

use assess_engine::io::footprint::Own;
use assess_engine::io::{By, Indicator, IoModel, LeontiefMode, LoadOptions, Precision, indicator::Reading};
use assess_engine::model::{DependentsBy, FindFilter, Identity, Model, Other, Query, Share, View};

use crate::{ask_for, assert_json, io, query, try_derive};

/// Models of a few nodes: with the inverse, with columns that are solved on demand and numbers of four bytes, with an
/// indicator of both signs, and with other labels.
static MODELS: LazyLock<[Arc<IoModel>; 4]> = LazyLock::new(|| {
    let lazy = LoadOptions { leontief: Some(LeontiefMode::Lazy), precision: Precision::F32, ..LoadOptions::default() };
    [
        model(LoadOptions::default(), io::TABLE, &[]),
        model(lazy, io::TABLE, &[b"{\"AA\":0.2,\"BB\":0.7}", b"{\"AA\":0,\"BB\":1e9}"]),
        model(LoadOptions::default(), io::TABLE, &[b"{\"AA\":-0.2,\"BB\":0.7}"]),
        model(LoadOptions::default(), io::FLOWS, &[b"{\"AA\":0.5,\"CC\":0.1}"]),
    ]
});

/// The names of the models.
const NAMES: [&[u8]; 4] = [b"full", b"lazy", b"signed", b"flows"];

fn model(options: LoadOptions, table: &[u8], documents: &[&[u8]]) -> Arc<IoModel> {
    let mut model = io::read(options, table).expect("the tables in the folder are valid");
    for (i, document) in documents.iter().enumerate() {
        let (name, labels) = (format!("risk{i}"), &model.table().labels);
        let indicator = Indicator::parse(name.as_bytes(), b"", document, &Reading::by(By::Region), labels);
        let indicator = indicator.expect("the indicator is valid");
        model = Arc::new(model.with_indicator(indicator).expect("the indicator is valid"));
    }
    assert!(try_derive(model.as_ref()) && model.is_complete(), "the tables in the folder are derived");
    model
}

/// The model that a byte chooses.
pub fn chosen(which: u8) -> &'static Arc<IoModel> {
    &MODELS[usize::from(which) % MODELS.len()]
}

/// Requests a document: the first byte chooses the model, the second one and the words after the subject the document.
pub fn document(which: u8, form: u8, words: &[&[u8]]) {
    let model = chosen(which);
    let [first, second, rest @ ..] = words else {
        assert!(model.subject_len(words, true).is_err(), "a subject has two words");
        return;
    };
    assert_eq!(model.subject_len(words, true), Ok(2));
    let other = (usize::from(which) / MODELS.len() + 1) % MODELS.len();
    let other_model: Arc<dyn Any + Send + Sync> = Arc::clone(&MODELS[other]) as _;
    let identity = Identity { name: NAMES[other], version: 7 };
    let by = if form & 16 == 0 { DependentsBy::Share } else { DependentsBy::Value };
    let view = match form % 6 {
        0 => View::Assessment,
        1 => View::Dependents(by),
        2 => View::Profile(rest),
        3 => View::Compare(Other { model: &other_model, identity }),
        4 => View::Footprint(rest.first().copied()),
        _ => View::WhatIf(rest),
    };
    let number = |at: usize, most: u32| {
        let text = rest.get(at).and_then(|word| std::str::from_utf8(word).ok());
        text.and_then(|text| text.parse().ok()).map_or(3, |number: u32| number.min(most))
    };
    let share = rest.get(3).and_then(|word| std::str::from_utf8(word).ok()?.parse().ok()).and_then(Share::new);
    let indicator = [None, Some(&b"output"[..]), Some(b"risk1"), rest.last().copied()][usize::from(form >> 6)];
    // The commands bound the layers; of documents without layers the engine does not check them again.
    let most_layers = if form.is_multiple_of(6) { 40 } else { Query::MAX_LAYERS };
    let asked = Query { indicator, layers: number(0, most_layers), top: number(1, 32_768), view, ..query() };
    let with_paths = Query { paths: number(2, 50), cutoff: share, most_paths: 50, ..asked };
    ask_for(model.as_ref(), &[first, second], if form & 32 == 0 { &asked } else { &with_paths });
}

/// Requests a what-if analysis of a node with changes; the same changes have the same document twice.
pub fn what_if(which: u8, layers: u8, words: &[&[u8]]) {
    let model = chosen(which);
    let [region, sector, changes @ ..] = words else { return };
    let asked = Query { layers: u32::from(layers % 34), view: View::WhatIf(changes), ..query() };
    let document = ask_for(model.as_ref(), &[region, sector], &asked);
    if document.is_some() {
        assert_eq!(model.changes_len(changes), Ok(changes.len()), "changes are read to their end");
        assert_eq!(ask_for(model.as_ref(), &[region, sector], &asked), document);
    }
}

/// Requests the footprint of a demand of the caller's own; its canonical form is the same demand.
pub fn own_demand(which: u8, document: &[u8]) {
    let model = chosen(which);
    let asked = Query { view: View::Footprint(None), ..query() };
    let answer = ask_for(model.as_ref(), &[b"DEMAND", document], &asked);
    let Ok(own) = Own::read(document) else {
        assert!(answer.is_none(), "a demand that is not read has no footprint");
        return;
    };
    let canonical = own.canonical();
    assert_json(&canonical);
    if let Ok(again) = Own::read(&canonical) {
        assert_eq!(again, own, "the canonical form is the same demand");
        assert_eq!(again.canonical(), canonical, "the canonical form is stable");
    } else {
        // The canonical form may be longer: an escape of a label takes six bytes.
        assert!(canonical.len() > document.len(), "a canonical form is read");
    }
    if let Some(answer) = answer {
        assert_eq!(ask_for(model.as_ref(), &[b"DEMAND", &canonical], &asked), Some(answer));
    }
}

/// Searches for a text: all answers are JSON.
pub fn search(which: u8, text: &[u8]) {
    let found = chosen(which).find(text, &FindFilter::default());
    found.iter().flatten().for_each(|document| assert_json(document));
}

/// Reads the name of a cached assessment: a request that it stands for can be made.
pub fn request_of(name: &[u8]) {
    for model in MODELS.iter() {
        let Some(words) = model.request_of(name) else { continue };
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        assert_eq!(model.subject_len(&words, true), Ok(2));
        ask_for(model.as_ref(), &words[..2], &query());
    }
}
