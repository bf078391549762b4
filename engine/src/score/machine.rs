//! The machines that evaluate a row, and what differs between them. A new machine is added here; the machines do not
//! depend on this file.

use std::time::Duration;

use super::forest::{Forest, Task};
use super::glm::{Glm, Link, numbered};
use super::scorecard::Scorecard;

/// What evaluates a row.
#[derive(Debug)]
pub(super) enum Machine {
    Glm(Glm),
    Scorecard(Scorecard),
    Forest(Forest),
}

/// What a model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A number; with the margin when that is another one.
    Value { with_margin: bool },
    /// One of two classes.
    Binary,
    /// One of several classes.
    Multi,
    /// Points.
    Points,
}

impl Machine {
    /// What a model of this machine answers.
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Scorecard(_) => Answer::Points,
            Self::Glm(glm) => match glm.link {
                Link::Identity => Answer::Value { with_margin: false },
                Link::Log => Answer::Value { with_margin: true },
                Link::Logit => Answer::Binary,
                Link::Softmax => Answer::Multi,
            },
            Self::Forest(forest) => match forest.task() {
                Task::Value => Answer::Value { with_margin: !is_identity(forest) },
                Task::Binary => Answer::Binary,
                Task::Multi(_) => Answer::Multi,
            },
        }
    }

    /// The labels of the classes; none where the answer is no class.
    pub(super) fn classes(&self) -> Vec<Box<str>> {
        match self {
            Self::Scorecard(_) => Vec::new(),
            Self::Glm(glm) => glm.labels.clone(),
            Self::Forest(forest) => match forest.task() {
                Task::Value => Vec::new(),
                Task::Binary => numbered(2),
                Task::Multi(classes) => numbered(classes),
            },
        }
    }

    /// How many numbers a row gives in a batch of numbers.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Glm(glm) => glm.outputs(),
            Self::Scorecard(_) => 1,
            Self::Forest(forest) => forest.outputs(),
        }
    }

    /// Bytes of memory held.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Glm(glm) => glm.bytes(),
            Self::Scorecard(card) => card.bytes(),
            Self::Forest(forest) => forest.bytes(),
        }
    }

    /// About how long one row takes: with its document, and in a batch of numbers, where rows share every look at the
    /// model.
    pub(super) fn costs(&self, features: usize) -> (Duration, Duration) {
        let features = features as u64;
        let (outputs, alone, shared) = match self {
            Self::Glm(glm) => {
                let products = features * glm.outputs() as u64;
                (glm.outputs() as u64, products, products)
            }
            Self::Scorecard(card) => (1, 10 * card.attributes.len() as u64, 5 * card.attributes.len() as u64),
            // Alone it goes twice down each tree: for the margins, and, more slowly, for the contributions.
            Self::Forest(forest) => (forest.outputs() as u64, 8 * forest.steps(), forest.steps()),
        };
        let alone = Duration::from_nanos(200 + 60 * features + 30 * outputs + alone);
        (alone, Duration::from_nanos(features + 10 * outputs + shared))
    }
}

/// Whether the margin of a forest is its score, which a few numbers tell.
fn is_identity(forest: &Forest) -> bool {
    [0.0, 1.0, -2.5].iter().all(|&margin| {
        let mut output = [0.0];
        forest.outputs_of(&[margin], &mut output);
        output == [margin]
    })
}
