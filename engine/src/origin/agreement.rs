//! An agreement: who its parties are, what it tolerates, and its rules by range of codes.
//!
//! Cumulation of any kind reaches every party of the agreement with its members: a material of another party counts as
//! originating when there is proof of it. The countries that a kind of cumulation lists are reached beyond the parties,
//! and leave no party out. A list is written from the side of whoever published it: CPTPP's, from the United Kingdom's,
//! names the other parties and not GB, whose materials a product of Japan cumulates all the same. An agreement without
//! any cumulation reaches nobody.

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

/// The most rules of an agreement.
pub(super) const MAX_RULES: usize = 100_000;

/// The most texts of an agreement.
pub(super) const MAX_TEXTS: usize = 200_000;

/// The longest text, in bytes.
pub(super) const MAX_TEXT: usize = 32 << 10;

/// The most parties, and the most members of one.
pub(super) const MAX_PARTIES: usize = 1_000;
pub(super) const MAX_MEMBERS: usize = 300;

/// The most rules with the same range of codes: all of them are candidates for a product.
pub(super) const MAX_SAME_RANGE: usize = 256;

/// The most macros.
pub(super) const MAX_MACROS: usize = 1_000;

/// The most bytes that a rule takes as a record of the byte form.
pub(super) const MAX_RECORD: usize = 56 << 10;

/// Why a part cannot be taken.
pub(super) type Refused = &'static str;

/// An agreement as it is asked. Cloning is cheap: rules and texts are shared.
#[derive(Debug, Clone)]
pub(super) struct Agreement {
    pub(super) head: Arc<Head>,
    pub(super) texts: Vec<Arc<str>>,
    /// By `from`, then wider ranges first.
    pub(super) rules: Vec<Arc<Rule>>,
    /// For each rule the largest `to` of it and those before it.
    furthest: Vec<u32>,
    /// The most conditions that the rules of one range have together, macros put in: all of those rules can be
    /// candidates for one product.
    pub(super) most_leaves: u64,
    /// How many rules have an alternative that a machine cannot read.
    pub(super) unparsed: usize,
}

/// What an agreement says of itself.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Head {
    pub(super) id: Box<str>,
    pub(super) title: Box<str>,
    pub(super) hs_version: Option<u32>,
    pub(super) validity: Validity,
    /// Parties by name, with their members.
    pub(super) parties: BTreeMap<Box<str>, Vec<Box<str>>>,
    /// Members of parties, to their party.
    pub(super) members: BTreeMap<Box<str>, Box<str>>,
    pub(super) tolerance: Option<Tolerance>,
    /// Kinds of cumulation, with the countries that are reached beside the parties.
    pub(super) cumulation: BTreeMap<Box<str>, Vec<Box<str>>>,
    pub(super) macros: BTreeMap<Box<str>, Expr>,
    /// The article that says the rules, and where they were taken from, for those that do not say so themselves.
    pub(super) article: Option<Box<str>>,
    pub(super) source: Option<Box<str>>,
}

/// Inclusive days; open where there is none.
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

/// How much of the materials may fail a change of classification, or not be wholly obtained where they must be. A product
/// that itself must be wholly obtained is tolerated nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tolerance {
    /// Percent of the value `base`.
    pub(super) value: Option<(Decimal, Bases)>,
    /// Percent of the weight for products of these chapters, instead.
    pub(super) weight: Option<Decimal>,
    pub(super) weight_chapters: Vec<u8>,
    /// Chapters of products that nothing is tolerated for.
    pub(super) not_chapters: Vec<u8>,
}

/// A rule set: what products of a range of codes must meet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) id: Box<str>,
    /// The first and the last code.
    pub(super) range: Span,
    /// The products of these codes that are meant, in words.
    pub(super) subdivision: Option<Box<str>>,
    pub(super) validity: Validity,
    pub(super) priority: i64,
    pub(super) article: Option<Box<str>>,
    pub(super) source: Option<Box<str>>,
    pub(super) alternatives: Vec<Alternative>,
}

/// One of the ways to meet a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alternative {
    /// The text, by its place.
    pub(super) text: u32,
    /// What it says, if a machine can read it.
    pub(super) expr: Option<Expr>,
    /// Whether somebody has checked that the expression says what the text says.
    pub(super) verified: bool,
    pub(super) article: Option<Box<str>>,
    pub(super) source: Option<Box<str>>,
}

impl Agreement {
    /// The party that a country is or belongs to, by whichever of its codes the agreement names it.
    pub(super) fn party(&self, country: &str) -> Option<&str> {
        self.named(country).or_else(|| country::others(country).find_map(|other| self.named(other)))
    }

    fn named(&self, country: &str) -> Option<&str> {
        match self.head.parties.get_key_value(country) {
            Some((party, _)) => Some(party),
            None => self.head.members.get(country).map(AsRef::as_ref),
        }
    }

    /// Whether the agreement names a country at all: as a party, a member, or one that cumulation reaches.
    pub(super) fn knows(&self, country: &str) -> bool {
        let of_cumulation =
            || self.head.cumulation.values().flatten().any(|named| country::canonical(named) == country);
        self.party(country).is_some() || of_cumulation()
    }

    /// Whether goods from `origin` to `destination` go from one party to another.
    pub(super) fn covers(&self, origin: &str, destination: &str) -> bool {
        match (self.party(origin), self.party(destination)) {
            (Some(from), Some(to)) => from != to,
            _ => false,
        }
    }

    /// The rules whose range holds all codes of `span`, in no order.
    pub(super) fn rules_of(&self, span: Span) -> impl Iterator<Item = &Arc<Rule>> {
        let end = self.rules.partition_point(|rule| rule.range.from <= span.from);
        // Before a rule up to which no range reaches so far, none does.
        (0..end)
            .rev()
            .take_while(move |&at| self.furthest[at] >= span.to)
            .map(|at| &self.rules[at])
            .filter(move |rule| rule.range.to >= span.to)
    }

    /// The rules whose range has codes of `span`, in their order.
    pub(super) fn rules_about(&self, span: Span) -> impl Iterator<Item = &Rule> {
        let end = self.rules.partition_point(|rule| rule.range.from <= span.to);
        self.rules[..end].iter().map(AsRef::as_ref).filter(move |rule| rule.range.meets(span))
    }

    /// The most specific first: one subheading, one heading, one chapter, wider; then the narrower range, the higher
    /// priority, the later beginning, the id. Where the range lies says nothing: of two that overlap and are equally
    /// specific the rule comes first that is said to.
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

    /// How many conditions a rule has, macros put in; what cannot be read is one.
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

    /// Bytes of memory held, counted anew: of what a model holds it is kept ([`super::codec::Held::bytes`]).
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
