//! The search compared with reference figures, with all paths enumerated, and with the layers.

mod cases;
mod enumerated;
mod wiod;

use super::{Paths, Wanted};
use crate::io::assess::Basis;
use crate::io::matrix::Matrix;
use crate::io::table::OutputSource;
use crate::io::{Format, Indicator, IoModel, Labels, LeontiefMode, Precision, Table};
use crate::model::Model;
use crate::{Budget, Progress, Result};

/// A table of nodes `(region, sector)` with the coefficients `a(i, j)`.
fn table(nodes: &[(String, String)], precision: Precision, a: impl Fn(usize, usize) -> f64) -> Table {
    let n = nodes.len();
    Table {
        labels: Labels::new(nodes.iter().map(|(region, sector)| (region.as_str(), sector.as_str()))).unwrap(),
        coefficients: Matrix::from_fn(n, n, precision, a),
        output: None,
        demand: None,
        format: Format::Icio,
        output_source: OutputSource::None,
        leontief: Some(LeontiefMode::Full),
        warnings: Vec::new(),
    }
}

/// Nodes of one region, `s0`, `s1` and so on.
fn sectors(n: usize) -> Vec<(String, String)> {
    (0..n).map(|i| ("R".to_owned(), format!("s{i}"))).collect()
}

/// A derived model with the indicator `risk`.
fn derived(table: Table, r: &[f64]) -> IoModel {
    let risk = Indicator { name: "risk".into(), unit: "".into(), values: r.to_vec() };
    let model = IoModel::new(table).with_indicator(risk).unwrap();
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    model
}

/// The data of the first indicator, from which assessments are computed.
fn basis(model: &IoModel) -> Basis<'_> {
    let stressor = model.indicator(None).unwrap();
    let (leontief, printed) = model.derived().unwrap();
    Basis {
        table: model.table(),
        printed,
        leontief,
        values: &stressor.indicator.values,
        is_signed: stressor.is_signed,
        series: stressor.series().unwrap(),
    }
}

fn search(model: &IoModel, j: usize, wanted: Wanted) -> Result<Paths> {
    let progress = Progress::default();
    basis(model).paths(model.bound(None, &progress)?, j, &wanted, &progress)
}

fn top(n: usize) -> Wanted {
    Wanted { top: n, cutoff: None, most: 100_000 }
}

fn above(share: f64, most: usize) -> Wanted {
    Wanted { top: 0, cutoff: Some(share), most }
}
