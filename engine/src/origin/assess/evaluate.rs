//! A rule on a product: every condition is evaluated and traced, then what they say together, then the tolerance.

use super::leaf::Finding;
use super::product::Product;
use super::tolerance::{self, Tolerated};
use super::{Condition, Missing, Traced, and, or};
use crate::origin::agreement::{Agreement, Rule};
use crate::origin::expr::{Expr, Leaf};
use crate::{Progress, Result};

/// What was found of a rule, or of a part of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) truth: Option<bool>,
    /// What would have to be known for it to be certain.
    pub(super) missing: Missing,
    pub(super) doubt: Doubt,
}

/// What makes a certain outcome less sure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Doubt {
    /// A process was declared, or that it was not carried out.
    pub(super) process: bool,
    /// A share is within a point of its limit.
    pub(super) near: bool,
    /// The tolerance was used.
    pub(super) tolerance: bool,
    /// Nobody has checked how the text was read.
    pub(super) unverified: bool,
}

impl Doubt {
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            process: self.process || other.process,
            near: self.near || other.near,
            tolerance: self.tolerance || other.tolerance,
            unverified: self.unverified || other.unverified,
        }
    }

    fn count(self) -> u32 {
        [self.process, self.near, self.tolerance, self.unverified].map(u32::from).iter().sum()
    }

    pub(super) fn of_leaf(leaf: &Leaf, finding: &Finding) -> Self {
        Self { process: matches!(leaf, Leaf::Process(_)), near: finding.is_near, ..Self::default() }
    }

    fn less(self, other: Self) -> Self {
        if other.count() < self.count() { other } else { self }
    }
}

impl Outcome {
    /// What parts say together: `decides` is the truth of one part that settles the whole. What settles it is as
    /// sure as the surest part that does; else all parts are needed.
    fn together(parts: impl Iterator<Item = Self>, decides: bool) -> Self {
        let mut whole = Self { truth: Some(!decides), ..Self::default() };
        let mut surest: Option<Doubt> = None;
        for part in parts {
            whole.truth = if decides { or(whole.truth, part.truth) } else { and(whole.truth, part.truth) };
            match part.truth {
                None => whole.missing = whole.missing.and(part.missing),
                Some(truth) if truth == decides => {
                    surest = Some(surest.map_or(part.doubt, |doubt| doubt.less(part.doubt)));
                }
                Some(_) => whole.doubt = whole.doubt.with(part.doubt),
            }
        }
        match surest {
            Some(doubt) => Self { missing: Missing::NONE, doubt, ..whole },
            None => whole,
        }
    }

    fn any(parts: impl Iterator<Item = Self>) -> Self {
        Self::together(parts, true)
    }
}

/// Evaluates a rule and appends its trace.
///
/// # Errors
/// [`crate::Error::Cancelled`]
pub(super) fn evaluate<'a>(
    rule: &'a Rule,
    agreement: &'a Agreement,
    product: &Product<'_>,
    progress: &Progress,
    trace: &mut Vec<Traced<'a>>,
) -> Result<Outcome> {
    let start = trace.len();
    let mut walk = Walk { agreement, product, rule, progress, trace };
    let mut ways = Vec::with_capacity(rule.alternatives.len());
    for (place, way) in rule.alternatives.iter().enumerate() {
        let mut outcome = match &way.expr {
            Some(expr) => walk.expr(expr, place)?,
            None => walk.condition(Condition::Unread, place, Finding::unknown(Missing::READING)),
        };
        outcome.doubt.unverified = !way.verified;
        ways.push(outcome);
    }
    let outcome = Outcome::any(ways.into_iter());
    if outcome.truth == Some(true) {
        return Ok(outcome);
    }
    let outcome = match tolerance::apply(rule, agreement, product, &trace[start..], progress)? {
        None => outcome,
        Some(Tolerated { by_weight, outcome: tolerated, finding }) => {
            let condition = Condition::Tolerance { by_weight };
            trace.push(Traced { condition, of: Some((rule, 0)), finding });
            match tolerated.truth {
                // Nothing is tolerated: the rule fails for its own reasons and for this one.
                Some(false) => Outcome { doubt: outcome.doubt.with(tolerated.doubt), ..tolerated },
                _ => tolerated,
            }
        }
    };
    Ok(outcome)
}

struct Walk<'w, 'a, 'p> {
    agreement: &'a Agreement,
    product: &'w Product<'p>,
    rule: &'a Rule,
    progress: &'w Progress,
    trace: &'w mut Vec<Traced<'a>>,
}

impl<'a> Walk<'_, 'a, '_> {
    fn expr(&mut self, expr: &'a Expr, place: usize) -> Result<Outcome> {
        self.progress.check()?;
        match expr {
            Expr::Leaf(leaf) => Ok(self.condition(Condition::Leaf(leaf), place, leaf.find(self.product))),
            Expr::Ref(name) => match self.agreement.head.macros.get(name) {
                Some(expr) => self.expr(expr, place),
                None => Ok(Outcome { missing: Missing::READING, ..Outcome::default() }),
            },
            Expr::Any(parts) => self.parts(parts, place, true),
            Expr::All(parts) => self.parts(parts, place, false),
        }
    }

    fn parts(&mut self, parts: &'a [Expr], place: usize, decides: bool) -> Result<Outcome> {
        // All parts are evaluated, also behind one that settles the matter: the trace shows them.
        let outcomes: Result<Vec<_>> = parts.iter().map(|part| self.expr(part, place)).collect();
        Ok(Outcome::together(outcomes?.into_iter(), decides))
    }

    fn condition(&mut self, condition: Condition<'a>, place: usize, finding: Finding) -> Outcome {
        let doubt = match condition {
            Condition::Leaf(leaf) => Doubt::of_leaf(leaf, &finding),
            _ => Doubt::default(),
        };
        let outcome = Outcome { truth: finding.ok, missing: finding.missing, doubt };
        self.trace.push(Traced { condition, of: Some((self.rule, place)), finding });
        outcome
    }
}
