//! A *machine* is the part of a model that evaluates a row: a linear model, a scorecard, a forest, an ONNX graph or a
//! program. This file holds
//! what differs between them. A new machine is added here; the machines do not depend on this file.

use std::borrow::Cow;
use std::time::Duration;

use super::forest::{Forest, Task};
use super::glm::{Glm, Link, numbered};
use super::onnx::Onnx;
use super::pmml::Program;
use super::scorecard::Scorecard;

/// The part of a model that evaluates a row.
#[derive(Debug)]
pub(super) enum Machine {
    Glm(Glm),
    Scorecard(Scorecard),
    Forest(Box<Forest>),
    Onnx(Box<Onnx>),
    Program(Box<Program>),
}

/// The type of a model's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A number; with the margin if it differs from the number.
    Value { with_margin: bool },
    /// One of two classes.
    Binary,
    /// One of several classes.
    Multi,
    /// Points.
    Points,
    /// Several numbers, as of quantiles or targets; with their margins if they differ from the numbers.
    Outputs { with_margin: bool },
}

impl Machine {
    /// The type of the answer that this machine gives.
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Scorecard(_) => Answer::Points,
            Self::Glm(glm) => match glm.link {
                link if glm.outputs() > 1 && link != Link::Softmax => {
                    Answer::Outputs { with_margin: link != Link::Identity }
                }
                Link::Identity => Answer::Value { with_margin: false },
                Link::Softmax => Answer::Multi,
                link if link.is_binary() => Answer::Binary,
                _ => Answer::Value { with_margin: true },
            },
            Self::Forest(forest) => match forest.task() {
                Task::Value => Answer::Value { with_margin: !is_identity(forest) },
                Task::Binary => Answer::Binary,
                Task::Multi(_) => Answer::Multi,
                Task::Values(_) => Answer::Outputs { with_margin: !is_identity(forest) },
            },
            Self::Onnx(onnx) => match onnx.classes().len() {
                0 if onnx.outputs() > 1 => Answer::Outputs { with_margin: onnx.has_margins() },
                0 => Answer::Value { with_margin: onnx.has_margins() },
                2 => Answer::Binary,
                _ => Answer::Multi,
            },
            Self::Program(program) => match program.labels().len() {
                0 if program.card().is_some() => Answer::Points,
                0 => Answer::Value { with_margin: program.has_margin() },
                2 => Answer::Binary,
                _ => Answer::Multi,
            },
        }
    }

    /// Whether the answer of two classes has one margin, that of the second class.
    pub(super) fn has_one_margin(&self) -> bool {
        match self {
            Self::Glm(_) | Self::Forest(_) => true,
            Self::Scorecard(_) => false,
            Self::Onnx(onnx) => onnx.has_margins(),
            Self::Program(program) => program.margins() == 1,
        }
    }

    /// The first version of the byte form whose readers know everything that the machine has: 2, 3 or 4.
    pub(super) fn version(&self) -> u8 {
        let is_plain = match self {
            _ if matches!(self.answer(), Answer::Outputs { .. }) => return 4,
            Self::Glm(glm) => matches!(glm.link, Link::Identity | Link::Log | Link::Logit | Link::Softmax),
            Self::Forest(forest) => {
                return if forest.has_new_objective() { 4 } else { 3 - u8::from(forest.is_plain()) };
            }
            Self::Scorecard(_) => true,
            Self::Onnx(_) | Self::Program(_) => false,
        };
        3 - u8::from(is_plain)
    }

    /// The labels of the classes, or the names of several numbers; empty if the answer is neither.
    pub(super) fn labels(&self) -> Vec<Box<str>> {
        match self {
            Self::Scorecard(_) => Vec::new(),
            Self::Glm(glm) => glm.labels.clone(),
            Self::Forest(forest) => match forest.task() {
                Task::Value => Vec::new(),
                _ if !forest.labels().is_empty() => forest.labels().to_vec(),
                Task::Binary => numbered(2),
                Task::Multi(count) | Task::Values(count) => numbered(count),
            },
            Self::Onnx(onnx) if onnx.classes().is_empty() && onnx.outputs() > 1 => numbered(onnx.outputs()),
            Self::Onnx(onnx) => onnx.classes().to_vec(),
            Self::Program(program) => program.labels().to_vec(),
        }
    }

    /// The number of outputs of a row in a batch of numbers.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Glm(glm) => glm.outputs(),
            Self::Scorecard(_) => 1,
            Self::Forest(forest) => forest.outputs(),
            Self::Onnx(onnx) => onnx.outputs(),
            Self::Program(program) => program.outputs(),
        }
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Glm(glm) => glm.bytes(),
            Self::Scorecard(card) => card.bytes(),
            Self::Forest(forest) => forest.bytes(),
            Self::Onnx(onnx) => onnx.bytes(),
            Self::Program(program) => program.bytes(),
        }
    }

    /// Bytes of memory in use by what was made for a batch.
    pub(super) fn bytes_for_batches(&self) -> u64 {
        match self {
            Self::Forest(forest) => forest.bytes_of_ranks(),
            Self::Glm(_) | Self::Scorecard(_) | Self::Onnx(_) | Self::Program(_) => 0,
        }
    }

    /// The approximate time, in nanoseconds, for what the first batch of this number of rows makes.
    pub(super) fn cost_for_batches(&self, rows: usize) -> u64 {
        match self {
            Self::Forest(forest) => forest.cost_of_ranks(rows),
            Self::Glm(_) | Self::Scorecard(_) | Self::Onnx(_) | Self::Program(_) => 0,
        }
    }

    /// The number of records that are made when their frames are requested, since they would hold the model a second time.
    pub(super) fn records(&self) -> usize {
        match self {
            Self::Glm(_) | Self::Scorecard(_) | Self::Program(_) => 0,
            Self::Forest(forest) => forest.records(),
            Self::Onnx(onnx) => onnx.file().records(),
        }
    }

    /// The record with this index.
    pub(super) fn record(&self, index: usize) -> Cow<'_, [u8]> {
        match self {
            Self::Glm(_) | Self::Scorecard(_) | Self::Program(_) => Cow::Borrowed(&[]),
            Self::Forest(forest) => Cow::Owned(forest.record(index)),
            Self::Onnx(onnx) => Cow::Borrowed(onnx.file().record(index)),
        }
    }

    /// The approximate time for the SHAP values of one row.
    pub(super) fn shap_cost(&self) -> Duration {
        match self {
            Self::Forest(forest) => forest.shap_cost(),
            Self::Glm(_) | Self::Scorecard(_) | Self::Onnx(_) | Self::Program(_) => Duration::ZERO,
        }
    }

    /// The approximate time for one row: with its document, and in a batch of numbers, where the rows of a block share
    /// the memory accesses to the model.
    pub(super) fn costs(&self, features: usize) -> (Duration, Duration) {
        let features = features as u64;
        // A document of several numbers has contributions to each.
        let lists = if matches!(self.answer(), Answer::Outputs { .. }) { self.outputs() as u64 } else { 1 };
        let (outputs, alone, shared) = match self {
            Self::Glm(glm) => {
                let products = features * glm.outputs() as u64;
                (glm.outputs() as u64, products, products)
            }
            Self::Scorecard(card) => (1, 10 * card.attributes.len() as u64, 5 * card.attributes.len() as u64),
            // A single row passes each tree twice: for the margins and, more slowly, for the contributions.
            Self::Forest(forest) => (forest.outputs() as u64, 8 * forest.steps(), forest.steps()),
            Self::Onnx(onnx) => (onnx.outputs() as u64, onnx.cost(), onnx.cost()),
            Self::Program(program) => (program.outputs() as u64, program.cost(), program.cost()),
        };
        let alone = Duration::from_nanos(200 + 60 * features * lists + 30 * outputs + alone);
        (alone, Duration::from_nanos(features + 10 * outputs + shared))
    }
}

/// Whether a forest's score equals its margin. A few sample margins are enough to decide it.
fn is_identity(forest: &Forest) -> bool {
    [0.0, 1.0, -2.5].iter().all(|&margin| {
        let mut output = [0.0];
        forest.outputs_of(&[margin], &mut output);
        output == [margin]
    })
}
