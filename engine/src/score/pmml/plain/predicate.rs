//! Predicates over one field, converted to the set of values for which they are true.
//!
//! A predicate is true, false or, for a missing value, unknown. Only true matters. The values for which it is true are
//! ranges `[from, to)`: `x <= v` equals `x < w` for the next number `w` above `v`, so the conversion is exact.

use super::super::element::Element;
use crate::score::scorecard::MAX_BINS;
use crate::{Error, Result};

/// Maximum nesting depth of compound predicates.
const MAX_DEPTH: usize = 16;

/// A range `[from, to)`.
pub(super) type Range = (f64, f64);

const EVERYTHING: Range = (f64::NEG_INFINITY, f64::INFINITY);

/// The values for which a predicate is true.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    /// Ranges that do not overlap, in ascending order.
    pub(super) ranges: Vec<Range>,
    /// The result for a missing value; `None` is unknown.
    pub(super) missing: Option<bool>,
}

/// The elements that are predicates.
pub(super) const NAMES: &[&str] = &["SimplePredicate", "CompoundPredicate", "SimpleSetPredicate", "True", "False"];

/// Whether an element is a predicate.
pub(super) fn is_predicate(element: &Element) -> bool {
    NAMES.contains(&&*element.name)
}

/// Reads a predicate and sets `field` to its field. All parts must use the same field.
pub(super) fn read<'a>(element: &'a Element, field: &mut Option<&'a str>) -> Result<Truth> {
    read_within(element, field, MAX_DEPTH)
}

fn read_within<'a>(element: &'a Element, field: &mut Option<&'a str>, depth: usize) -> Result<Truth> {
    match &*element.name {
        "True" => Ok(Truth { ranges: vec![EVERYTHING], missing: Some(true) }),
        "False" => Ok(Truth { ranges: Vec::new(), missing: Some(false) }),
        "SimplePredicate" => {
            element.only(&["field", "operator", "value"], &[])?;
            let name = element.needed("field")?;
            if *field.get_or_insert(name) != name {
                return Err(Error::bad_whole("a Characteristic of the PMML is about several fields"));
            }
            simple(element)
        }
        "CompoundPredicate" => {
            element.only(&["booleanOperator"], NAMES)?;
            let depth = depth
                .checked_sub(1)
                .ok_or_else(|| Error::bad_whole("predicates of the PMML are nested more than 16 deep"))?;
            let parts = element.children.iter().filter(|child| is_predicate(child));
            if element.children.len() > MAX_BINS {
                return Err(Error::bad_whole("a CompoundPredicate of the PMML has too many parts"));
            }
            let parts: Vec<Truth> = parts.map(|part| read_within(part, field, depth)).collect::<Result<_>>()?;
            let combine = match element.needed("booleanOperator")? {
                "and" => and,
                "or" => or,
                _ => {
                    return Err(Error::bad_whole(
                        "the booleanOperator of a CompoundPredicate of the PMML must be and or or",
                    ));
                }
            };
            let truth = parts.into_iter().reduce(combine);
            let truth = truth.ok_or_else(|| Error::bad_whole("a CompoundPredicate of the PMML is empty"))?;
            if truth.ranges.len() > MAX_BINS {
                return Err(Error::bad_whole("a CompoundPredicate of the PMML has too many parts"));
            }
            Ok(truth)
        }
        _ => Err(Error::bad_whole(
            "a SimpleSetPredicate of the PMML cannot be used: give a CompoundPredicate of SimplePredicates",
        )),
    }
}

fn simple(element: &Element) -> Result<Truth> {
    let ranges = match element.needed("operator")? {
        "isMissing" => return Ok(Truth { ranges: Vec::new(), missing: Some(true) }),
        "isNotMissing" => return Ok(Truth { ranges: vec![EVERYTHING], missing: Some(false) }),
        operator => {
            let value = element.needed_number("value")? + 0.0;
            let (least, above, most) = (f64::NEG_INFINITY, value.next_up(), f64::INFINITY);
            match operator {
                "lessThan" => vec![(least, value)],
                "lessOrEqual" => vec![(least, above)],
                "greaterOrEqual" => vec![(value, most)],
                "greaterThan" => vec![(above, most)],
                "equal" => vec![(value, above)],
                "notEqual" => vec![(least, value), (above, most)],
                _ => return Err(Error::bad_whole("a SimplePredicate of the PMML has an unknown operator")),
            }
        }
    };
    Ok(Truth { ranges, missing: None })
}

/// The intersection: the overlaps of two ordered lists, found in one pass.
fn and(a: Truth, b: Truth) -> Truth {
    let (mut i, mut k, mut ranges) = (0, 0, Vec::new());
    while let (Some(x), Some(y)) = (a.ranges.get(i), b.ranges.get(k)) {
        let overlap = (x.0.max(y.0), x.1.min(y.1));
        if overlap.0 < overlap.1 {
            ranges.push(overlap);
        }
        if x.1 < y.1 { i += 1 } else { k += 1 }
    }
    let missing = match (a.missing, b.missing) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    Truth { ranges, missing }
}

/// The union.
fn or(a: Truth, b: Truth) -> Truth {
    let mut all = [a.ranges, b.ranges].concat();
    all.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
    let mut ranges: Vec<Range> = Vec::new();
    for range in all {
        match ranges.last_mut() {
            Some(last) if range.0 <= last.1 => last.1 = last.1.max(range.1),
            _ => ranges.push(range),
        }
    }
    let missing = match (a.missing, b.missing) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    };
    Truth { ranges, missing }
}
