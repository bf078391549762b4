//! A program: what a PMML file computes, as operations over slots.
//!
//! A slot holds the value of a feature, of a derived field, of a sum or of a result; NaN is a missing value. The compiler
//! gives every field its slot and resolves all texts to the numbers of words, so a row is evaluated with numbers only.
//! What could not be evaluated exactly was refused when the file was compiled.

mod card;
mod codec;
mod cost;
mod expression;
mod fault;
mod flat;
mod function;
mod graph;
mod input;
mod inverse;
mod kind;
mod linear;
mod model;
mod rows;
mod target;
mod trees;
mod wire;

pub(in crate::score) use card::Card;
pub(in crate::score) use codec::ProgramDecoder;
pub(in crate::score) use fault::Fault;

pub(super) use card::{Attribute, Characteristic};
pub(super) use expression::{Apply, Beyond, Expression, Piecewise};
pub(super) use flat::Flattened;
pub(super) use function::Function;
pub(super) use graph::{Graph, Node};
pub(super) use input::{Input, Invalid, Outliers};
pub(super) use inverse::{Form, Inverse};
pub(super) use kind::Kind;
pub(super) use linear::{Factor, Linear, NO_FEATURE, Normal, Table, Term};
pub(super) use model::{Body, Combine, Mining, Model, Segment};
pub(super) use target::{Cast, Target};
pub(super) use trees::{Method, Trees};

use rows::Rows;
use wire::{Reader, Wire, wire_struct};

use std::time::Duration;

use super::super::{MAX_CLASSES, MAX_FEATURES, MAX_NAME};
use crate::{Error, Progress, Result};

/// Maximum number of slots.
pub(super) const MAX_SLOTS: u32 = 1 << 20;

/// The most rows of a block, and slots of all its rows: they stay in the cache while a tree is evaluated.
const BLOCK: usize = 128;
const BLOCK_SLOTS: usize = 1 << 14;
/// The most nanoseconds between two checks for cancellation, estimated.
const BLOCK_COST: u128 = 50_000_000;

/// A compiled file; immutable.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::score) struct Program {
    /// One for each feature; their slots come first.
    pub(super) inputs: Vec<Input>,
    pub(super) slots: u32,
    /// Fields of the file, before those of its model.
    pub(super) derived: Vec<(u32, Expression)>,
    pub(super) model: Model,
    /// The slot of the score, if it is an output field of the model instead of its result.
    pub(super) score: Option<u32>,
    /// The label of each class, in the order of documents.
    pub(super) labels: Vec<Box<str>>,
    /// For each label the class of the model.
    pub(super) order: Vec<u32>,
}

wire_struct!(Program { inputs, slots, derived, model, score, labels, order });

impl Program {
    /// Evaluates a row, which has one number for each feature. Afterwards `slots` holds all values, `margins` the sums of
    /// the last linear model, if there is one, and `outputs` the score, the probability of the second of two classes or
    /// that of each class. Returns the index of the predicted label.
    ///
    /// # Errors
    /// The reason why the row has no result.
    pub(in crate::score) fn evaluate(
        &self,
        row: &[f64],
        slots: &mut Vec<f64>,
        margins: &mut Vec<f64>,
        outputs: &mut [f64],
    ) -> Result<usize, Fault> {
        slots.clear();
        slots.resize(self.slots as usize, f64::NAN);
        self.fill(row, slots)?;
        self.model.evaluate(slots)?;
        self.answer(slots, margins, outputs)
    }

    /// Writes the outputs of several rows, which take about `cost` each, with the same bits as [`Program::evaluate`], and keeps
    /// the first margin of each. Returns false if a row may have no
    /// result: then `out` has no meaning, and rows must be evaluated one by one to find it.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(in crate::score) fn evaluate_rows(
        &self,
        rows: &[f64],
        slots: &mut Vec<f64>,
        (margins, kept): (&mut Vec<f64>, &mut Vec<f64>),
        out: &mut [f64],
        (cost, progress): (Duration, &Progress),
    ) -> Result<bool> {
        let (width, features, outputs) = (self.slots as usize, self.inputs.len(), self.outputs());
        let of_cost = usize::try_from(BLOCK_COST / cost.as_nanos().max(1)).unwrap_or(BLOCK);
        let per_block = (BLOCK_SLOTS / width).min(of_cost).clamp(1, BLOCK);
        for (rows, out) in rows.chunks(per_block * features).zip(out.chunks_mut(per_block * outputs)) {
            progress.check()?;
            slots.clear();
            slots.resize(rows.len() / features * width, f64::NAN);
            let mut filled = rows.chunks_exact(features).zip(slots.chunks_exact_mut(width));
            if filled.any(|(row, slots)| self.fill(row, slots).is_err())
                || self.model.evaluate_rows(&mut Rows::new(slots, width)).is_err()
            {
                return Ok(false);
            }
            for (slots, out) in slots.chunks_exact(width).zip(out.chunks_exact_mut(outputs)) {
                let is_answered = self.answer(slots, margins, out).is_ok();
                if !is_answered || !margins.iter().all(|margin| margin.is_finite()) {
                    return Ok(false);
                }
                kept.extend(margins.first());
            }
        }
        Ok(true)
    }

    /// Fills the inputs with a row and computes the fields before the model.
    fn fill(&self, row: &[f64], slots: &mut [f64]) -> Result<(), Fault> {
        for (feature, ((slot, input), &x)) in slots.iter_mut().zip(&self.inputs).zip(row).enumerate() {
            *slot = input.value(x, feature as u32)?;
        }
        model::compute(&self.derived, slots)
    }

    /// Writes the margins and the outputs of an evaluated row. Returns the index of the predicted label.
    fn answer(&self, slots: &[f64], margins: &mut Vec<f64>, outputs: &mut [f64]) -> Result<usize, Fault> {
        let result = self.model.result as usize;
        if slots[result].is_nan() {
            return Err(Fault::Nothing);
        }
        margins.clear();
        if let Some(linear) = self.last_linear() {
            let sums = linear.sums as usize;
            margins.extend_from_slice(&slots[sums..sums + linear.tables.len()]);
            if margins.len() > 1 {
                // In the order of the labels, as the probabilities are.
                let sums: Vec<f64> = self.order.iter().map(|&class| margins[class as usize]).collect();
                margins.copy_from_slice(&sums);
            }
        }
        if self.labels.is_empty() {
            outputs[0] = slots[self.score.map_or(result, |slot| slot as usize)];
            return if outputs[0].is_nan() { Err(Fault::Nothing) } else { Ok(0) };
        }
        let class = slots[result] as u32;
        let probability = |class: u32| slots[result + 1 + class as usize];
        match &self.order[..] {
            [_, second] => outputs[0] = probability(*second),
            order => outputs.iter_mut().zip(order).for_each(|(out, &class)| *out = probability(class)),
        }
        Ok(self.order.iter().position(|&one| one == class).unwrap_or_default())
    }

    /// The linear model whose sums are the margins: that of the file, or the last one of a chain.
    fn last_linear(&self) -> Option<&Linear> {
        let mut model = &self.model;
        loop {
            match &model.body {
                Body::Linear(linear) => return (!self.is_identity(linear)).then_some(linear),
                Body::Mining(Mining { combine: Combine::Chain, segments, .. }) => model = &segments.last()?.model,
                _ => return None,
            }
        }
    }

    /// Whether the score of a linear model is its sum.
    fn is_identity(&self, linear: &Linear) -> bool {
        linear.normal == Normal::Value(Inverse::plain(Form::Identity)) && self.model.target.is_none()
    }

    /// Whether documents have contributions: for linear models whose terms depend on one feature each.
    pub(in crate::score) fn is_explained(&self) -> bool {
        // The log-odds of two classes are the difference of two sums with these.
        let is_difference = |linear: &Linear| {
            self.labels.len() == 2
                && linear.tables.len() == 2
                && matches!(linear.normal, Normal::Softmax | Normal::Simplemax)
        };
        matches!(&self.model.body, Body::Linear(linear) if linear.is_explained() && !is_difference(linear))
    }

    /// The contribution of each feature to the sum that explains the label `class`.
    pub(in crate::score) fn contributions(&self, slots: &[f64], class: usize, out: &mut [f64]) {
        if let Body::Linear(linear) = &self.model.body {
            // The score of two classes is the probability of the second one.
            let class = if self.labels.len() == 2 { 1 } else { class };
            let table = if linear.tables.len() == 1 { 0 } else { self.order.get(class).map_or(0, |&k| k as usize) };
            linear.contributions(slots, table, out);
        }
    }

    /// The scorecard, if the file is one.
    pub(in crate::score) fn card(&self) -> Option<&Card> {
        if let Body::Card(card) = &self.model.body { Some(card) } else { None }
    }

    /// The labels of the classes; empty if the score is a number.
    pub(in crate::score) fn labels(&self) -> &[Box<str>] {
        &self.labels
    }

    /// The number of outputs of a row in a batch.
    pub(in crate::score) fn outputs(&self) -> usize {
        if self.labels.len() > 2 { self.labels.len() } else { 1 }
    }

    /// The number of margins: one, or one for each class.
    pub(in crate::score) fn margins(&self) -> usize {
        self.last_linear().map_or(0, |linear| linear.tables.len())
    }

    /// Whether documents have a margin.
    pub(in crate::score) fn has_margin(&self) -> bool {
        self.last_linear().is_some()
    }

    /// The number of trees.
    pub(in crate::score) fn trees(&self) -> usize {
        let mut count = 0;
        self.model.trees(&mut |trees| count += trees.roots.len());
        count
    }

    /// The thresholds that trees compare each feature with, sorted; neighbouring numbers count once, because a comparison
    /// for equality has two.
    pub(in crate::score) fn thresholds(&self) -> Vec<(usize, Vec<f64>)> {
        let mut of_feature: Vec<Vec<f64>> = vec![Vec::new(); self.inputs.len()];
        self.model.trees(&mut |trees| {
            for (at, node) in trees.graph.nodes.iter().enumerate() {
                if node.next[0] as usize != at
                    && let Some(found) = of_feature.get_mut(node.slot as usize)
                    && node.threshold.is_finite()
                {
                    found.push(node.threshold);
                }
            }
        });
        for found in &mut of_feature {
            found.sort_unstable_by(f64::total_cmp);
            found.dedup_by(|b, a| *b <= a.next_up());
        }
        of_feature.into_iter().enumerate().filter(|(_, found)| !found.is_empty()).collect()
    }

    /// Bytes of memory in use.
    pub(in crate::score) fn bytes(&self) -> u64 {
        let names = |names: &[Box<str>]| names.iter().map(|name| name.len() + size_of::<Box<str>>()).sum::<usize>();
        let inputs: usize = self.inputs.iter().map(Input::bytes).sum();
        let fields: usize = self.derived.iter().map(|(_, field)| 8 + field.bytes()).sum();
        (size_of::<Self>() + inputs + fields + self.model.bytes() + names(&self.labels)) as u64
    }

    /// Checks that the parts fit together, for files and for stored data alike.
    pub(super) fn check(&self) -> Result<()> {
        let features = self.inputs.len();
        let wrong = Err(Error::Corrupt("a program contradicts itself"));
        if features == 0 || features > MAX_FEATURES || self.slots > MAX_SLOTS || features > self.slots as usize {
            return wrong;
        }
        self.inputs.iter().try_for_each(Input::check)?;
        for (slot, expression) in &self.derived {
            expression.check(self.slots)?;
            if *slot >= self.slots {
                return wrong;
            }
        }
        self.model.check(self.slots, features as u32)?;
        let mut order = self.order.clone();
        order.sort_unstable();
        let is_order = order.iter().enumerate().all(|(i, &class)| i == class as usize);
        let classes = self.model.classes as usize;
        let mut sorted: Vec<&str> = self.labels.iter().map(|label| &**label).collect();
        sorted.sort_unstable();
        let labels_are_right = sorted.iter().all(|label| !label.is_empty() && label.len() <= MAX_NAME)
            && sorted.windows(2).all(|pair| pair[0] != pair[1]);
        if self.labels.len() != classes
            || self.order.len() != classes
            || !is_order
            || classes == 1
            || classes > MAX_CLASSES
            || !labels_are_right
            || self.score.is_some_and(|slot| slot >= self.slots || classes > 0)
        {
            return wrong;
        }
        match self.last_linear() {
            Some(linear) if linear.tables.len() > 1 && linear.tables.len() != classes => wrong,
            _ => Ok(()),
        }
    }
}
