//! Predicates as decisions. A predicate is true, false or, where a value is missing, unknown.

use super::super::element::{Element, shown};
use super::decisions::{Decisions, Ways, only};
use super::{Compiler, Field};
use crate::{Error, Result};

/// Maximum nesting depth of compound predicates: each level doubles the nodes at most.
const MAX_DEPTH: usize = 16;

/// The elements that are predicates.
pub(super) const NAMES: &[&str] = &["SimplePredicate", "CompoundPredicate", "SimpleSetPredicate", "True", "False"];

/// The only predicate of an element.
pub(super) fn of(element: &Element) -> Result<&Element> {
    let mut found = element.children.iter().filter(|child| NAMES.contains(&&*child.name));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Error::bad_whole(format!("{} of the PMML needs exactly one predicate", shown(&element.name)))),
    }
}

impl<'a> Compiler<'a> {
    /// Adds a predicate that leads to these nodes, and returns its first node.
    pub(super) fn predicate(&mut self, element: &'a Element, to: &mut Decisions, ways: Ways) -> Result<u32> {
        self.predicate_within(element, to, ways, MAX_DEPTH)
    }

    fn predicate_within(&mut self, element: &'a Element, to: &mut Decisions, ways: Ways, depth: usize) -> Result<u32> {
        if to.len().is_multiple_of(1024) {
            self.progress.check()?;
        }
        match &*element.name {
            "True" => Ok(ways[0]),
            "False" => Ok(ways[1]),
            "SimplePredicate" => self.simple(element, to, ways),
            "SimpleSetPredicate" => self.set(element, to, ways),
            _ => {
                let depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| Error::bad_whole("predicates of the PMML are nested more than 16 deep"))?;
                self.compound(element, to, ways, depth)
            }
        }
    }

    fn simple(&mut self, element: &'a Element, to: &mut Decisions, ways: Ways) -> Result<u32> {
        element.only(&["field", "operator", "value"], &[])?;
        let Field { slot, kind } = self.field(element.needed("field")?)?;
        let operator = element.needed("operator")?;
        let [yes, no, unknown] = ways;
        match operator {
            "isMissing" => return to.is_missing(slot, yes, no),
            "isNotMissing" => return to.is_missing(slot, no, yes),
            _ => {}
        }
        let value = self.words.threshold(element.needed("value")?, kind)?;
        if !kind.is_number() && !matches!(operator, "equal" | "notEqual") {
            return Err(Error::bad_whole("a SimplePredicate of the PMML orders texts, which is not done here"));
        }
        // No number is below -INF.
        let less = |to: &mut Decisions, [yes, no, unknown]: Ways| match value.next_down() {
            f64::NEG_INFINITY if value == f64::NEG_INFINITY => to.at_most(slot, f64::INFINITY, [no, no, unknown]),
            below => to.at_most(slot, below, [yes, no, unknown]),
        };
        match operator {
            "lessOrEqual" => to.at_most(slot, value, ways),
            "lessThan" => less(to, ways),
            "greaterThan" => to.at_most(slot, value, [no, yes, unknown]),
            "greaterOrEqual" => less(to, [no, yes, unknown]),
            "equal" => to.ranges(slot, &[only(value)], ways),
            "notEqual" => to.ranges(slot, &[only(value)], [no, yes, unknown]),
            _ => Err(Error::bad_whole("a SimplePredicate of the PMML has an unknown operator")),
        }
    }

    fn set(&mut self, element: &'a Element, to: &mut Decisions, ways: Ways) -> Result<u32> {
        element.only(&["field", "booleanOperator"], &["Array"])?;
        let Field { slot, kind } = self.field(element.needed("field")?)?;
        let [yes, no, unknown] = ways;
        let ways = match element.needed("booleanOperator")? {
            "isIn" => ways,
            "isNotIn" => [no, yes, unknown],
            _ => return Err(Error::bad_whole("a SimpleSetPredicate of the PMML has an unknown booleanOperator")),
        };
        let mut ranges = Vec::new();
        for text in array(element.needed_child("Array")?)? {
            ranges.push(only(self.words.threshold(&text, kind)?));
        }
        ranges.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        ranges.dedup();
        to.ranges(slot, &ranges, ways)
    }

    /// Parts are added from the last to the first. Each is added once for every state that the parts before it can leave:
    /// without and with an unknown one, or with an even and an odd number of true ones.
    fn compound(&mut self, element: &'a Element, to: &mut Decisions, ways: Ways, depth: usize) -> Result<u32> {
        element.only(&["booleanOperator"], NAMES)?;
        let [yes, no, unknown] = ways;
        let operator = element.needed("booleanOperator")?;
        let parts: Vec<&'a Element> = element.parts().collect();
        if parts.is_empty() {
            return Err(Error::bad_whole("a CompoundPredicate of the PMML is empty"));
        }
        let mut next = match operator {
            "and" => [yes, unknown],
            "or" => [no, unknown],
            "xor" => [no, yes],
            "surrogate" => [unknown, unknown],
            _ => return Err(Error::bad_whole("a CompoundPredicate of the PMML has an unknown booleanOperator")),
        };
        for (i, part) in parts.into_iter().enumerate().rev() {
            let [sure, other] = next;
            let mut add = |ways| self.predicate_within(part, to, ways, depth);
            let first = match operator {
                "and" => add([sure, no, other])?,
                "or" => add([yes, sure, other])?,
                "xor" => add([other, sure, unknown])?,
                _ => add([yes, no, sure])?,
            };
            // The first part has nothing before it.
            let second = match operator {
                _ if i == 0 => first,
                "and" => add([other, no, other])?,
                "or" => add([yes, other, other])?,
                "xor" => add([sure, other, unknown])?,
                _ => first,
            };
            next = [first, second];
        }
        Ok(next[0])
    }
}

/// The items of an array: separated by space, in quotes if they contain space, where a backslash is before a quote.
pub(super) fn array(element: &Element) -> Result<Vec<String>> {
    element.only(&["type", "n"], &[])?;
    let damaged = || Error::bad_whole("an Array of the PMML has a quote that does not end");
    let (mut items, mut characters) = (Vec::new(), element.text().chars().peekable());
    loop {
        while characters.next_if(|character| character.is_whitespace()).is_some() {}
        let Some(&first) = characters.peek() else { break };
        let mut item = String::new();
        if first == '"' {
            characters.next();
            loop {
                match characters.next().ok_or_else(damaged)? {
                    '"' => break,
                    '\\' if characters.peek() == Some(&'"') => item.extend(characters.next()),
                    character => item.push(character),
                }
            }
        } else {
            while let Some(character) = characters.next_if(|character| !character.is_whitespace()) {
                item.push(character);
            }
        }
        items.push(item);
    }
    if element.number("n")?.is_some_and(|n| n != items.len() as f64) {
        return Err(Error::bad_whole("an Array of the PMML has another length than it says"));
    }
    Ok(items)
}
