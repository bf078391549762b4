//! Files of the format `scorecard/1`.
//!
//! `{"format":"scorecard/1","name":..,"initial_score":..,"attributes":[{"name":..,"decimals":..,"missing_points":..,
//! "reason_code":..,"baseline_points":..,"bins":[{"ge":..,"lt":..,"points":..}]}],"reason_codes":{"method":"pointsBelow",
//! "max":..},"probability":{"link":"logit","a":..,"b":..,"of":..},"bands":[{"lt":..,"label":..}]}`. A bound that is
//! `null` or absent means no bound. Bins must not overlap; a value that no bin holds is an error.
//!
//! An attribute of categories has bins `{"in":["a","b",7],"points":..}`; one bin `{"points":..}` among them is for all other
//! categories.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::categories::{Categories, Category, Unseen};
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
    #[serde(rename = "in")]
    among: Option<Vec<Name>>,
    points: f64,
}

/// The name of a category.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(Box<str>),
    Number(f64),
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
    let mut categories = Vec::new();
    for (i, mut line) in file.attributes.into_iter().enumerate() {
        let refuse = |reason| Error::bad_whole(format!("attribute number {}: {reason}", i + 1));
        categories.push(places(&mut line).map_err(refuse)?);
        names.push(line.name);
        decimals.push(declared(line.decimals)?);
        let codes: Vec<_> = line.reason_code.into_iter().collect();
        let code = if codes.is_empty() { NO_CODE } else { 0 };
        let bin = |range: &Range| {
            let (from, to) = (range.ge.unwrap_or(f64::NEG_INFINITY), range.lt.unwrap_or(f64::INFINITY));
            (from, to, Bin { points: range.points, code })
        };
        let bins: Vec<_> = line.bins.iter().map(bin).collect();
        let segments = Segments::new(&bins, Overlap::Refused).map_err(refuse)?;
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
    let mut features = Features::new(names, decimals).map_err(Error::bad_whole)?;
    features.set_categories(categories).map_err(Error::bad_whole)?;
    let card = card.check(features.len()).map_err(Error::bad_whole)?;
    Ok((features, card))
}

/// The categories of an attribute that has bins of them. Replaces their names by the range of their places, which are
/// numbered bin by bin, so that each bin is one range.
fn places(line: &mut Line) -> Result<Option<Categories>, &'static str> {
    if line.bins.iter().all(|bin| bin.among.is_none()) {
        return Ok(None);
    }
    if line.decimals.is_some() {
        return Err("an attribute of categories has no decimals");
    }
    if line.bins.iter().any(|bin| bin.ge.is_some() || bin.lt.is_some()) {
        return Err("bins have either in, or ge and lt");
    }
    let mut names = Vec::new();
    for bin in &mut line.bins {
        let Some(list) = bin.among.take() else { continue };
        if list.is_empty() {
            return Err("in is an empty list");
        }
        bin.ge = Some(names.len() as f64);
        names.extend(list.into_iter().map(|name| match name {
            Name::Text(text) => Category::Text(text),
            Name::Number(number) => Category::Number(number),
        }));
        bin.lt = Some(names.len() as f64);
    }
    let mut others = line.bins.iter_mut().filter(|bin| bin.ge.is_none());
    let other = others.next();
    if others.next().is_some() {
        return Err("two bins are for all other categories");
    }
    let unseen = if other.is_some() { Unseen::Other } else { Unseen::Refused };
    if let Some(other) = other {
        other.ge = Some(names.len() as f64);
    }
    Categories::new(names, unseen).map(Some)
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
