//! The tolerance: materials that fail a change of classification, or that would have to be wholly obtained and are not,
//! may pass up to a share of the product. The tolerance never raises a limit of value or weight, and it does not apply
//! to a product that itself must be wholly obtained.
//!
//! Each way to meet a rule that fails only because of such materials is an option, with its own set of materials. A
//! rule has few options. If it has more than [`MAX_OPTIONS`], the options beyond are not evaluated, and the result is
//! unknown unless one of the evaluated options is met.

use std::collections::BTreeSet;

use super::leaf::Finding;
use super::outcome::{Doubt, Outcome};
use super::product::{Input, Product};
use super::{Condition, Missing, Traced, and, or};
use crate::origin::agreement::{Agreement, Rule, Tolerance};
use crate::origin::decimal::Decimal;
use crate::origin::expr::{Expr, Leaf};
use crate::{Progress, Result};

/// Maximum number of options that are evaluated.
const MAX_OPTIONS: usize = 128;

/// The result of the tolerance.
pub(super) struct Tolerated {
    pub(super) by_weight: bool,
    /// The result of the rule with the tolerance.
    pub(super) outcome: Outcome,
    /// The share of the best option.
    pub(super) finding: Finding,
}

/// A way to meet the rule if the tolerance lets some materials pass.
#[derive(Debug, Clone, Default)]
struct Way {
    outcome: Outcome,
    /// The indices of these materials.
    passed: BTreeSet<u32>,
    /// Materials that may have to pass too: their codes are too short to decide. If the tolerance is enough for all of
    /// them, their codes are not needed.
    open: BTreeSet<u32>,
}

impl Way {
    fn is_clear(&self) -> bool {
        self.passed.is_empty() && self.open.is_empty()
    }
}

#[derive(Debug, Default)]
struct Ways {
    ways: Vec<Way>,
    /// Whether there are more ways than were evaluated.
    is_truncated: bool,
}

/// Applies the tolerance to a rule that is not met; `traced` are the conditions of the rule in their order. `None` if
/// the tolerance applies to no material.
///
/// # Errors
/// [`crate::Error::Cancelled`]
pub(super) fn apply(
    rule: &Rule,
    agreement: &Agreement,
    product: &Product<'_>,
    traced: &[Traced<'_>],
    progress: &Progress,
) -> Result<Option<Tolerated>> {
    let measure = agreement.head.tolerance.as_ref().and_then(|tolerance| Measure::new(tolerance, product));
    let Some(measure) = measure else { return Ok(None) };
    let mut findings = traced.iter();
    let mut all = Ways::default();
    for way in &rule.alternatives {
        let mut ways = match &way.expr {
            Some(expr) => ways(expr, agreement, &mut findings, progress)?,
            None => {
                findings.next();
                Ways::one(Way { outcome: unread(), ..Way::default() })
            }
        };
        for option in &mut ways.ways {
            option.outcome.doubt.unverified = !way.verified;
        }
        all.add(ways);
    }
    if all.ways.iter().all(Way::is_clear) {
        return Ok(None);
    }
    let mut best: Option<(u8, Decimal, Outcome, Finding)> = None;
    let mut whole = Outcome { truth: if all.is_truncated { None } else { Some(false) }, ..Outcome::default() };
    for way in all.ways {
        let finding = measure.share(product, &way);
        let mut outcome = way.outcome;
        outcome.truth = and(outcome.truth, finding.ok);
        if outcome.truth.is_none() {
            outcome.missing = outcome.missing.and(finding.missing);
            whole.missing = whole.missing.and(outcome.missing);
        }
        outcome.doubt.near |= finding.is_near;
        outcome.doubt.tolerance = outcome.truth == Some(true) && !way.is_clear();
        whole.truth = or(whole.truth, outcome.truth);
        if way.passed.is_empty() && !outcome.doubt.tolerance {
            // No material is known that would have to pass.
            continue;
        }
        let rank = match outcome.truth {
            Some(true) => 0,
            None => 1,
            Some(false) => 2,
        };
        let share = finding.value.unwrap_or_default();
        if best.as_ref().is_none_or(|(other, least, ..)| (rank, share) < (*other, *least)) {
            best = Some((rank, share, outcome, finding));
        }
    }
    let Some((_, _, outcome, finding)) = best else { return Ok(None) };
    let outcome = match whole.truth {
        Some(true) => outcome,
        Some(false) => Outcome { doubt: Doubt { near: outcome.doubt.near, ..Doubt::default() }, ..whole },
        None => whole,
    };
    Ok(Some(Tolerated { by_weight: measure.by_weight, outcome, finding }))
}

/// The limit of the share and its base.
struct Measure {
    by_weight: bool,
    limit: Decimal,
    base: (Option<Decimal>, Missing),
}

impl Measure {
    fn new(tolerance: &Tolerance, product: &Product<'_>) -> Option<Self> {
        if tolerance.not_chapters.contains(&product.chapter) {
            return None;
        }
        match (&tolerance.weight, &tolerance.value) {
            (Some(limit), _) if tolerance.weight_chapters.contains(&product.chapter) => {
                Some(Self { by_weight: true, limit: *limit, base: product.weight() })
            }
            (_, Some((limit, base))) => Some(Self { by_weight: false, limit: *limit, base: product.base(base) }),
            _ => None,
        }
    }

    /// The share of the materials that a way lets pass. Materials that may have to pass are included if the share with
    /// them is still within the limit, or if it leaves the result unknown.
    fn share(&self, product: &Product<'_>, way: &Way) -> Finding {
        let sure = self.share_of(product, &way.passed);
        if way.open.is_empty() || sure.ok == Some(false) {
            return sure;
        }
        let all = self.share_of(product, &way.passed.union(&way.open).copied().collect());
        if all.ok == Some(true) {
            return all;
        }
        Finding { ok: None, is_near: false, missing: sure.missing.and(Missing::HS), ..all }
    }

    fn share_of(&self, product: &Product<'_>, passed: &BTreeSet<u32>) -> Finding {
        let inputs = product.inputs.as_deref().unwrap_or_default();
        let mut sum = super::product::Sum { known: Decimal::default(), missing: Missing::NONE };
        let (term, unknown): (fn(&Input) -> Option<Decimal>, _) = match self.by_weight {
            true => (|input| input.weight, Missing::LINE_WEIGHT),
            false => (|input| input.value, Missing::VALUE),
        };
        for input in passed.iter().filter_map(|place| inputs.get(*place as usize)) {
            match term(input) {
                Some(term) => sum.known = sum.known.plus(term),
                None => sum.missing = sum.missing.and(unknown),
            }
        }
        let mut finding = Finding::at_most(sum, self.base, self.limit);
        finding.failing = passed.iter().copied().collect();
        finding
    }
}

const fn unread() -> Outcome {
    let doubt = Doubt { process: false, near: false, tolerance: false, unverified: false };
    Outcome { truth: None, missing: Missing::READING, doubt }
}

impl Ways {
    fn one(way: Way) -> Self {
        Self { ways: vec![way], is_truncated: false }
    }

    fn add(&mut self, other: Self) {
        self.is_truncated |= other.is_truncated;
        for way in other.ways {
            if self.ways.len() == MAX_OPTIONS {
                self.is_truncated = true;
                return;
            }
            self.ways.push(way);
        }
    }

    /// Combines every way of `self` with every way of `other`.
    fn times(self, other: &Self) -> Self {
        let is_impossible = |ways: &Self| ways.ways.is_empty() && !ways.is_truncated;
        if is_impossible(&self) || is_impossible(other) {
            return Self::default();
        }
        let mut product = Self { ways: Vec::new(), is_truncated: self.is_truncated || other.is_truncated };
        for a in &self.ways {
            for b in &other.ways {
                if product.ways.len() == MAX_OPTIONS {
                    product.is_truncated = true;
                    return product;
                }
                let outcome = Outcome {
                    truth: and(a.outcome.truth, b.outcome.truth),
                    missing: a.outcome.missing.and(b.outcome.missing),
                    doubt: a.outcome.doubt.with(b.outcome.doubt),
                };
                let union = |a: &BTreeSet<u32>, b: &BTreeSet<u32>| a.union(b).copied().collect();
                product.ways.push(Way { outcome, passed: union(&a.passed, &b.passed), open: union(&a.open, &b.open) });
            }
        }
        product
    }
}

/// The ways to meet an expression. Takes one finding for each of its conditions.
fn ways<'t>(
    expr: &Expr,
    agreement: &Agreement,
    findings: &mut impl Iterator<Item = &'t Traced<'t>>,
    progress: &Progress,
) -> Result<Ways> {
    progress.check()?;
    Ok(match expr {
        Expr::Leaf(_) => findings.next().map(of_leaf).unwrap_or_default(),
        Expr::Ref(name) => match agreement.head.macros.get(name) {
            Some(expr) => ways(expr, agreement, findings, progress)?,
            None => Ways::one(Way { outcome: unread(), ..Way::default() }),
        },
        Expr::Any(parts) => {
            let mut sum = Ways::default();
            for part in parts {
                sum.add(ways(part, agreement, findings, progress)?);
            }
            sum
        }
        Expr::All(parts) => {
            let met = Outcome { truth: Some(true), ..Outcome::default() };
            let mut product = Ways::one(Way { outcome: met, ..Way::default() });
            for part in parts {
                // Every part must take its findings, also after a part that cannot be met.
                product = product.times(&ways(part, agreement, findings, progress)?);
            }
            product
        }
    })
}

fn of_leaf(traced: &Traced<'_>) -> Ways {
    let finding = &traced.finding;
    let (can_pass, doubt) = match traced.condition {
        Condition::Leaf(leaf) => (matches!(leaf, Leaf::Change(_) | Leaf::Obtained(_)), Doubt::of_leaf(leaf, finding)),
        _ => (false, Doubt::default()),
    };
    let outcome = Outcome { truth: finding.ok, missing: finding.missing, doubt };
    let is_met = finding.ok == Some(true);
    if can_pass && !is_met && !(finding.failing.is_empty() && finding.open.is_empty()) {
        let outcome = Outcome { truth: Some(true), missing: Missing::NONE, doubt };
        let places = |list: &[u32]| list.iter().copied().collect();
        return Ways::one(Way { outcome, passed: places(&finding.failing), open: places(&finding.open) });
    }
    match finding.ok {
        Some(false) => Ways::default(),
        _ => Ways::one(Way { outcome, ..Way::default() }),
    }
}
