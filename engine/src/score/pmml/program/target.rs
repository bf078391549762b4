//! What is done with a predicted number before it is the score.

use super::function::half_up;
use super::wire::{Reader, Wire, wire_choice, wire_struct};
use crate::{Error, Result};

/// How a predicted number becomes an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Cast {
    None,
    Round,
    Ceiling,
    Floor,
}

impl Cast {
    const ALL: [Self; 4] = [Self::None, Self::Round, Self::Ceiling, Self::Floor];
}

wire_choice!(Cast);

/// Limits, then a factor, then a constant, then the cast: the order of the standard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Target {
    pub(in super::super) least: Option<f64>,
    pub(in super::super) most: Option<f64>,
    pub(in super::super) factor: f64,
    pub(in super::super) constant: f64,
    pub(in super::super) cast: Cast,
}

wire_struct!(Target { least, most, factor, constant, cast });

impl Target {
    /// The score of a predicted number; NaN stays NaN.
    pub(super) fn of(&self, mut x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        if let Some(least) = self.least {
            x = x.max(least);
        }
        if let Some(most) = self.most {
            x = x.min(most);
        }
        if self.factor != 1.0 {
            x *= self.factor;
        }
        x += self.constant;
        match self.cast {
            Cast::None => x,
            Cast::Round => half_up(x),
            Cast::Ceiling => x.ceil(),
            Cast::Floor => x.floor(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let numbers = [self.least.unwrap_or_default(), self.most.unwrap_or_default(), self.factor, self.constant];
        if numbers.iter().all(|x| x.is_finite()) {
            Ok(())
        } else {
            Err(Error::Corrupt("the target of a program is not finite"))
        }
    }
}
