//! `Scorecard`: every characteristic becomes an attribute, its PMML attributes become the bins. The first bin that
//! holds a value counts.

use super::super::element::Element;
use super::super::heads;
use super::predicate;
use crate::score::features::Features;
use crate::score::machine::Machine;
use crate::score::scorecard::{Attribute, Bin, Method, NO_CODE, Overlap, Scorecard, Segments};
use crate::{Error, Result};

/// Reads a model with these fields.
pub(super) fn read(model: &Element, fields: Vec<Box<str>>) -> Result<(Features, Machine)> {
    let head = heads::Card::read(model)?;
    let features = super::features(fields)?;
    let mut attributes = Vec::new();
    for characteristic in head.list.children_called("Characteristic") {
        attributes.push(attribute(characteristic, &features, &head, attributes.len())?);
    }
    let card = Scorecard {
        initial: head.initial,
        attributes,
        method: if head.is_above { Method::Above } else { Method::Below },
        max_reasons: head.max_reasons,
        probability: None,
        bands: Vec::new(),
    };
    let card = card.check(features.len()).map_err(Error::bad_whole)?;
    Ok((features, Machine::Scorecard(card)))
}

fn attribute(
    characteristic: &Element,
    features: &Features,
    card: &heads::Card<'_>,
    number: usize,
) -> Result<Attribute> {
    let in_this =
        |reason: &str| Error::bad_whole(format!("Characteristic number {} of the PMML: {reason}", number + 1));
    let mut codes: Vec<Box<str>> = Vec::new();
    let mut code_of = |code: Option<&str>| {
        let Some(code) = code else { return NO_CODE };
        let known = codes.iter().position(|known| &**known == code);
        known.unwrap_or_else(|| {
            codes.push(code.into());
            codes.len() - 1
        }) as u32
    };
    let heads::Characteristic { code: common, baseline, attributes } =
        heads::Characteristic::read(characteristic, card)?;
    let (mut field, mut bins, mut missing) = (None, Vec::new(), None);
    for (i, attribute) in attributes.into_iter().enumerate() {
        if i > crate::score::scorecard::MAX_BINS {
            return Err(in_this("more than 512 attributes"));
        }
        if attribute.child("ComplexPartialScore").is_some() {
            return Err(in_this("a ComplexPartialScore, which is not computed"));
        }
        attribute.only(&["reasonCode", "partialScore"], predicate::NAMES)?;
        let mut predicates = attribute.children.iter().filter(|child| predicate::is_predicate(child));
        let (Some(one), None) = (predicates.next(), predicates.next()) else {
            return Err(in_this("an attribute needs exactly one predicate that can be used"));
        };
        let truth = predicate::read(one, &mut field)?;
        let code = code_of(attribute.attribute("reasonCode").or(common));
        let bin = Bin { points: attribute.needed_number("partialScore")?, code };
        if truth.missing == Some(true) {
            missing.get_or_insert(bin);
        }
        bins.extend(truth.ranges.into_iter().map(|(from, to)| (from, to, bin)));
    }
    let feature = field.and_then(|field| features.find(field.as_bytes(), number));
    let feature = feature.ok_or_else(|| in_this("its predicates name no active field"))?;
    Ok(Attribute {
        feature: feature as u32,
        segments: Segments::new(&bins, Overlap::First).map_err(in_this)?,
        missing,
        baseline,
        codes,
    })
}
