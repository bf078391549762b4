//! Scorecards whose characteristics look at several fields or compute their points.

use super::expression::Expression;
use super::fault::Fault;
use super::graph::Graph;
use super::wire::{Reader, Wire, wire_struct};
use crate::{Error, Result};

/// What a value of a characteristic gives.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Attribute {
    pub(in super::super) points: Expression,
    pub(in super::super) code: Option<Box<str>>,
}

wire_struct!(Attribute { points, code });

/// A characteristic.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Characteristic {
    /// Decides which attribute counts: its index, NaN for none.
    pub(in super::super) choice: Graph,
    pub(in super::super) attributes: Vec<Attribute>,
    pub(in super::super) baseline: Option<f64>,
    /// The name in documents: of its only feature, or its own.
    pub(in super::super) name: Box<str>,
    /// The slot that holds the points.
    pub(in super::super) points: u32,
}

wire_struct!(Characteristic { choice, attributes, baseline, name, points });

/// A scorecard.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::score) struct Card {
    pub(in super::super) initial: f64,
    pub(in super::super) characteristics: Vec<Characteristic>,
    /// Whether points above the baseline give reasons, instead of points below.
    pub(in super::super) is_above: bool,
    pub(in crate::score) max_reasons: u32,
}

wire_struct!(Card { initial, characteristics, is_above, max_reasons });

/// A reason: the points that a characteristic lost against its baseline.
#[derive(Debug, Clone, Copy)]
pub(in crate::score) struct Reason<'a> {
    pub(in crate::score) code: &'a str,
    pub(in crate::score) name: &'a str,
    pub(in crate::score) points: f64,
}

impl Card {
    /// Writes the points of each characteristic, and the score to `result`.
    ///
    /// # Errors
    /// [`Fault::Nothing`] when no attribute of a characteristic applies, or its points are missing.
    pub(super) fn evaluate(&self, slots: &mut [f64], result: usize) -> Result<(), Fault> {
        let mut score = self.initial;
        for characteristic in &self.characteristics {
            let attribute = characteristic.attribute(slots).ok_or(Fault::Nothing)?;
            let points = attribute.points.value(slots)?;
            if points.is_nan() {
                return Err(Fault::Nothing);
            }
            slots[characteristic.points as usize] = points;
            score += points;
        }
        slots[result] = score;
        Ok(())
    }

    /// The reasons: most points first; equal points in the order of the characteristics. The slots are those after an
    /// evaluation.
    pub(in crate::score) fn reasons(&self, slots: &[f64]) -> Vec<Reason<'_>> {
        let mut reasons = Vec::new();
        if self.max_reasons == 0 {
            return reasons;
        }
        for characteristic in &self.characteristics {
            let (Some(baseline), Some(attribute)) = (characteristic.baseline, characteristic.attribute(slots)) else {
                continue;
            };
            let points = slots[characteristic.points as usize];
            let points = if self.is_above { points - baseline } else { baseline - points };
            if let Some(code) = &attribute.code
                && points > 0.0
            {
                reasons.push(Reason { code, name: &characteristic.name, points });
            }
        }
        reasons.sort_by(|a, b| b.points.total_cmp(&a.points));
        reasons.truncate(self.max_reasons as usize);
        reasons
    }

    /// The name and the points of each characteristic, after an evaluation.
    pub(in crate::score) fn points<'a>(&'a self, slots: &'a [f64]) -> impl Iterator<Item = (&'a str, f64)> {
        self.characteristics.iter().map(|one| (&*one.name, slots[one.points as usize]))
    }

    pub(super) fn check(&self, slots: u32) -> Result<()> {
        if !self.initial.is_finite() {
            return Err(Error::Corrupt("the scorecard of a program contradicts itself"));
        }
        for characteristic in &self.characteristics {
            characteristic.choice.check(slots)?;
            let attributes = characteristic.attributes.len();
            let is_index = |leaf: f64| leaf.is_nan() || leaf.fract() == 0.0 && (0.0..attributes as f64).contains(&leaf);
            if characteristic.points >= slots
                || !characteristic.choice.leaves().all(is_index)
                || characteristic.baseline.is_some_and(|baseline| !baseline.is_finite())
            {
                return Err(Error::Corrupt("the scorecard of a program contradicts itself"));
            }
            characteristic.attributes.iter().try_for_each(|attribute| attribute.points.check(slots))?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        let of =
            |a: &Attribute| size_of::<Attribute>() + a.points.bytes() + a.code.as_ref().map_or(0, |code| code.len());
        let one = |c: &Characteristic| {
            size_of::<Characteristic>() + c.choice.bytes() + c.name.len() + c.attributes.iter().map(of).sum::<usize>()
        };
        self.characteristics.iter().map(one).sum()
    }
}

impl Characteristic {
    fn attribute(&self, slots: &[f64]) -> Option<&Attribute> {
        let index = self.choice.decide(slots);
        if index.is_nan() { None } else { self.attributes.get(index as usize) }
    }
}
