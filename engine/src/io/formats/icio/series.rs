//! Rows and columns of a table that are not nodes.

use crate::{Error, Result};

/// The tolerated difference between two sums of the same published numbers: a fraction of the larger, plus a fraction
/// of the largest number in the row or column.
const ROUNDING: (f64, f64) = (1e-3, 1e-6);

/// A row or a column that is not a node: one number per node.
pub(in crate::io::formats) struct Series {
    /// Its number among all columns, or its line in the file.
    pub(in crate::io::formats) at: u64,
    pub(in crate::io::formats) values: Vec<f64>,
    /// The error if a number cannot be read. It is reported only if the series is used.
    pub(in crate::io::formats) unreadable: Option<Error>,
    /// Whether the label of a row is a name for totals.
    pub(in crate::io::formats) is_named_total: bool,
    pub(in crate::io::formats) label: Box<str>,
}

impl Series {
    pub(super) fn new(n: usize, at: u64, label: &str, is_named_total: bool) -> Self {
        Self { values: vec![0.0; n], ..Self::of(at, label, Vec::new(), is_named_total) }
    }

    /// A row or a column with known numbers.
    pub(in crate::io::formats) fn of(at: u64, label: &str, values: Vec<f64>, is_named_total: bool) -> Self {
        Self { at, values, unreadable: None, is_named_total, label: label.into() }
    }

    pub(super) fn add(&mut self, node: usize, cell: Result<f64>) {
        match cell {
            Ok(value) => self.values[node] += value,
            Err(error) => _ = self.unreadable.get_or_insert(error),
        }
    }

    /// The numbers; fails if one could not be read.
    pub(in crate::io::formats) fn known(&self) -> Result<&[f64]> {
        match &self.unreadable {
            Some(error) => Err(error.clone()),
            None => Ok(&self.values),
        }
    }
}

/// Whether two series are equal up to rounding. At least three numbers must be large enough to be evidence.
pub(in crate::io::formats) fn alike(a: &[f64], b: &[f64]) -> bool {
    let scale = a.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= ROUNDING.0 * a.abs().max(b.abs()) + ROUNDING.1 * scale;
    let of_size = a.iter().filter(|value| value.abs() > 10.0 * ROUNDING.1 * scale).count();
    of_size > 2 && a.iter().zip(b).all(near)
}
