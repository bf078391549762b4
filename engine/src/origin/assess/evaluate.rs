//! Evaluates a rule for a product: first every condition, with its trace, then their combination, then the tolerance.

use super::leaf::Finding;
use super::outcome::{Doubt, Outcome};
use super::product::Product;
use super::tolerance::{self, Tolerated};
use super::{Condition, Missing, Traced};
use crate::origin::agreement::{Agreement, Rule};
use crate::origin::expr::Expr;
use crate::{Progress, Result};

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
                // The tolerance is exceeded: the rule fails for its own reasons and for this one.
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
        // All parts are evaluated, also after a part that decides the result, because the trace shows all of them.
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
