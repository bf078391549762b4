//! Files of the format `scorecard/1`.
//!
//! `{"format":"scorecard/1","name":..,"initial_score":..,"attributes":[{"name":..,"decimals":..,"missing_points":..,
//! "reason_code":..,"baseline_points":..,"bins":[{"ge":..,"lt":..,"points":..}]}],"reason_codes":{"method":"pointsBelow",
//! "max":..},"probability":{"link":"logit","a":..,"b":..,"of":..},"bands":[{"lt":..,"label":..}]}`. A bound that is
//! `null` or absent means no bound. Bins must not overlap; a value that no bin holds is an error.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::coarse::close_steps;
use super::super::features::{Features, declared};
use super::super::json::bad_form;
use super::{Attribute, Band, Bin, Method, NO_CODE, Overlap, Probability, Scorecard, Segments};
use crate::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    #[serde(rename = "name", default)]
    _name: IgnoredAny,
    #[serde(default)]
    initial_score: f64,
    attributes: Vec<Line>,
    reason_codes: Option<Reasons>,
    probability: Option<Outcome>,
    #[serde(default)]
    bands: Vec<Limit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: Box<str>,
    decimals: Option<u8>,
    missing_points: Option<f64>,
    reason_code: Option<Box<str>>,
    baseline_points: Option<f64>,
    bins: Vec<Range>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    ge: Option<f64>,
    lt: Option<f64>,
    points: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    method: String,
    max: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    link: String,
    a: f64,
    b: f64,
    of: Box<str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    lt: Option<f64>,
    label: Box<str>,
}

/// Reads a file.
pub(in crate::score) fn read(bytes: &[u8]) -> Result<(Features, Scorecard)> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| bad_form(&error, "scorecard/1"))?;
    if file.format != "scorecard/1" {
        return Err(Error::bad_whole("the field format is not scorecard/1"));
    }
    let (method, max_reasons) = match &file.reason_codes {
        None => (Method::Below, 0),
        Some(reasons) if reasons.method == "pointsBelow" => (Method::Below, reasons.max),
        Some(reasons) if reasons.method == "pointsAbove" => (Method::Above, reasons.max),
        Some(_) => return Err(Error::bad_whole("the method of reason_codes is pointsBelow or pointsAbove")),
    };
    if file.probability.as_ref().is_some_and(|outcome| outcome.link != "logit") {
        return Err(Error::bad_whole("the link of a probability is logit"));
    }
    let (mut names, mut decimals, mut attributes) = (Vec::new(), Vec::new(), Vec::new());
    for (i, line) in file.attributes.into_iter().enumerate() {
        names.push(line.name);
        decimals.push(declared(line.decimals)?);
        let codes: Vec<_> = line.reason_code.into_iter().collect();
        let code = if codes.is_empty() { NO_CODE } else { 0 };
        let bin = |range: &Range| {
            let (from, to) = (range.ge.unwrap_or(f64::NEG_INFINITY), range.lt.unwrap_or(f64::INFINITY));
            (from, to, Bin { points: range.points, code })
        };
        let bins: Vec<_> = line.bins.iter().map(bin).collect();
        let segments = Segments::new(&bins, Overlap::Refused)
            .map_err(|reason| Error::bad_whole(format!("attribute number {}: {reason}", i + 1)))?;
        attributes.push(Attribute {
            feature: i as u32,
            segments,
            missing: line.missing_points.map(|points| Bin { points, code }),
            baseline: line.baseline_points,
            codes,
        });
    }
    let band = |limit: Limit| Band { below: limit.lt.unwrap_or(f64::INFINITY), label: limit.label };
    let card = Scorecard {
        initial: file.initial_score,
        attributes,
        method,
        max_reasons,
        probability: file.probability.map(|outcome| Probability { a: outcome.a, b: outcome.b, of: outcome.of }),
        bands: file.bands.into_iter().map(band).collect(),
    };
    let features = Features::new(names, decimals).map_err(Error::bad_whole)?;
    let card = card.check(features.len()).map_err(Error::bad_whole)?;
    Ok((features, card))
}

/// Warnings about features whose rounding step is wider than a bin.
pub(in crate::score) fn coarse(features: &Features, card: &Scorecard) -> Vec<String> {
    let mut narrowest = vec![f64::INFINITY; features.len()];
    for attribute in &card.attributes {
        let of_feature = &mut narrowest[attribute.feature as usize];
        *of_feature = of_feature.min(attribute.segments.narrowest());
    }
    close_steps(features, |i, step| step > narrowest[i], "one step of its decimals is wider than a bin")
}
