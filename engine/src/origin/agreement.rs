//! An agreement: its parties, its tolerance, and its rules by range of codes.
//!
//! If an agreement has any kind of cumulation, it covers the materials of every party and of the members of parties: a
//! material of another party counts as originating if there is proof of origin. The countries that a kind of cumulation
//! lists are covered in addition to the parties; a party that the list does not contain is still covered. The reason is
//! that a list is written from the point of view of its publisher. The list of CPTPP as published by the United Kingdom
//! names the other parties but not GB, and yet a product of Japan may cumulate materials of GB. An agreement without
//! any cumulation covers no materials of other countries.

mod build;
mod patch;
mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use self::build::Builder;
pub(super) use self::patch::{Patch, Patches, read_patches};
pub(super) use self::read::read;
pub(super) use self::write::write_names;
use super::codes::Span;
use super::country;
use super::decimal::Decimal;
use super::expr::{Bases, Expr};
use crate::Day;

/// Maximum number of rules of an agreement.
pub(super) const MAX_RULES: usize = 100_000;

/// Maximum number of texts of an agreement.
pub(super) const MAX_TEXTS: usize = 200_000;

/// Maximum length of a text, in bytes.
pub(super) const MAX_TEXT: usize = 32 << 10;

/// Maximum number of parties, and of members of a party.
pub(super) const MAX_PARTIES: usize = 1_000;
pub(super) const MAX_MEMBERS: usize = 300;

/// Maximum number of rules with the same range of codes. All of them are candidates for a product.
pub(super) const MAX_SAME_RANGE: usize = 256;

/// Maximum number of macros.
pub(super) const MAX_MACROS: usize = 1_000;

/// Maximum size of a rule as a record of the byte form, in bytes.
pub(super) const MAX_RECORD: usize = 56 << 10;

/// The reason of a refusal.
pub(super) type Refused = &'static str;

/// An agreement, prepared for assessments. Cloning is cheap, because rules and texts are shared.
#[derive(Debug, Clone)]
pub(super) struct Agreement {
    pub(super) head: Arc<Head>,
    pub(super) texts: Vec<Arc<str>>,
    /// Ordered by `from`; of equal `from`, wider ranges first.
    pub(super) rules: Vec<Arc<Rule>>,
    /// For each rule, the largest `to` of this rule and of all rules before it.
    furthest: Vec<u32>,
    /// Maximum, over all ranges, of the number of conditions of the rules with this range, macros expanded. All rules
    /// of a range can be candidates for one product.
    pub(super) most_leaves: u64,
    /// The number of rules with an alternative that is not machine-readable.
    pub(super) unparsed: usize,
}

/// The data of an agreement without its rules and texts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Head {
    pub(super) id: Box<str>,
    pub(super) title: Box<str>,
    pub(super) hs_version: Option<u32>,
    pub(super) validity: Validity,
    /// The members of each party, by the name of the party.
    pub(super) parties: BTreeMap<Box<str>, Vec<Box<str>>>,
    /// The party of each member.
    pub(super) members: BTreeMap<Box<str>, Box<str>>,
    pub(super) tolerance: Option<Tolerance>,
    /// Kinds of cumulation, with the countries that they cover in addition to the parties.
    pub(super) cumulation: BTreeMap<Box<str>, Vec<Box<str>>>,
    pub(super) macros: BTreeMap<Box<str>, Expr>,
    /// The article and the source of the rules, for rules that do not state their own.
    pub(super) article: Option<Box<str>>,
    pub(super) source: Option<Box<str>>,
}

/// Inclusive days; `None` means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Validity {
    pub(super) from: Option<Day>,
    pub(super) to: Option<Day>,
}

impl Validity {
    pub(super) fn holds(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// The share of the materials that may fail a change of classification, or that need not be wholly obtained where a
/// rule requires it. There is no tolerance for a product that itself must be wholly obtained.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tolerance {
    /// The limit in percent of a value, and the value that it is a share of.
    pub(super) value: Option<(Decimal, Bases)>,
    /// The limit in percent of the weight, which replaces `value` for products of these chapters.
    pub(super) weight: Option<Decimal>,
    pub(super) weight_chapters: Vec<u8>,
    /// Chapters whose products have no tolerance.
    pub(super) not_chapters: Vec<u8>,
}

/// A rule: the requirements for products of a range of codes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) id: Box<str>,
    /// The first and the last code.
    pub(super) range: Span,
    /// The products of these codes that the rule applies to, in words.
    pub(super) subdivision: Option<Box<str>>,
    pub(super) validity: Validity,
    pub(super) priority: i64,
    pub(super) article: Option<Box<str>>,
    pub(super) source: Option<Box<str>>,
    pub(super) alternatives: Vec<Alternative>,
}

/// An alternative of a rule: one way to meet it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alternative {
    /// The index of the text.
    pub(super) text: u32,
    /// The meaning of the text, if it is machine-readable.
    pub(super) expr: Option<Expr>,
    /// Whether a person has checked that the expression means the same as the text.
    pub(super) verified: bool,
    pub(super) article: Option<Box<str>>,
    pub(super) source: Option<Box<str>>,
}

impl Agreement {
    /// The party that a country is or belongs to. The agreement may name the country by any of its codes.
    pub(super) fn party(&self, country: &str) -> Option<&str> {
        self.named(country).or_else(|| country::others(country).find_map(|other| self.named(other)))
    }

    fn named(&self, country: &str) -> Option<&str> {
        match self.head.parties.get_key_value(country) {
            Some((party, _)) => Some(party),
            None => self.head.members.get(country).map(AsRef::as_ref),
        }
    }

    /// Whether the agreement names a country: as a party, as a member, or as a country that cumulation covers.
    pub(super) fn knows(&self, country: &str) -> bool {
        let of_cumulation =
            || self.head.cumulation.values().flatten().any(|named| country::canonical(named) == country);
        self.party(country).is_some() || of_cumulation()
    }

    /// Whether `origin` and `destination` belong to different parties of the agreement.
    pub(super) fn covers(&self, origin: &str, destination: &str) -> bool {
        match (self.party(origin), self.party(destination)) {
            (Some(from), Some(to)) => from != to,
            _ => false,
        }
    }

    /// The rules whose range contains all codes of `span`, in no particular order.
    pub(super) fn rules_of(&self, span: Span) -> impl Iterator<Item = &Arc<Rule>> {
        let end = self.rules.partition_point(|rule| rule.range.from <= span.from);
        // `furthest` ascends: if it is below `span.to` for one rule, no earlier rule can contain `span`.
        (0..end)
            .rev()
            .take_while(move |&at| self.furthest[at] >= span.to)
            .map(|at| &self.rules[at])
            .filter(move |rule| rule.range.to >= span.to)
    }

    /// The rules whose range contains some codes of `span`, in their order.
    pub(super) fn rules_about(&self, span: Span) -> impl Iterator<Item = &Rule> {
        let end = self.rules.partition_point(|rule| rule.range.from <= span.to);
        self.rules[..end].iter().map(AsRef::as_ref).filter(move |rule| rule.range.meets(span))
    }

    /// The most specific rule first: one subheading, one heading, one chapter, wider; then by narrower range, higher
    /// priority, later start of validity, id. The position of the range does not matter, so if two ranges overlap and
    /// are equally specific, the priority decides.
    pub(super) fn order(a: &Rule, b: &Rule) -> std::cmp::Ordering {
        let width = |rule: &Rule| rule.range.to - rule.range.from;
        b.range
            .level()
            .cmp(&a.range.level())
            .then_with(|| width(a).cmp(&width(b)))
            .then_with(|| b.priority.cmp(&a.priority))
            .then_with(|| b.validity.from.cmp(&a.validity.from))
            .then_with(|| a.id.cmp(&b.id))
    }

    /// The number of conditions of a rule, macros expanded. An alternative that is not machine-readable counts as one.
    pub(super) fn leaves(&self, rule: &Rule) -> u64 {
        rule.alternatives.iter().map(|way| way.expr.as_ref().map_or(1, |expr| self.leaves_of(expr))).sum()
    }

    fn leaves_of(&self, expr: &Expr) -> u64 {
        match expr {
            Expr::Leaf(_) => 1,
            Expr::Ref(name) => self.head.macros.get(name).map_or(0, |expr| self.leaves_of(expr)),
            Expr::Any(parts) | Expr::All(parts) => parts.iter().map(|part| self.leaves_of(part)).sum(),
        }
    }

    /// The text of an alternative.
    pub(super) fn text(&self, way: &Alternative) -> &str {
        self.texts.get(way.text as usize).map_or("", AsRef::as_ref)
    }

    /// Bytes of memory in use, computed on each call. The parts of a model store this number
    /// ([`super::codec::Held::bytes`]).
    pub(super) fn bytes(&self) -> u64 {
        let texts: usize = self.texts.iter().map(|text| text.len() + 32).sum();
        let way = |way: &Alternative| size_of::<Alternative>() + way.expr.as_ref().map_or(0, Expr::bytes);
        let rule = |rule: &Arc<Rule>| {
            let of = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
            let words = rule.id.len() + of(&rule.subdivision) + of(&rule.article) + of(&rule.source);
            size_of::<Rule>() + 28 + words + rule.alternatives.iter().map(way).sum::<usize>()
        };
        let names = |lists: &BTreeMap<Box<str>, Vec<Box<str>>>| -> usize {
            lists.iter().map(|(name, list)| name.len() + 40 + list.len() * 24).sum()
        };
        let head = names(&self.head.parties) + names(&self.head.cumulation) + self.head.members.len() * 48;
        let macros: usize = self.head.macros.values().map(|expr| 64 + expr.bytes()).sum();
        (texts + self.rules.iter().map(rule).sum::<usize>() + head + macros) as u64
    }
}
