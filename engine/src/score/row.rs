//! One row of values, rounded for scoring.

use std::cell::Cell;

use super::decimals;
use super::features::{EXACT, Features};
use super::number::{self, Spelled};
use super::onnx::Buffers;
use crate::{Error, Result};

/// The values of all features, rounded where decimals are declared. A missing value is NaN.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) values: Vec<f64>,
    /// The integers that rounded values are written from.
    integers: Vec<i64>,
    given: Vec<bool>,
    /// Values are kept unrounded; the caller rounds them.
    is_unrounded: bool,
}

impl Row {
    /// A row that does not round its values.
    pub(super) fn unrounded() -> Self {
        Self { is_unrounded: true, ..Self::default() }
    }

    /// Clears the row: every feature is missing.
    pub(super) fn clear(&mut self, features: &Features) {
        self.values.clear();
        self.values.resize(features.len(), f64::NAN);
        self.integers.clear();
        self.integers.resize(features.len(), 0);
        self.given.clear();
        self.given.resize(features.len(), false);
    }

    /// Sets the value of a feature, once.
    pub(super) fn give(&mut self, features: &Features, i: usize, spelled: Spelled) -> Result<()> {
        if std::mem::replace(&mut self.given[i], true) {
            return Err(Error::Invalid(format!("feature {} is given twice", features.shown(i)).into()));
        }
        self.set(features, i, spelled)
    }

    /// Sets a value and rounds it for scoring.
    pub(super) fn set(&mut self, features: &Features, i: usize, spelled: Spelled) -> Result<()> {
        let wanted = features.decimals(i);
        if wanted == EXACT || spelled == Spelled::Missing || self.is_unrounded {
            // A negative zero would give another cache key.
            self.values[i] = spelled.value() + 0.0;
            return Ok(());
        }
        // Uses the mantissa itself if no digit is lost and the integer is so small that rounding its f64 would give it
        // back.
        let known = match spelled {
            Spelled::Decimal { mantissa, decimals } if decimals <= wanted => mantissa
                .checked_mul(decimals::POWERS[usize::from(wanted - decimals)] as i64)
                .filter(|integer| integer.unsigned_abs() < 1 << 50),
            _ => None,
        };
        let integer = match known {
            Some(integer) => integer,
            None => decimals::integer(spelled.value(), wanted).ok_or_else(|| too_large(features, i))?,
        };
        self.integers[i] = integer;
        self.values[i] = decimals::value(integer, wanted);
        Ok(())
    }

    /// Appends the row as a JSON object: features in the order of the model, rounded as they are scored, `null` for
    /// missing values.
    pub(super) fn write(&self, features: &Features, out: &mut Vec<u8>) {
        out.push(b'{');
        for (i, &value) in self.values.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(features.printed(i));
            out.push(b':');
            match features.decimals(i) {
                _ if value.is_nan() => out.extend_from_slice(b"null"),
                EXACT if let Some(categories) = features.categories(i) => categories.write(value, out),
                EXACT => number::write(value, out),
                decimals => number::write_decimal(self.integers[i], decimals, out),
            }
        }
        out.push(b'}');
    }
}

/// Rounds the values of one feature for rows that are never written as text. An error comes with the index of the first
/// row that failed.
pub(super) fn score_column(features: &Features, i: usize, column: &mut [f64]) -> Result<(), (usize, Error)> {
    let decimals = features.decimals(i);
    let is_done = match decimals {
        EXACT => {
            let mut is_finite = true;
            for x in &mut *column {
                is_finite &= !x.is_infinite();
                *x += 0.0;
            }
            is_finite
        }
        decimals => decimals::round_small(column, decimals),
    };
    if !is_done {
        for (row, x) in column.iter_mut().enumerate() {
            *x = scored(features, i, *x).map_err(|error| (row, error))?;
        }
    }
    Ok(())
}

/// Rounds one value for a row that is never written as text.
fn scored(features: &Features, i: usize, value: f64) -> Result<f64> {
    match features.decimals(i) {
        _ if value.is_nan() => Ok(f64::NAN),
        _ if value.is_infinite() => Err(infinite(features, i)),
        EXACT => Ok(value + 0.0),
        decimals => {
            let integer = decimals::integer(value, decimals).ok_or_else(|| too_large(features, i))?;
            Ok(decimals::value(integer, decimals))
        }
    }
}

pub(super) fn infinite(features: &Features, i: usize) -> Error {
    Error::Invalid(format!("feature {} is infinite", features.shown(i)).into())
}

fn too_large(features: &Features, i: usize) -> Error {
    Error::Invalid(format!("the value of feature {} is too large for its decimals", features.shown(i)).into())
}

/// Buffers of an assessment. Each thread keeps one, so that no assessment allocates them again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) row: Row,
    pub(super) margins: Vec<f64>,
    pub(super) outputs: Vec<f64>,
    pub(super) contributions: Vec<f64>,
    /// All values of a program.
    pub(super) slots: Vec<f64>,
    pub(super) text: Vec<u8>,
    /// The place of the class, if the machine decides on it.
    pub(super) class: Option<usize>,
    /// The values of an ONNX graph.
    pub(super) buffers: Buffers,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Runs `work` with the scratch of this thread.
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = work(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}
