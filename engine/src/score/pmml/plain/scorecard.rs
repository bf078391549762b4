//! `Scorecard`: every characteristic becomes an attribute, its PMML attributes become the bins. The first bin that
//! holds a value counts.

use super::super::element::Element;
use super::predicate;
use crate::score::MAX_FEATURES;
use crate::score::features::Features;
use crate::score::machine::Machine;
use crate::score::scorecard::{Attribute, Bin, Method, NO_CODE, Overlap, Scorecard, Segments};
use crate::{Error, Result};

/// Reads a model with these fields.
pub(super) fn read(model: &Element, fields: Vec<Box<str>>) -> Result<(Features, Machine)> {
    model.only(
        &[
            "modelName",
            "functionName",
            "algorithmName",
            "initialScore",
            "useReasonCodes",
            "reasonCodeAlgorithm",
            "baselineScore",
            "baselineMethod",
            "isScorable",
        ],
        &[
            "MiningSchema",
            "Output",
            "ModelStats",
            "ModelExplanation",
            "Targets",
            "LocalTransformations",
            "Characteristics",
            "ModelVerification",
        ],
    )?;
    let features = super::features(fields)?;
    let method = match model.attribute("reasonCodeAlgorithm").unwrap_or("pointsBelow") {
        "pointsBelow" => Method::Below,
        "pointsAbove" => Method::Above,
        _ => return Err(Error::bad_whole("the reasonCodeAlgorithm of the PMML is pointsBelow or pointsAbove")),
    };
    let with_reasons = model.attribute("useReasonCodes") != Some("false");
    let characteristics = model.child("Characteristics");
    let characteristics =
        characteristics.ok_or_else(|| Error::bad_whole("the PMML scorecard has no Characteristics"))?;
    characteristics.only(&[], &["Characteristic"])?;
    let mut attributes = Vec::new();
    let baseline = model.number("baselineScore")?;
    for characteristic in characteristics.children_called("Characteristic") {
        attributes.push(attribute(characteristic, &features, baseline, attributes.len())?);
    }
    let card = Scorecard {
        initial: model.number("initialScore")?.unwrap_or(0.0),
        attributes,
        method,
        max_reasons: if with_reasons { max_reasons(model) } else { 0 },
        probability: None,
        bands: Vec::new(),
    };
    let card = card.check(features.len()).map_err(Error::bad_whole)?;
    Ok((features, Machine::Scorecard(card)))
}

/// The number of reasons that the model declares as outputs; no limit if it declares none.
pub(in super::super) fn max_reasons(model: &Element) -> u32 {
    let outputs = model.child("Output").into_iter().flat_map(|output| output.children_called("OutputField"));
    match outputs.filter(|field| field.attribute("feature") == Some("reasonCode")).count() {
        0 => MAX_FEATURES as u32,
        reasons => reasons as u32,
    }
}

fn attribute(characteristic: &Element, features: &Features, baseline: Option<f64>, number: usize) -> Result<Attribute> {
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
    characteristic.only(&["name", "reasonCode", "baselineScore"], &["Attribute"])?;
    let common = characteristic.attribute("reasonCode");
    let (mut field, mut bins, mut missing) = (None, Vec::new(), None);
    for (i, attribute) in characteristic.children_called("Attribute").enumerate() {
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
        baseline: characteristic.number("baselineScore")?.or(baseline),
        codes,
    })
}
