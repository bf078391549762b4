//! The product with its materials, each originating or not.

use super::Missing;
use crate::origin::agreement::Agreement;
use crate::origin::codes::Span;
use crate::origin::country;
use crate::origin::decimal::Decimal;
use crate::origin::expr::{Base, Bases};
use crate::origin::facts::{Facts, Line};
use crate::origin::hs::Hs;

/// A material.
#[derive(Debug, Clone)]
pub(in crate::origin) struct Input {
    pub(in crate::origin) hs: Hs,
    pub(super) span: Span,
    pub(super) originates: bool,
    pub(super) value: Option<Decimal>,
    pub(super) weight: Option<Decimal>,
}

/// A product under an agreement.
#[derive(Debug)]
pub(in crate::origin) struct Product<'a> {
    pub(super) span: Span,
    pub(super) chapter: u8,
    pub(super) facts: &'a Facts,
    /// `None` if the bill of materials is unknown.
    pub(in crate::origin) inputs: Option<Vec<Input>>,
}

/// A sum of terms >= 0, some of which may be unknown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    pub(super) known: Decimal,
    /// The facts that are missing for a complete sum.
    pub(super) missing: Missing,
}

impl Sum {
    pub(super) fn is_complete(self) -> bool {
        self.missing == Missing::NONE
    }
}

impl<'a> Product<'a> {
    pub(in crate::origin) fn new(hs: Hs, origin: &str, facts: &'a Facts, agreement: &Agreement) -> Self {
        let own = agreement.party(origin);
        let inputs =
            facts.bom.as_ref().map(|lines| lines.iter().map(|line| Input::new(line, own, agreement)).collect());
        let span = Span::of(hs);
        Self { span, chapter: (span.from / 10_000) as u8, facts, inputs }
    }

    /// Whether all materials originate; `None` without a bill of materials.
    pub(super) fn is_of_originating(&self) -> Option<bool> {
        self.inputs.as_ref().map(|inputs| inputs.iter().all(|input| input.originates))
    }

    /// The sum over the materials for which `counts` is true. If it is unknown whether a material counts, the sum is
    /// incomplete.
    pub(super) fn sum(
        &self,
        term: impl Fn(&Input) -> Option<Decimal>,
        unknown: Missing,
        counts: impl Fn(&Input) -> Option<bool>,
    ) -> Sum {
        let mut sum = Sum { known: Decimal::default(), missing: Missing::NONE };
        let Some(inputs) = &self.inputs else { return Sum { missing: Missing::BOM, ..sum } };
        for input in inputs {
            match (counts(input), term(input)) {
                (Some(false), _) => {}
                (Some(true), Some(term)) => sum.known = sum.known.plus(term),
                (Some(true), None) => sum.missing = sum.missing.and(unknown),
                // A material with the value 0 does not change the sum.
                (None, Some(term)) if term.is_zero() => {}
                (None, _) => sum.missing = sum.missing.and(Missing::HS),
            }
        }
        sum
    }

    /// The value of a base, and the missing fact if there is none.
    pub(super) fn base(&self, bases: &Bases) -> (Option<Decimal>, Missing) {
        match self.facts.base(bases) {
            Some(value) => (Some(value), Missing::NONE),
            None => (None, bases.0.iter().fold(Missing::NONE, |sum, base| sum.and(missing(*base)))),
        }
    }

    /// The weight of the product. A weight of 0 counts as missing, because no share of it can be computed.
    pub(super) fn weight(&self) -> (Option<Decimal>, Missing) {
        match self.facts.weight.filter(|weight| !weight.is_zero()) {
            Some(weight) => (Some(weight), Missing::NONE),
            None => (None, Missing::WEIGHT),
        }
    }
}

impl Input {
    fn new(line: &Line, own: Option<&str>, agreement: &Agreement) -> Self {
        Self {
            hs: line.hs,
            span: Span::of(line.hs),
            originates: originates(line, own, agreement),
            value: line.value,
            weight: line.weight,
        }
    }
}

/// Whether a material originates. A material of the product's own party must be declared as originating or as wholly
/// obtained. A material of another country must be covered by cumulation, have proof of origin, and not be declared as
/// non-originating.
fn originates(line: &Line, own: Option<&str>, agreement: &Agreement) -> bool {
    let is_wholly = line.wholly_obtained == Some(true);
    let party = agreement.party(&line.origin);
    if party.is_some() && party == own {
        return line.originating.unwrap_or(is_wholly);
    }
    let cumulation = &agreement.head.cumulation;
    let is_named = |country: &str| {
        let mut named = cumulation.values().flatten();
        named.any(|named| country::canonical(named) == country || Some(&**named) == party)
    };
    let is_reached = !cumulation.is_empty() && (party.is_some() || is_named(&line.origin));
    is_reached && line.proof == Some(true) && line.originating != Some(false)
}

const fn missing(base: Base) -> Missing {
    match base {
        Base::Exw => Missing::EXW,
        Base::Fob => Missing::FOB,
        Base::Tv => Missing::TV,
        Base::NetCost => Missing::NET_COST,
    }
}
