//! Evaluates a condition in three-valued logic: a missing fact matters only where the result depends on it.

use super::product::{Input, Product, Sum};
use super::{Missing, and, or};
use crate::origin::codes::Codes;
use crate::origin::decimal::Decimal;
use crate::origin::expr::{Change, Leaf, Method};

/// The result of a condition.
#[derive(Debug, Clone, Default)]
pub(in crate::origin) struct Finding {
    pub(in crate::origin) ok: Option<bool>,
    /// The figure, in the unit of the base.
    pub(in crate::origin) value: Option<Decimal>,
    /// The base that the figure is a share of.
    pub(in crate::origin) base: Option<Decimal>,
    /// The limit of the share, in percent.
    pub(in crate::origin) limit: Option<Decimal>,
    /// Indices of materials that fail.
    pub(in crate::origin) failing: Vec<u32>,
    /// Further materials that may fail: their codes are too short to decide.
    pub(super) open: Vec<u32>,
    /// The missing facts that matter.
    pub(in crate::origin) missing: Missing,
    /// Whether the share is within one percentage point of the limit.
    pub(super) is_near: bool,
}

impl Finding {
    pub(super) fn known(ok: bool) -> Self {
        Self { ok: Some(ok), ..Self::default() }
    }

    pub(super) fn unknown(missing: Missing) -> Self {
        Self { missing, ..Self::default() }
    }

    /// At most `limit` percent of the base. If a fact is missing, the result is certain only if the share is already
    /// too large.
    pub(super) fn at_most(sum: Sum, (base, base_missing): (Option<Decimal>, Missing), limit: Decimal) -> Self {
        let mut finding = Self { base, limit: Some(limit), ..Self::default() };
        if sum.is_complete() {
            finding.value = Some(sum.known);
        }
        finding.ok = match base {
            _ if sum.is_complete() && sum.known.is_zero() => Some(true),
            Some(base) if sum.known.compare(limit, base).is_gt() => Some(false),
            Some(_) if sum.is_complete() => Some(true),
            _ => None,
        };
        finding.settle(sum.missing.and(base_missing))
    }

    /// At least `limit` percent of the base. If a fact is missing, the result is certain only if the share is already
    /// large enough.
    fn at_least(sum: Sum, (base, base_missing): (Option<Decimal>, Missing), limit: Decimal) -> Self {
        let mut finding = Self { base, limit: Some(limit), ..Self::default() };
        if sum.is_complete() {
            finding.value = Some(sum.known);
        }
        finding.ok = match base {
            _ if limit.is_zero() => Some(true),
            _ if sum.is_complete() && sum.known.is_zero() => Some(false),
            Some(base) if sum.known.compare(limit, base).is_ge() => Some(true),
            Some(_) if sum.is_complete() => Some(false),
            _ => None,
        };
        finding.settle(sum.missing.and(base_missing))
    }

    fn settle(mut self, missing: Missing) -> Self {
        match (self.ok, self.value, self.base, self.limit) {
            (None, ..) => self.missing = missing,
            (_, Some(value), Some(base), Some(limit)) => self.is_near = value.is_near(limit, base),
            _ => {}
        }
        self
    }

    /// Met if `fails` is false for every material.
    fn none(product: &Product<'_>, fails: impl Fn(&Input) -> Option<bool>) -> Self {
        let Some(inputs) = &product.inputs else { return Self::unknown(Missing::BOM) };
        let mut finding = Self::default();
        for (place, input) in (0..).zip(inputs) {
            match fails(input) {
                Some(true) => finding.failing.push(place),
                None => finding.open.push(place),
                Some(false) => {}
            }
        }
        finding.ok = match (finding.failing.is_empty(), !finding.open.is_empty()) {
            (false, _) => Some(false),
            (true, false) => Some(true),
            (true, true) => None,
        };
        if finding.ok.is_none() {
            finding.missing = Missing::HS;
        }
        finding
    }
}

impl Leaf {
    /// Evaluates the condition for a product.
    pub(super) fn find(&self, product: &Product<'_>) -> Finding {
        let own = product.span;
        let foreign = |input: &Input| Some(!input.originates);
        let within = |codes: &Codes, input: &Input| {
            if codes.is_empty() { Some(true) } else { codes.hold(input.span, own) }
        };
        let value = |input: &Input| input.value;
        let weight = |input: &Input| input.weight;
        match self {
            Self::AnyHeading => Finding::known(true),
            Self::Text(_) => Finding::unknown(Missing::READING),
            Self::Whole => Finding::none(product, foreign),
            Self::Obtained(codes) | Self::Originating(codes) => {
                Finding::none(product, |input| and(foreign(input), within(codes, input)))
            }
            Self::Change(change) => Finding::none(product, |input| and(foreign(input), change.fails(input, product))),
            Self::From { of, scope } => Finding::none(product, |input| {
                let elsewhere = of.hold(input.span, own).map(|is_listed| !is_listed);
                and(foreign(input), and(within(scope, input), elsewhere))
            }),
            Self::MaxNom { limit, of, base } => {
                let sum = product.sum(value, Missing::VALUE, |input| and(foreign(input), within(of, input)));
                Finding::at_most(sum, product.base(base), *limit)
            }
            Self::MaxWeight { limit, of } => {
                let sum = product.sum(weight, Missing::LINE_WEIGHT, |input| and(foreign(input), within(of, input)));
                Finding::at_most(sum, product.weight(), *limit)
            }
            Self::Rvc { limit, method: Method::BuildUp, base, .. } => {
                let sum = product.sum(value, Missing::VALUE, |input| Some(input.originates));
                Finding::at_least(sum, product.base(base), *limit)
            }
            Self::Rvc { limit, of, base, .. } => {
                let sum = product.sum(value, Missing::VALUE, |input| and(foreign(input), within(of, input)));
                // The regional value is at least the limit if the materials are at most 100 % minus the limit.
                let mut finding = Finding::at_most(sum, product.base(base), Decimal::HUNDRED.minus(*limit));
                finding.limit = Some(*limit);
                finding.value = finding.value.and_then(|materials| Some(finding.base?.minus(materials)));
                finding
            }
            Self::MinWeight { limit, of } => min_weight(product, *limit, |input| within(of, input)),
            Self::Process(names) => match &product.facts.processes {
                None => Finding::unknown(Missing::PROCESSES),
                Some(done) => Finding::known(names.iter().any(|name| done.iter().any(|done| **done == **name))),
            },
        }
    }
}

impl Change {
    fn fails(&self, input: &Input, product: &Product<'_>) -> Option<bool> {
        let unchanged = product.span.same(self.level).holds(input.span);
        let excepted = self.except.hold(input.span, product.span);
        let of_group = self.outside.hold(input.span, product.span);
        let allowed = self.allow.hold(input.span, product.span);
        and(or(unchanged, or(excepted, of_group)), allowed.map(|is_allowed| !is_allowed))
    }
}

/// The originating share, by weight, of the materials with some codes. An unknown originating material can only raise
/// the share, an unknown non-originating one can only lower it. If no such material is used, the condition is met.
fn min_weight(product: &Product<'_>, limit: Decimal, counts: impl Fn(&Input) -> Option<bool>) -> Finding {
    let weight = |input: &Input| input.weight;
    let sum = |originates: bool| {
        product.sum(weight, Missing::LINE_WEIGHT, |input| and(Some(input.originates == originates), counts(input)))
    };
    let (own, foreign) = (sum(true), sum(false));
    let all = own.known.plus(foreign.known);
    let is_enough = own.known.compare(limit, all).is_ge();
    let mut finding = Finding { limit: Some(limit), ..Finding::default() };
    if own.is_complete() && foreign.is_complete() {
        finding.value = Some(own.known);
        finding.base = Some(all);
    }
    finding.ok = match is_enough {
        true if foreign.is_complete() => Some(true),
        false if own.is_complete() => Some(false),
        _ => None,
    };
    finding.settle(own.missing.and(foreign.missing))
}
