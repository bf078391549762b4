//! Types of values. All are held as `f64`: a text as the number of its word, a truth value as 0 or 1, a missing value as
//! NaN.

use super::wire::{Reader, Wire, wire_choice};
use crate::{Error, Result};

/// The type of a slot or of an expression's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Double,
    /// Rounded to `f32`, also results of arithmetic.
    Float,
    Integer,
    Boolean,
    Text,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Double, Self::Float, Self::Integer, Self::Boolean, Self::Text];

    /// Whether values are numbers that can be ordered.
    pub(in super::super) fn is_number(self) -> bool {
        matches!(self, Self::Double | Self::Float | Self::Integer)
    }

    /// A number as a value of this type; `None` if it has none.
    pub(in super::super) fn of(self, x: f64) -> Option<f64> {
        match self {
            _ if x.is_nan() => Some(f64::NAN),
            Self::Double | Self::Text => Some(x + 0.0),
            Self::Float => Some(f64::from(x as f32) + 0.0).filter(|x| x.is_finite()),
            // The reference evaluator computes with 32 bits; larger integers would wrap there or be refused.
            Self::Integer => (x.trunc() == x && x.abs() < 2_147_483_648.0).then_some(x + 0.0),
            Self::Boolean => (x == 0.0 || x == 1.0).then_some(x + 0.0),
        }
    }
}

wire_choice!(Kind);
