//! Properties of input-output models, and the small models of the queries.

use std::sync::Arc;

use assess_engine::io::{
    By, Demand, Duplicates, Format, Indicator, Input, IoModel, LeontiefMode, LoadOptions, Negative, Order, OutputRule,
    Precision, Split, indicator::Reading, read_whole,
};
use assess_engine::model::load::{Part, Recipe};
use assess_engine::model::{AnyModel, DependentsBy, LabelSet, Model, Query, Share, View};
use assess_engine::{Budget, Progress};

use crate::{ask_for, assert_survives, decode, query, try_derive};

/// A table of two regions and three sectors with final demand, and flows of other labels in long form.
pub const TABLE: &[u8] = include_bytes!("../models/table.csv");
pub const FLOWS: &[u8] = include_bytes!("../models/flows.csv");

/// The memory of a load: some 500 nodes. A larger table may take seconds.
const BUDGET: u64 = 2 << 20;

/// The most nodes of a model that is derived, which takes the cube of their number.
const MOST_DERIVED: usize = 72;

/// The largest file of an archive that is read as a whole.
const MOST_WHOLE: u64 = 1 << 20;

/// The options of a load that two bytes choose; two zeros are the defaults.
pub fn options(first: u8, second: u8) -> LoadOptions {
    let is_set = |bit: u8| first & (1 << bit) != 0;
    let formats = [None, Some(Format::Icio), Some(Format::Triples), Some(Format::Exiobase), Some(Format::Eora)];
    let separators = [None, Some("_".into()), Some("|".into()), Some(" - ".into())];
    LoadOptions {
        format: formats.get(usize::from(second & 7)).copied().flatten(),
        output: if is_set(0) { OutputRule::RowSum } else { OutputRule::Reported },
        split: if is_set(1) { Split::Keep } else { Split::Merge },
        precision: if is_set(2) { Precision::F32 } else { Precision::F64 },
        leontief: [None, Some(LeontiefMode::Full), Some(LeontiefMode::Lazy), None][usize::from(first >> 3 & 3)],
        negative: if is_set(5) { Negative::Zero } else { Negative::Refused },
        duplicates: if is_set(6) { Duplicates::Sum } else { Duplicates::Error },
        demand: if is_set(7) { Demand::LeftOut } else { Demand::Kept },
        order: [None, Some(Order::RegionFirst), Some(Order::SectorFirst), None][usize::from(second >> 3 & 3)],
        region: (second & 32 != 0).then(|| "R".into()),
        separator: separators[usize::from(second >> 6)].clone(),
        member: None,
    }
}

/// Reads a table, or an archive of one; the model keeps all properties.
pub fn file(options: LoadOptions, bytes: &[u8]) {
    if let Some(model) = read(options, bytes) {
        keeps_properties(&model);
    }
}

/// As [`file`]; the input is also unpacked as a whole, as files of other kinds of models are.
pub fn archive(options: LoadOptions, bytes: &[u8]) {
    if let Ok(whole) = read_whole(Input::Bytes(bytes), MOST_WHOLE, &Progress::default()) {
        assert!(whole.len() as u64 <= MOST_WHOLE, "the limit of a file holds");
    }
    file(options, bytes);
}

/// Reads frames; the decoded model keeps all properties.
pub fn from_frames(frames: &[Vec<u8>]) {
    if let Some(AnyModel::Io(model)) = decode(frames) {
        keeps_properties(&model);
    }
}

/// The labels, and the flags of a document of an indicator, from two bytes; two zeros are the defaults.
pub fn reading<'a>(by: u8, flags: u8, model: &'a IoModel) -> Reading<'a> {
    let by = [By::Node, By::Region, By::Sector, By::Product][usize::from(by % 4)];
    Reading {
        default: (flags & 1 != 0).then_some(0.5),
        ignore: flags & 2 != 0,
        sum: flags & 4 != 0,
        totals: model.table().output.as_deref().filter(|_| flags & 8 != 0),
        row: (flags & 16 != 0).then_some(b"Energy"),
        ..Reading::by(by)
    }
}

/// Reads a document of an indicator: it has a number for each node, and the model takes it.
pub fn indicator(model: &IoModel, reading: &Reading<'_>, document: &[u8]) {
    let labels = &model.table().labels;
    let Ok(indicator) = Indicator::parse(b"read", b"kg", document, reading, labels) else { return };
    assert_eq!(indicator.values.len(), labels.len());
    assert!(indicator.values.iter().all(|value| value.is_finite()), "{:?}", indicator.values);
    let model = model.with_indicator(indicator).expect("an indicator that was read is valid");
    keeps_properties(&model);
}

/// Reads a table.
pub fn read(options: LoadOptions, bytes: &[u8]) -> Option<Arc<IoModel>> {
    let recipe = Recipe::Io { options, keep: false };
    match recipe.read(Input::Bytes(bytes), &Budget::new(BUDGET), &Progress::default()) {
        Ok(Part::Model(AnyModel::Io(model))) => Some(model),
        Ok(_) => panic!("a table is read as an IO model"),
        Err(_) => None,
    }
}

fn keeps_properties(model: &IoModel) {
    let is_derived = model.table().labels.len() <= MOST_DERIVED && try_derive(model);
    let _ = (model.info(), model.bytes());
    for set in [LabelSet::Regions, LabelSet::Sectors, LabelSet::Nodes, LabelSet::Indicators, LabelSet::Demand] {
        let _ = model.labels(set);
    }
    assert_survives(model);
    if is_derived {
        query_everything(model);
    }
}

/// Requests every kind of document about the first and the last node.
fn query_everything(model: &IoModel) {
    let labels = &model.table().labels;
    let query = Query { most_paths: 50, ..query() };
    for node in [0, labels.len() - 1] {
        let (region, sector) = labels.names(node);
        let subject: &[&[u8]] = &[region.as_bytes(), sector.as_bytes()];
        let extract: &[&[u8]] = &[b"EXTRACT", b"*", sector.as_bytes(), b"SCALE", b"*", b"*", b"*", b"*", b"0.5"];
        for query in [
            Query { layers: 0, top: 0, ..query },
            Query { layers: 32, top: 1000, paths: 5, cutoff: Share::new(0.001), ..query },
            Query { view: View::Dependents(DependentsBy::Share), ..query },
            Query { view: View::Dependents(DependentsBy::Value), ..query },
            Query { view: View::Profile(&[]), ..query },
            Query { view: View::WhatIf(extract), ..query },
        ] {
            ask_for(model, subject, &query);
        }
        ask_for(model, &[b"REGION", region.as_bytes()], &Query { view: View::Footprint(None), ..query });
    }
}
