//! A model of a file with its own derived fields and outputs; models of an ensemble are nested in it.
//!
//! Every model has slots of its own for its result, so the outputs of one model are inputs of another one without
//! copying. A slot that a row has not reached is missing.

mod mining;

pub(in super::super) use mining::{Combine, Mining, Segment};

use super::card::Card;
use super::expression::Expression;
use super::fault::Fault;
use super::linear::{Linear, Normal};
use super::rows::Rows;
use super::target::Target;
use super::trees::Trees;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::{Error, Result};

/// How a model computes its result.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Body {
    Linear(Linear),
    Trees(Trees),
    Card(Card),
    Mining(Mining),
}

wire_enum!(Body {
    0 = Linear(linear),
    1 = Trees(trees),
    2 = Card(card),
    3 = Mining(mining)
});

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Model {
    /// Fields and their slots, in the order in which they are computed.
    pub(in super::super) derived: Vec<(u32, Expression)>,
    pub(in super::super) body: Body,
    pub(in super::super) target: Option<Target>,
    /// The slot of the number, or of the index of the class, which is followed by the probability of each class.
    pub(in super::super) result: u32,
    /// 0 if the result is a number.
    pub(in super::super) classes: u32,
    /// Output fields that others use, and their slots.
    pub(in super::super) outputs: Vec<(u32, Expression)>,
}

wire_struct!(Model { derived, body, target, result, classes, outputs });

impl Model {
    /// Computes the result and the outputs. Without a result, the slot of the result is missing.
    pub(super) fn evaluate(&self, slots: &mut [f64]) -> Result<(), Fault> {
        compute(&self.derived, slots)?;
        let (result, classes, start) = self.places();
        let named = match &self.body {
            Body::Linear(linear) => {
                linear.evaluate(slots, start);
                None
            }
            Body::Trees(trees) => trees.evaluate(slots, start),
            Body::Card(card) => {
                card.evaluate(slots, start)?;
                None
            }
            Body::Mining(mining) => mining.evaluate(slots, result, classes)?,
        };
        self.conclude(named, slots)
    }

    /// As [`Model::evaluate`] for each of several rows.
    ///
    /// # Errors
    /// The fault of some row; another row may have one, too.
    pub(super) fn evaluate_rows(&self, rows: &mut Rows<'_>) -> Result<(), Fault> {
        let (_, classes, start) = self.places();
        match &self.body {
            Body::Trees(trees) if trees.joins_rows() => {
                rows.each().try_for_each(|slots| compute(&self.derived, slots))?;
                let named = trees.evaluate_rows(rows, start);
                rows.each().zip(named).try_for_each(|(slots, named)| self.conclude(named, slots))
            }
            Body::Mining(mining) if mining.is_plain_chain() => {
                rows.each().try_for_each(|slots| {
                    compute(&self.derived, slots)?;
                    Mining::clear(slots, start, classes);
                    Ok(())
                })?;
                mining.segments.iter().try_for_each(|segment| segment.model.evaluate_rows(rows))?;
                rows.each().try_for_each(|slots| self.conclude(mining.last(slots, start, classes), slots))
            }
            _ => rows.each().try_for_each(|slots| self.evaluate(slots)),
        }
    }

    /// The slot of the result, the number of classes, and the slot of the number or of the first probability.
    fn places(&self) -> (usize, usize, usize) {
        let result = self.result as usize;
        if self.classes == 0 { (result, 0, result) } else { (result, self.classes as usize, result + 1) }
    }

    /// Finds the class, or finishes the number, and computes the outputs.
    fn conclude(&self, named: Option<usize>, slots: &mut [f64]) -> Result<(), Fault> {
        let (result, classes, start) = self.places();
        if classes > 0 {
            let probabilities = &slots[start..start + classes];
            let has_all = probabilities.iter().all(|p| !p.is_nan());
            let class = named.unwrap_or_else(|| most_probable(probabilities));
            slots[result] = if has_all { class as f64 } else { f64::NAN };
        } else if let Some(target) = &self.target {
            slots[result] = target.of(slots[result]);
        }
        // Outputs of a model without a result are missing, where they do not say otherwise.
        compute(&self.outputs, slots)
    }

    /// Whether the result is the probability of the first of two classes and the rest, directly or by the last model of a
    /// chain.
    pub(in super::super) fn is_binary_linear(&self) -> bool {
        match &self.body {
            Body::Linear(linear) => matches!(linear.normal, Normal::Binary(_)),
            Body::Mining(Mining { combine: Combine::Chain, segments, .. }) => {
                segments.last().is_some_and(|segment| segment.model.is_binary_linear())
            }
            _ => false,
        }
    }

    /// The number of slots of the result.
    fn width(&self) -> u32 {
        if self.classes == 0 { 1 } else { 1 + self.classes }
    }

    pub(super) fn check(&self, slots: u32, features: u32) -> Result<()> {
        if self.classes > crate::score::MAX_CLASSES as u32
            || self.result.checked_add(self.width()).is_none_or(|end| end > slots)
        {
            return Err(Error::Corrupt("the result of a program has no slot"));
        }
        let classes = match &self.body {
            Body::Linear(linear) => {
                linear.check(slots, features)?;
                linear.classes() as u32
            }
            Body::Trees(trees) => {
                trees.check(slots)?;
                trees.classes
            }
            Body::Card(card) => {
                card.check(slots)?;
                0
            }
            Body::Mining(mining) => {
                mining.check(slots, features, self.classes)?;
                self.classes
            }
        };
        self.target.iter().try_for_each(Target::check)?;
        for (slot, expression) in self.derived.iter().chain(&self.outputs) {
            expression.check(slots)?;
            if *slot >= slots {
                return Err(Error::Corrupt("a field of a program has no slot"));
            }
        }
        if classes == self.classes {
            Ok(())
        } else {
            Err(Error::Corrupt("the classes of a program do not fit together"))
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let fields: usize = self.derived.iter().chain(&self.outputs).map(|(_, field)| 8 + field.bytes()).sum();
        size_of::<Self>()
            + fields
            + match &self.body {
                Body::Linear(linear) => linear.bytes(),
                Body::Trees(trees) => trees.bytes(),
                Body::Card(card) => card.bytes(),
                Body::Mining(mining) => mining.bytes(),
            }
    }

    /// Calls `each` with every graph of trees.
    pub(super) fn trees<'a>(&'a self, each: &mut impl FnMut(&'a Trees)) {
        match &self.body {
            Body::Trees(trees) => each(trees),
            Body::Mining(mining) => mining.segments.iter().for_each(|segment| segment.model.trees(each)),
            Body::Linear(_) | Body::Card(_) => {}
        }
    }
}

/// Computes fields in order.
pub(super) fn compute(fields: &[(u32, Expression)], slots: &mut [f64]) -> Result<(), Fault> {
    for (slot, expression) in fields {
        slots[*slot as usize] = expression.value(slots)?;
    }
    Ok(())
}

/// The first of the most probable classes.
pub(super) fn most_probable(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (i, &probability) in probabilities.iter().enumerate() {
        if probability > probabilities[best] {
            best = i;
        }
    }
    best
}
