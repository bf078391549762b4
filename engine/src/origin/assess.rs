//! The verdict on a product: the agreement, the rules, whether they are met, and how certain the result is.

mod choose;
mod evaluate;
mod leaf;
mod missing;
mod outcome;
mod product;
mod tolerance;
mod verdict;

pub(super) use self::choose::{Chosen, choose_agreement, choose_rules};
pub(super) use self::leaf::Finding;
pub(super) use self::missing::Missing;
pub(super) use self::product::Product;
pub(super) use self::verdict::assess;
use super::agreement::Rule;
use super::expr::Leaf;
use crate::origin::hs::Hs;

/// Maximum number of conditions in a trace.
pub(super) const MAX_TRACED: usize = 2_000;

/// The result of an assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Qualified,
    NotQualified,
    Insufficient,
}

impl Verdict {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Qualified => "qualified",
            Self::NotQualified => "not_qualified",
            Self::Insufficient => "insufficient_information",
        }
    }

    const fn of(truth: Option<bool>) -> Self {
        match truth {
            Some(true) => Self::Qualified,
            Some(false) => Self::NotQualified,
            None => Self::Insufficient,
        }
    }
}

/// A condition and its result.
#[derive(Debug)]
pub(super) struct Traced<'a> {
    pub(super) condition: Condition<'a>,
    /// The rule and the index of its alternative, if the condition belongs to a rule.
    pub(super) of: Option<(&'a Rule, usize)>,
    pub(super) finding: Finding,
}

/// A condition.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition<'a> {
    /// A condition of a rule's expression.
    Leaf(&'a Leaf),
    /// An alternative without an expression.
    Unread,
    /// The tolerance for materials that fail.
    Tolerance { by_weight: bool },
    /// A condition that every agreement has, by its name.
    General(&'static str),
}

/// An assessment, before it is written.
#[derive(Debug)]
pub(super) struct Assessment<'a> {
    pub(super) verdict: Verdict,
    pub(super) confidence: f64,
    pub(super) reasons: Vec<&'static str>,
    pub(super) missing: Missing,
    pub(super) trace: Vec<Traced<'a>>,
    pub(super) cited: Vec<&'a Rule>,
    pub(super) candidates: Vec<(&'a Rule, Verdict)>,
}

/// Conjunction in three-valued logic: false dominates unknown, unknown dominates true.
pub(super) fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Disjunction in three-valued logic: true dominates unknown, unknown dominates false.
pub(super) fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// A good with its origin and its destination.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) hs: Hs,
    pub(super) origin: Box<str>,
    pub(super) destination: Box<str>,
}
