//! Sums of terms, one for each table, and what is made of them: regressions and generalised linear models.

use super::inverse::Inverse;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::{Error, Result};

/// Mark of a term that does not depend on exactly one feature.
pub(in super::super) const NO_FEATURE: u32 = u32::MAX;

/// What is made of the sums of the tables.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Normal {
    /// One number.
    Value(Inverse),
    /// Two classes: the probability of the first, and the rest.
    Binary(Inverse),
    /// `exp` of each sum divided by their total.
    Softmax,
    /// Each sum divided by their total.
    Simplemax,
    /// The sums, and 1 minus their total for the last class.
    Rest(Inverse),
    /// Cumulative probabilities of ordered classes; the last table is not used.
    Ordinal(Inverse),
}

wire_enum!(Normal {
    0 = Value(inverse),
    1 = Binary(inverse),
    2 = Softmax,
    3 = Simplemax,
    4 = Rest(inverse),
    5 = Ordinal(inverse)
});

/// A factor of a term.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Factor {
    /// The number of a slot.
    Number(u32),
    /// A power of the number of a slot.
    Power(u32, f64),
    /// 1 if the slot has this value, else 0, also if it is missing.
    Equals(u32, f64),
    /// 1 if the slot has this value, else 0; missing if it is missing.
    Level(u32, f64),
}

wire_enum!(Factor {
    0 = Number(slot),
    1 = Power(slot, exponent),
    2 = Equals(slot, value),
    3 = Level(slot, value)
});

impl Factor {
    pub(in super::super) fn slot(&self) -> u32 {
        match *self {
            Self::Number(slot) | Self::Power(slot, _) | Self::Equals(slot, _) | Self::Level(slot, _) => slot,
        }
    }

    fn value(&self, slots: &[f64]) -> f64 {
        let x = slots[self.slot() as usize];
        match *self {
            Self::Number(_) => x,
            Self::Power(_, exponent) => x.powf(exponent) + x * 0.0,
            Self::Level(..) if x.is_nan() => x,
            Self::Equals(_, value) | Self::Level(_, value) => f64::from(u8::from(x == value)),
        }
    }
}

/// A coefficient and its factors.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Term {
    pub(in super::super) coefficient: f64,
    pub(in super::super) factors: Vec<Factor>,
    /// The feature that the contribution belongs to, or [`NO_FEATURE`].
    pub(in super::super) feature: u32,
}

wire_struct!(Term { coefficient, factors, feature });

impl Term {
    fn value(&self, slots: &[f64]) -> f64 {
        match &self.factors[..] {
            [one] => self.coefficient * one.value(slots),
            factors => self.coefficient * factors.iter().map(|factor| factor.value(slots)).product::<f64>(),
        }
    }
}

/// A sum of terms.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Table {
    pub(in super::super) intercept: f64,
    pub(in super::super) terms: Vec<Term>,
}

wire_struct!(Table { intercept, terms });

/// A linear model.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Linear {
    pub(in super::super) tables: Vec<Table>,
    pub(in super::super) normal: Normal,
    /// The first of the slots that hold the sums, one for each table.
    pub(in super::super) sums: u32,
}

wire_struct!(Linear { tables, normal, sums });

impl Linear {
    /// The number of classes; 0 if the result is a number.
    pub(super) fn classes(&self) -> usize {
        match self.normal {
            Normal::Value(_) => 0,
            Normal::Binary(_) => 2,
            _ => self.tables.len(),
        }
    }

    /// Writes the sums, and the number or the probabilities from `result` on. NaN is no result.
    pub(super) fn evaluate(&self, slots: &mut [f64], result: usize) {
        let sums = self.sums as usize;
        for (i, table) in self.tables.iter().enumerate() {
            let sum = table.terms.iter().fold(table.intercept, |sum, term| sum + term.value(slots));
            slots[sums + i] = sum;
        }
        match &self.normal {
            Normal::Value(inverse) => slots[result] = inverse.of(slots[sums]),
            Normal::Binary(inverse) => {
                let first = inverse.of(slots[sums]);
                slots[result] = first;
                slots[result + 1] = 1.0 - first;
            }
            normal => {
                // Sums and probabilities have places of their own, so one is read while the other is written.
                let n = self.tables.len();
                match normal {
                    Normal::Softmax => {
                        let most = slots[sums..sums + n].iter().copied().fold(f64::NEG_INFINITY, f64::max);
                        (0..n).for_each(|i| slots[result + i] = (slots[sums + i] - most).exp());
                        divide(&mut slots[result..result + n]);
                    }
                    Normal::Simplemax => {
                        slots.copy_within(sums..sums + n, result);
                        divide(&mut slots[result..result + n]);
                    }
                    Normal::Ordinal(inverse) => {
                        let mut below = 0.0;
                        for i in 0..n {
                            let up_to = if i + 1 == n { 1.0 } else { inverse.of(slots[sums + i]) };
                            slots[result + i] = up_to - below;
                            below = up_to;
                        }
                    }
                    Normal::Rest(inverse) => {
                        let mut rest = 1.0;
                        for i in 0..n - 1 {
                            slots[result + i] = inverse.of(slots[sums + i]);
                            rest -= slots[result + i];
                        }
                        slots[result + n - 1] = rest;
                    }
                    Normal::Value(_) | Normal::Binary(_) => {}
                }
            }
        }
    }

    /// Adds the contribution of each feature to the sum of a table.
    pub(super) fn contributions(&self, slots: &[f64], table: usize, out: &mut [f64]) {
        for term in self.tables.get(table).iter().flat_map(|table| &table.terms) {
            if let Some(out) = out.get_mut(term.feature as usize) {
                *out += term.value(slots);
            }
        }
    }

    /// Whether every term belongs to one feature.
    pub(in super::super) fn is_explained(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.terms).all(|term| term.feature != NO_FEATURE)
    }

    pub(super) fn check(&self, slots: u32, features: u32) -> Result<()> {
        let is_right = |term: &Term| {
            term.coefficient.is_finite()
                && (term.feature == NO_FEATURE || term.feature < features)
                && term.factors.iter().all(|factor| factor.slot() < slots)
        };
        let are_right = |table: &Table| table.intercept.is_finite() && table.terms.iter().all(is_right);
        let tables = self.tables.len();
        let fits = match self.normal {
            Normal::Value(_) => tables == 1,
            Normal::Binary(_) => tables == 1,
            _ => tables >= 2,
        };
        let has_room = self.sums.checked_add(tables as u32).is_some_and(|end| end <= slots);
        if fits && has_room && self.tables.iter().all(are_right) {
            Ok(())
        } else {
            Err(Error::Corrupt("a linear model of a program contradicts itself"))
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let of = |term: &Term| size_of::<Term>() + term.factors.capacity() * size_of::<Factor>();
        self.tables.iter().map(|table| size_of::<Table>() + table.terms.iter().map(of).sum::<usize>()).sum()
    }
}

/// Divides numbers by their sum.
fn divide(numbers: &mut [f64]) {
    let sum: f64 = numbers.iter().sum();
    numbers.iter_mut().for_each(|number| *number /= sum);
}
