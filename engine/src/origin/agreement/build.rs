//! Builds an agreement from its parts. The parts come from a document or from records of the byte form; all checks are
//! here, for both.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::{
    Agreement, Head, MAX_MACROS, MAX_MEMBERS, MAX_PARTIES, MAX_RECORD, MAX_RULES, MAX_SAME_RANGE, MAX_TEXT, MAX_TEXTS,
    Refused, Rule,
};
use crate::origin::codes::Span;
use crate::origin::expr::{Expr, MAX_DEPTH, MAX_NODES};

/// An agreement that is being built.
#[derive(Debug, Default)]
pub(in crate::origin) struct Builder {
    pub(in crate::origin) head: Head,
    texts: Vec<Arc<str>>,
    rules: Vec<Arc<Rule>>,
    ids: HashSet<Box<str>>,
    bytes: usize,
}

impl Builder {
    pub(in crate::origin) fn party(&mut self, name: Box<str>) -> Result<(), Refused> {
        if self.head.parties.len() == MAX_PARTIES {
            return Err("an agreement has at most 1000 parties");
        }
        match self.head.parties.insert(name, Vec::new()) {
            None => Ok(()),
            Some(_) => Err("a party occurs twice"),
        }
    }

    /// Adds the members of a party. The party may be added later.
    pub(in crate::origin) fn members(&mut self, party: Box<str>, countries: Vec<Box<str>>) -> Result<(), Refused> {
        if countries.len() > MAX_MEMBERS || self.head.members.len() > MAX_PARTIES * MAX_MEMBERS {
            return Err("a party has at most 300 members");
        }
        for country in countries {
            if self.head.members.insert(country, party.clone()).is_some() {
                return Err("a country is a member twice");
            }
        }
        Ok(())
    }

    pub(in crate::origin) fn cumulation(&mut self, kind: Box<str>, countries: Vec<Box<str>>) -> Result<(), Refused> {
        if self.head.cumulation.len() == 32 || countries.len() > MAX_PARTIES {
            return Err("an agreement has at most 32 kinds of cumulation with 1000 countries each");
        }
        match self.head.cumulation.insert(kind, countries) {
            None => Ok(()),
            Some(_) => Err("a kind of cumulation occurs twice"),
        }
    }

    pub(in crate::origin) fn text(&mut self, text: &str) -> Result<(), Refused> {
        if self.texts.len() == MAX_TEXTS || text.len() > MAX_TEXT {
            return Err("an agreement has at most 200000 texts of at most 32 KiB each");
        }
        self.bytes += text.len() + 32;
        self.texts.push(text.into());
        Ok(())
    }

    pub(in crate::origin) fn take_macro(&mut self, name: Box<str>, expr: Expr) -> Result<(), Refused> {
        let mut record = Vec::new();
        expr.write(&mut record);
        if self.head.macros.len() == MAX_MACROS || record.len() > MAX_RECORD {
            return Err("an agreement has at most 1000 macros of at most 56 KiB each");
        }
        match self.head.macros.insert(name, expr) {
            None => Ok(()),
            Some(_) => Err("a macro occurs twice"),
        }
    }

    /// Adds a rule. Its texts and macros may be added later.
    pub(in crate::origin) fn rule(&mut self, rule: Rule) -> Result<(), Refused> {
        let mut record = Vec::new();
        rule.write(&mut record);
        if record.len() > MAX_RECORD {
            return Err("a rule has at most 56 KiB");
        }
        self.written_rule(rule, record.len())
    }

    /// Adds a rule that was read from a record of `length` bytes.
    pub(in crate::origin) fn written_rule(&mut self, rule: Rule, length: usize) -> Result<(), Refused> {
        if self.rules.len() == MAX_RULES {
            return Err("an agreement has at most 100000 rules");
        }
        if !self.ids.insert(rule.id.clone()) {
            return Err("the id of a rule occurs twice");
        }
        self.bytes += size_of::<Rule>() + length;
        self.rules.push(Arc::new(rule));
        Ok(())
    }

    /// Approximate number of bytes in use.
    pub(in crate::origin) fn bytes(&self) -> u64 {
        (self.bytes + self.head.members.len() * 48) as u64
    }

    /// Returns the agreement, if every name that it uses is defined.
    pub(in crate::origin) fn finish(self) -> Result<Agreement, Refused> {
        let Self { mut head, texts, rules, .. } = self;
        if head.id.is_empty() {
            return Err("an agreement needs its id in agreement");
        }
        if head.parties.len() < 2 {
            return Err("an agreement needs at least two parties");
        }
        for (country, party) in &head.members {
            match head.parties.get_mut(party) {
                Some(members) => members.push(country.clone()),
                None => return Err("members are given for a name that is not a party"),
            }
            if head.parties.contains_key(country) && country != party {
                return Err("a party is a member of another");
            }
        }
        Agreement::assembled(Arc::new(head), texts, rules)
    }
}

impl Agreement {
    pub(super) fn assembled(head: Arc<Head>, texts: Vec<Arc<str>>, mut rules: Vec<Arc<Rule>>) -> Result<Self, Refused> {
        let macros = Macros::new(&head.macros)?;
        let mut leaves: BTreeMap<Span, u64> = BTreeMap::new();
        for rule in &rules {
            let (mut nodes, mut depth) = (0u32, 0);
            let of_range = leaves.entry(rule.range).or_default();
            for way in &rule.alternatives {
                if way.text as usize >= texts.len() {
                    return Err("an alternative refers to a text that does not exist");
                }
                match &way.expr {
                    // An alternative that is not machine-readable counts as one condition.
                    None => *of_range += 1,
                    Some(expr) => {
                        let extent = macros.extent(expr)?;
                        nodes = nodes.saturating_add(extent.nodes);
                        depth = depth.max(extent.depth);
                        *of_range += u64::from(extent.leaves);
                    }
                }
            }
            if nodes > MAX_NODES || depth > MAX_DEPTH {
                return Err("a rule is nested more than 32 deep or has more than 10000 parts with its macros expanded");
            }
        }
        rules.sort_by(|a, b| {
            let key = |rule: &Rule| (rule.range.from, std::cmp::Reverse(rule.range.to));
            key(a).cmp(&key(b)).then_with(|| Self::order(a, b))
        });
        if rules.chunk_by(|a, b| a.range == b.range).any(|same| same.len() > MAX_SAME_RANGE) {
            return Err("at most 256 rules can have the same range of codes");
        }
        let mut furthest = 0;
        let furthest = rules
            .iter()
            .map(|rule| {
                furthest = furthest.max(rule.range.to);
                furthest
            })
            .collect();
        let is_unparsed = |rule: &&Arc<Rule>| rule.alternatives.iter().any(|way| way.expr.is_none());
        let unparsed = rules.iter().filter(is_unparsed).count();
        let most_leaves = leaves.into_values().max().unwrap_or_default();
        Ok(Self { head, texts, rules, furthest, most_leaves, unparsed })
    }
}

/// The size of an expression with its references expanded.
#[derive(Debug, Clone, Copy)]
struct Extent {
    nodes: u32,
    leaves: u32,
    depth: u32,
}

/// The extents of all macros. Without this check a chain of macros, each of which uses the next one twice, would be a
/// tree of unlimited size.
struct Macros<'a> {
    exprs: &'a BTreeMap<Box<str>, Expr>,
    extents: BTreeMap<&'a str, Extent>,
}

impl<'a> Macros<'a> {
    fn new(exprs: &'a BTreeMap<Box<str>, Expr>) -> Result<Self, Refused> {
        let mut macros = Self { exprs, extents: BTreeMap::new() };
        for name in exprs.keys() {
            macros.visit(name, 0)?;
        }
        Ok(macros)
    }

    /// Computes the extent of a macro and of the macros that it uses. A macro that is nested too deeply either uses
    /// itself or exceeds the depth limit. Both are refused, so no list of open macros is needed.
    fn visit(&mut self, name: &str, above: u32) -> Result<(), Refused> {
        let Some((name, expr)) = self.exprs.get_key_value(name) else { return Err(UNKNOWN) };
        if self.extents.contains_key(&**name) {
            return Ok(());
        }
        if above > MAX_DEPTH {
            return Err("a macro names itself, or macros are nested more than 32 deep");
        }
        let mut named = BTreeSet::new();
        names(expr, &mut named);
        for below in named {
            self.visit(below, above + 1)?;
        }
        let extent = self.extent(expr)?;
        if extent.nodes > MAX_NODES || extent.depth > MAX_DEPTH {
            return Err(
                "a macro is nested more than 32 deep or has more than 10000 parts with the macros that it uses expanded",
            );
        }
        self.extents.insert(name, extent);
        Ok(())
    }

    fn extent(&self, expr: &Expr) -> Result<Extent, Refused> {
        match expr {
            Expr::Leaf(_) => Ok(Extent { nodes: 1, leaves: 1, depth: 1 }),
            Expr::Ref(name) => {
                let below = self.extents.get(&**name).ok_or(UNKNOWN)?;
                Ok(Extent { nodes: below.nodes.saturating_add(1), depth: below.depth + 1, ..*below })
            }
            Expr::Any(parts) | Expr::All(parts) => {
                let mut sum = Extent { nodes: 1, leaves: 0, depth: 1 };
                for part in parts {
                    let extent = self.extent(part)?;
                    sum.nodes = sum.nodes.saturating_add(extent.nodes);
                    sum.leaves = sum.leaves.saturating_add(extent.leaves);
                    sum.depth = sum.depth.max(extent.depth + 1);
                }
                Ok(sum)
            }
        }
    }
}

const UNKNOWN: Refused = "an expression names a macro that the agreement does not have";

fn names<'a>(expr: &'a Expr, found: &mut BTreeSet<&'a str>) {
    match expr {
        Expr::Leaf(_) => {}
        Expr::Ref(name) => {
            found.insert(name);
        }
        Expr::Any(parts) | Expr::All(parts) => parts.iter().for_each(|part| names(part, found)),
    }
}
