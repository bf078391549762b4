//! Tables built in memory, and the parts of documents.

use assess_engine::io::matrix::{Columns, Matrix};
use assess_engine::io::table::OutputSource;
use assess_engine::io::{Format, Indicator, IoModel, Labels, LeontiefMode, OutputRule, Precision, Table};
use assess_engine::model::{Identity, Model, Question};
use assess_engine::{Budget, Progress};
use serde_json::Value;

/// A matrix given by `a(i, j)`.
pub(crate) fn matrix(n: usize, precision: Precision, a: impl Fn(usize, usize) -> f64) -> Matrix {
    match precision {
        Precision::F64 => Matrix::F64(columns(n, a)),
        Precision::F32 => Matrix::F32(columns(n, |i, j| a(i, j) as f32)),
    }
}

fn columns<T: Copy>(n: usize, a: impl Fn(usize, usize) -> T) -> Columns<T> {
    let mut columns = Columns::new(n);
    for start in (0..n).step_by(columns.per_block()) {
        let end = (start + columns.per_block()).min(n);
        columns.push_block((start..end).flat_map(|j| (0..n).map(move |i| (i, j))).map(|(i, j)| a(i, j)).collect());
    }
    columns
}

/// A table of f64 with these nodes.
pub(crate) fn table(nodes: &[(&str, &str)], a: impl Fn(usize, usize) -> f64) -> Table {
    Table {
        labels: Labels::new(nodes.iter().copied()).expect("names differ"),
        coefficients: matrix(nodes.len(), Precision::F64, a),
        output: None,
        format: Format::Icio,
        output_source: OutputSource::None,
        leontief: Some(LeontiefMode::Full),
        warnings: Vec::new(),
    }
}

/// The same table with reported output.
pub(crate) fn with_output(mut table: Table, output: Vec<f64>) -> Table {
    table.output = Some(output);
    table.output_source = OutputSource::Rule(OutputRule::Reported);
    table
}

pub(crate) fn indicator(name: &str, values: impl IntoIterator<Item = f64>) -> Indicator {
    Indicator { name: name.into(), unit: "".into(), values: values.into_iter().collect() }
}

/// A model with these indicators, derived.
pub(crate) fn derived(table: Table, indicators: impl IntoIterator<Item = Indicator>) -> IoModel {
    let mut model = IoModel::new(table);
    for indicator in indicators {
        model = model.with_indicator(indicator).expect("the indicator fits");
    }
    model.derive(&Budget::UNLIMITED, &Progress::default()).expect("it derives");
    assert!(model.ready());
    model
}

/// The document of a node given by number.
pub(crate) fn assess(model: &IoModel, node: usize, query: &Question<'_>) -> Value {
    let (region, sector) = model.table().labels.names(node);
    assess_named(model, region, sector, query)
}

/// The document of a node given by name.
pub(crate) fn assess_named(model: &IoModel, region: &str, sector: &str, query: &Question<'_>) -> Value {
    let mut out = Vec::new();
    let subject = [region.as_bytes(), sector.as_bytes()];
    model.assess(&Identity { name: b"icio", version: 3 }, &subject, query, &mut out).expect("it answers");
    serde_json::from_slice(&out).expect("a document is JSON")
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// Asserts that two numbers agree, relative to the larger one.
#[track_caller]
pub(crate) fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * a.abs().max(b.abs()), "{a} and {b} differ by {:e}", (a - b) / b);
}

/// `[region.sector, value]` of a list in a document.
pub(crate) fn items(list: &Value) -> Vec<(String, f64)> {
    let name = |item: &Value| match (item["region"].as_str(), item["sector"].as_str()) {
        (Some(region), Some(sector)) => format!("{region}.{sector}"),
        (region, sector) => region.or(sector).expect("an item is labelled").to_owned(),
    };
    list.as_array().expect("a list").iter().map(|item| (name(item), number(&item["value"]))).collect()
}
