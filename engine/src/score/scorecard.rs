//! Points scorecards: every attribute adds the points of the bin that holds the value of its feature.

mod json;
mod segments;
mod wire;

pub(super) use json::{coarse, read};
pub(super) use segments::{MAX_BINS, Overlap, Segments};
pub(super) use wire::{ScorecardDecoder, encode};

use super::glm::sigmoid;
use super::{MAX_FEATURES, MAX_NAME};

/// Maximum length of a reason code, in bytes. The codes of all bins of an attribute fit into one record.
pub(super) const MAX_CODE: usize = 64;

/// Maximum number of bands.
pub(super) const MAX_BANDS: usize = 1024;

/// Which points give a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Points below the baseline.
    Below,
    /// Points above the baseline, where more points are worse.
    Above,
}

/// The points of a bin, and the index of its reason code in the list of the attribute, or [`NO_CODE`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bin {
    pub(super) points: f64,
    pub(super) code: u32,
}

/// Mark of a bin without a reason code.
pub(super) const NO_CODE: u32 = u32::MAX;

/// One attribute of the scorecard.
#[derive(Debug)]
pub(super) struct Attribute {
    /// The feature whose value selects the bin.
    pub(super) feature: u32,
    pub(super) segments: Segments,
    /// The bin of a missing value; `None` if a value is required.
    pub(super) missing: Option<Bin>,
    /// The points that those of the bin are compared with. Without it the attribute gives no reasons.
    pub(super) baseline: Option<f64>,
    pub(super) codes: Vec<Box<str>>,
}

impl Attribute {
    /// The bin of a value; `None` if no bin holds it.
    pub(super) fn bin(&self, value: f64) -> Option<Bin> {
        if value.is_nan() { self.missing } else { self.segments.find(value) }
    }
}

/// Converts the score to a probability: `1 / (1 + exp(-(a + b * score)))`.
#[derive(Debug)]
pub(super) struct Probability {
    pub(super) a: f64,
    pub(super) b: f64,
    /// The outcome that has this probability.
    pub(super) of: Box<str>,
}

/// A range of scores up to `below`, which it does not contain.
#[derive(Debug)]
pub(super) struct Band {
    /// Infinite for a range without an end.
    pub(super) below: f64,
    pub(super) label: Box<str>,
}

/// A reason: the points that an attribute lost against its baseline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reason<'a> {
    pub(super) code: &'a str,
    pub(super) feature: u32,
    /// The points between the baseline and the bin, above 0.
    pub(super) points: f64,
}

/// A scorecard.
#[derive(Debug)]
pub(super) struct Scorecard {
    pub(super) initial: f64,
    pub(super) attributes: Vec<Attribute>,
    pub(super) method: Method,
    /// Maximum number of reasons.
    pub(super) max_reasons: u32,
    pub(super) probability: Option<Probability>,
    pub(super) bands: Vec<Band>,
}

impl Scorecard {
    /// Fails with a reason when a part of the scorecard is invalid.
    pub(super) fn check(self, features: usize) -> Result<Self, &'static str> {
        let name = |text: &str, longest: usize| !text.is_empty() && text.len() <= longest;
        if !self.initial.is_finite() {
            return Err("the initial score is not finite");
        }
        if self.attributes.is_empty() || self.attributes.len() > MAX_FEATURES {
            return Err("a scorecard has 1 to 4096 attributes");
        }
        for attribute in &self.attributes {
            let bins = attribute.segments.bins().chain(attribute.missing);
            let codes = attribute.codes.len();
            let fits = |bin: Bin| bin.points.is_finite() && (bin.code == NO_CODE || (bin.code as usize) < codes);
            if attribute.feature as usize >= features || !bins.into_iter().all(fits) {
                return Err("an attribute has no feature, or a bin no points");
            }
            if codes > MAX_BINS + 2 || attribute.codes.iter().any(|code| !name(code, MAX_CODE)) {
                return Err("a reason code has 1 to 64 bytes");
            }
            if attribute.baseline.is_some_and(|baseline| !baseline.is_finite()) {
                return Err("a baseline is not finite");
            }
        }
        if let Some(probability) = &self.probability
            && !(probability.a.is_finite() && probability.b.is_finite() && name(&probability.of, MAX_NAME))
        {
            return Err("a probability needs finite a and b, and of, the outcome");
        }
        let ascending = self.bands.windows(2).all(|pair| pair[0].below < pair[1].below);
        if self.bands.len() > MAX_BANDS || !ascending || self.bands.iter().any(|band| band.below.is_nan()) {
            return Err("bands have ascending limits, at most 1024");
        }
        if self.bands.iter().any(|band| !name(&band.label, MAX_NAME)) {
            return Err("the label of a band has 1 to 256 bytes");
        }
        Ok(self)
    }

    /// Writes the points of every attribute in order, and returns their sum with the initial score. Fails with the
    /// first attribute that has no bin for its value.
    pub(super) fn points(&self, row: &[f64], points: &mut [f64]) -> Result<f64, usize> {
        let mut score = self.initial;
        for (i, (attribute, points)) in self.attributes.iter().zip(points).enumerate() {
            let bin = attribute.bin(row[attribute.feature as usize]).ok_or(i)?;
            *points = bin.points;
            score += bin.points;
        }
        Ok(score)
    }

    /// The reasons for a score that is not the best: most points first; equal points in the order of the attributes.
    pub(super) fn reasons(&self, row: &[f64]) -> Vec<Reason<'_>> {
        let mut reasons: Vec<Reason<'_>> = Vec::new();
        if self.max_reasons == 0 {
            return reasons;
        }
        for attribute in &self.attributes {
            let (Some(baseline), Some(bin)) = (attribute.baseline, attribute.bin(row[attribute.feature as usize]))
            else {
                continue;
            };
            let points = match self.method {
                Method::Below => baseline - bin.points,
                Method::Above => bin.points - baseline,
            };
            if let Some(code) = attribute.codes.get(bin.code as usize)
                && points > 0.0
            {
                reasons.push(Reason { code, feature: attribute.feature, points });
            }
        }
        reasons.sort_by(|a, b| b.points.total_cmp(&a.points));
        reasons.truncate(self.max_reasons as usize);
        reasons
    }

    pub(super) fn band(&self, score: f64) -> Option<&str> {
        let band = self.bands.partition_point(|band| band.below <= score);
        self.bands.get(band).map(|band| &*band.label)
    }

    pub(super) fn probability(&self, score: f64) -> Option<(&str, f64)> {
        self.probability.as_ref().map(|p| (&*p.of, sigmoid(p.a + p.b * score)))
    }

    pub(super) fn bytes(&self) -> u64 {
        let codes = |codes: &[Box<str>]| codes.iter().map(|code| code.len() + 16).sum::<usize>();
        let of = |a: &Attribute| size_of::<Attribute>() + a.segments.bytes() + codes(&a.codes);
        let attributes: usize = self.attributes.iter().map(of).sum();
        let bands: usize = self.bands.iter().map(|band| band.label.len() + size_of::<Band>()).sum();
        (attributes + bands) as u64
    }
}
