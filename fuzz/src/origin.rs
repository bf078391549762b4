//! Properties of rules-of-origin models.

use std::sync::LazyLock;

use assess_engine::Progress;
use assess_engine::model::{AnyModel, Model};
use assess_engine::origin::{
    FindFilter, FindKind, Format, Items, LoadOptions, OriginModel, Part, Relation, RuleFilter, load,
};

use crate::{ask, assert_json, assert_survives, decode, derive};

/// An agreement with a rule of every kind, for queries with facts and for overrides.
pub const AGREEMENT: &[u8] = include_bytes!("../models/agreement.json");

/// Codes of the queries.
const CODES: [&[u8]; 4] = [b"847130", b"0101", b"620520", b"010121"];

/// Facts of the queries.
const FACTS: [&[u8]; 3] = [
    b"{\"bom\":[],\"wholly_obtained\":true}",
    b"{\"exw\":100,\"fob\":110,\"weight\":5,\"processes\":[\"p\"],\"bom\":[{\"hs\":\"8471\",\"origin\":\"CN\",\"value\":30,\"weight\":2},\
      {\"hs\":\"392690\",\"origin\":\"AA\",\"value\":20,\"originating\":true}]}",
    b"{\"bom\":[{\"hs\":\"520100\",\"origin\":\"IN\"}],\"date\":\"2024-02-29\"}",
];

/// Reads a document; the part keeps all properties, alone and beside an agreement.
pub fn file(format: Format, bytes: &[u8]) {
    if let Some(part) = read(Some(format), bytes) {
        let alone = OriginModel::empty().with(part);
        alone.iter().for_each(keeps_properties);
    }
    if let Some(part) = read(Some(format), bytes) {
        let beside = OriginModel::empty().with(agreement()).and_then(|model| model.with(part));
        beside.iter().for_each(keeps_properties);
    }
    let _ = read(None, bytes);
}

/// The agreement, as a part.
pub fn agreement() -> Part {
    read(Some(Format::Roo), AGREEMENT).expect("the agreement in the folder is valid")
}

/// A model with only the agreement.
pub fn model() -> OriginModel {
    let model = OriginModel::empty().with(agreement()).expect("there is enough memory");
    derive(&model);
    model
}

/// An agreement of one rule, with this expression.
pub fn expression(bytes: &[u8]) {
    let before =
        b"{\"format\":\"roo/1\",\"agreement\":\"x\",\"title\":\"x\",\"parties\":[\"AA\",\"BB\"],\"hs_version\":2022,\
        \"valid_from\":\"2020-01-01\",\"valid_to\":null,\"macros\":{\"m\":{\"ctc\":\"CTH\"}},\"texts\":[\"t\"],\
        \"rules\":[{\"id\":\"r\",\"from\":\"010000\",\"to\":\"999999\",\"alternatives\":[{\"t\":0,\"expr\":";
    let document = [before, bytes, b"}]}]}"].concat();
    if let Some(part) = read(Some(Format::Roo), &document) {
        OriginModel::empty().with(part).iter().for_each(keeps_properties);
    }
}

/// Reads frames; the decoded model keeps all properties.
pub fn from_frames(frames: &[Vec<u8>]) {
    if let Some(AnyModel::Origin(model)) = decode(frames) {
        keeps_properties(&model);
    }
}

/// Uses words as a subject.
pub fn subject(model: &OriginModel, words: &[&[u8]]) {
    if let Ok(length) = model.subject_len(words, true) {
        assert!((3..=4).contains(&length) && length <= words.len());
        ask(model, &words[..length]);
    }
}

/// Reads a document of codes: they keep all properties alone and beside an agreement, and adding them again changes
/// nothing.
pub fn codes(bytes: &[u8]) {
    let Ok(items) = Items::read(bytes, &Progress::default()) else { return };
    if let Ok(alone) = OriginModel::empty().with_items(&items) {
        keeps_properties(&alone);
        let twice = alone.with_items(&items).expect("codes can be added again");
        assert_eq!(twice.digest(), alone.digest(), "codes that are known change nothing");
    }
    let beside = OriginModel::empty().with(agreement()).and_then(|model| model.with_items(&items));
    beside.iter().for_each(keeps_properties);
}

/// Reads the name of a cached assessment: a request that it stands for can be made.
pub fn request_of(name: &[u8]) {
    static MODEL: LazyLock<OriginModel> = LazyLock::new(model);
    if let Some(words) = MODEL.request_of(name) {
        subject(&MODEL, &words.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

/// Searches for a text: all answers are JSON.
pub fn search(model: &OriginModel, text: &[u8]) {
    for kind in [FindKind::Hs, FindKind::Rules] {
        let filter = FindFilter { kind, section: None, chapter: None, level: None, limit: 10 };
        model.find(text, &filter).iter().flatten().for_each(|document| assert_json(document));
    }
}

fn read(format: Option<Format>, bytes: &[u8]) -> Option<Part> {
    load(bytes, &LoadOptions { format }, &Progress::default()).ok()
}

fn keeps_properties(model: &OriginModel) {
    derive(model);
    let _ = (model.info(), model.bytes());
    assert_survives(model);
    for code in CODES {
        for facts in FACTS {
            ask(model, &[code, b"AA", b"BB", facts]);
        }
        for relation in [Relation::Alone, Relation::Children, Relation::Parents] {
            let _ = model.hs(b"8471300010", relation);
            model.hs(code, relation).iter().flatten().for_each(|document| assert_json(document));
        }
        let filter = RuleFilter { agreement: None, hs: Some(code), date: None, party: None, limit: 10 };
        model.rules(&filter).iter().flatten().for_each(|document| assert_json(document));
    }
    for text in ["live horses computer", "aluminum foot wear qwertyuiop", "machnies toothbrush", "10121"] {
        search(model, text.as_bytes());
    }
}
