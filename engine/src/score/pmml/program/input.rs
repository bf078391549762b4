//! What is done with the values of a feature before the model sees them: values that mean missing, values that are
//! invalid, outliers, replacements.

use super::fault::Fault;
use super::kind::Kind;
use super::wire::{Reader, Wire, wire_choice, wire_struct};
use crate::{Error, Result};

/// What is done with an invalid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Invalid {
    /// The row has no result.
    Refuse,
    Keep,
    /// It is missing.
    Missing,
    /// It is replaced.
    Replace,
}

impl Invalid {
    const ALL: [Self; 4] = [Self::Refuse, Self::Keep, Self::Missing, Self::Replace];
}

wire_choice!(Invalid);

/// What is done with a valid value outside of the limits for outliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Outliers {
    Keep,
    /// They are missing.
    Missing,
    /// They are replaced by the limit.
    Extreme,
}

impl Outliers {
    const ALL: [Self; 3] = [Self::Keep, Self::Missing, Self::Extreme];
}

wire_choice!(Outliers);

/// The treatment of a feature. Its value is in the slot with its index.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Input {
    pub(in super::super) kind: Kind,
    /// For a text or a truth value: the word of each category. Other categories have the word -1, which equals none.
    pub(in super::super) words: Vec<u32>,
    pub(in super::super) missing: Vec<f64>,
    pub(in super::super) invalid: Vec<f64>,
    /// If there are any, other values are invalid, unless an interval holds them. Ascending.
    pub(in super::super) valid: Vec<f64>,
    /// If there are any, values outside of all of them are invalid: `[from, to)`.
    pub(in super::super) intervals: Vec<(f64, f64)>,
    pub(in super::super) on_invalid: Invalid,
    pub(in super::super) replacement: f64,
    pub(in super::super) refuses_missing: bool,
    /// Replaces missing values.
    pub(in super::super) if_missing: Option<f64>,
    pub(in super::super) outliers: Outliers,
    pub(in super::super) limits: (f64, f64),
}

wire_struct!(Input {
    kind,
    words,
    missing,
    invalid,
    valid,
    intervals,
    on_invalid,
    replacement,
    refuses_missing,
    if_missing,
    outliers,
    limits
});

impl Input {
    /// The value of feature number `feature` as the model uses it; NaN if it is missing.
    pub(super) fn value(&self, x: f64, feature: u32) -> Result<f64, Fault> {
        if x.is_nan() {
            return self.if_missing(feature);
        }
        let typed = match self.kind {
            Kind::Text => Some(self.word(x)),
            Kind::Boolean => Some(self.word(x)).filter(|&x| x >= 0.0),
            kind => kind.of(x),
        };
        let Some(x) = typed else { return self.if_invalid(None, feature) };
        if self.missing.contains(&x) {
            return self.if_missing(feature);
        }
        if !self.is_valid(x) {
            return self.if_invalid(Some(x), feature);
        }
        match self.outliers {
            Outliers::Missing if x < self.limits.0 || x > self.limits.1 => self.if_missing(feature),
            Outliers::Extreme => Ok(x.clamp(self.limits.0, self.limits.1)),
            _ => Ok(x),
        }
    }

    fn word(&self, category: f64) -> f64 {
        let is_index = category >= 0.0 && category.trunc() == category;
        let word = if is_index { self.words.get(category as usize) } else { None };
        word.map_or(-1.0, |&word| f64::from(word))
    }

    fn is_valid(&self, x: f64) -> bool {
        if self.invalid.contains(&x) {
            return false;
        }
        let is_free = self.valid.is_empty() && self.intervals.is_empty();
        is_free
            || self.valid.binary_search_by(|value| value.total_cmp(&x)).is_ok()
            || self.intervals.iter().any(|&(from, to)| from <= x && x < to)
    }

    fn if_missing(&self, feature: u32) -> Result<f64, Fault> {
        if self.refuses_missing { Err(Fault::Missing(feature)) } else { Ok(self.if_missing.unwrap_or(f64::NAN)) }
    }

    /// `x` is `None` if the value is none of its type, which cannot be kept.
    fn if_invalid(&self, x: Option<f64>, feature: u32) -> Result<f64, Fault> {
        match (self.on_invalid, x) {
            (Invalid::Keep, Some(x)) => Ok(x),
            (Invalid::Missing, _) => self.if_missing(feature),
            (Invalid::Replace, _) => Ok(self.replacement),
            (Invalid::Refuse | Invalid::Keep, _) => Err(Fault::Invalid(feature)),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let lists = [&self.missing, &self.invalid, &self.valid];
        let are_numbers = lists.iter().all(|list| list.iter().all(|x| x.is_finite()));
        let are_ascending = self.valid.windows(2).all(|pair| pair[0] < pair[1]);
        let others = [self.replacement, self.if_missing.unwrap_or_default(), self.limits.0, self.limits.1];
        let has_limits = self.outliers == Outliers::Keep || self.limits.0 <= self.limits.1;
        let are_ranges = self.intervals.iter().all(|(from, to)| from < to);
        if are_numbers && are_ascending && has_limits && are_ranges && others.iter().all(|x| x.is_finite()) {
            Ok(())
        } else {
            Err(Error::Corrupt("an input of a program contradicts itself"))
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let numbers = self.missing.capacity() + self.invalid.capacity() + self.valid.capacity();
        size_of::<Self>() + self.words.capacity() * 4 + numbers * 8 + self.intervals.capacity() * 16
    }
}
