//! Files to models.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::decimals::Decimals;
use super::features::{EXACT, Features};
use super::forest::{self, Forest};
use super::model::{Machine, ScoreModel};
use super::{foreign, glm, pmml, scorecard};
use crate::{Error, Place, Progress, Result};

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `glm/1` JSON: generalised linear models.
    Glm,
    /// `scorecard/1` JSON: points scorecards.
    Scorecard,
    /// JSON that XGBoost saves.
    Xgboost,
    /// Text that LightGBM saves.
    Lightgbm,
    /// PMML with a RegressionModel or a Scorecard.
    Pmml,
}

impl Format {
    /// By their codes in the byte form: the place in the list is the code.
    pub(super) const ALL: [Self; 5] = [Self::Glm, Self::Scorecard, Self::Xgboost, Self::Lightgbm, Self::Pmml];

    /// The name used in options and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Glm => "glm",
            Self::Scorecard => "scorecard",
            Self::Xgboost => "xgboost",
            Self::Lightgbm => "lightgbm",
            Self::Pmml => "pmml",
        }
    }

    /// The format of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|format| name.eq_ignore_ascii_case(format.name().as_bytes()))
    }

    /// The format that a file has the structure of.
    ///
    /// # Errors
    /// [`Error::BadInput`] when it has that of none.
    fn detect(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Probe {
            format: Option<String>,
            learner: Option<IgnoredAny>,
            /// Of a LightGBM dump.
            tree_info: Option<IgnoredAny>,
            /// Of CatBoost.
            model_info: Option<IgnoredAny>,
        }
        let unknown =
            || Error::bad_whole("the format of the file is not known; give FORMAT to see what is wrong with it");
        match bytes.trim_ascii_start() {
            [b'<', ..] => Ok(Self::Pmml),
            text if text.starts_with(b"tree") => Ok(Self::Lightgbm),
            [b'{', ..] => {
                let probe: Probe = serde_json::from_slice(bytes).map_err(|error| bad_form(&error, "a score model"))?;
                match (probe.format.as_deref(), probe.learner) {
                    (Some("glm/1"), _) => Ok(Self::Glm),
                    (Some("scorecard/1"), _) => Ok(Self::Scorecard),
                    (None, Some(_)) => Ok(Self::Xgboost),
                    _ if probe.model_info.is_some() => Err(Error::bad_whole(foreign::CATBOOST)),
                    _ if probe.tree_info.is_some() => Err(Error::bad_whole(foreign::LIGHTGBM_DUMP)),
                    _ => Err(unknown()),
                }
            }
            text => Err(foreign::text(text).map_or_else(unknown, Error::bad_whole)),
        }
    }
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// The format; detected unless given.
    pub format: Option<Format>,
    /// Decimals to round features to; those the file declares unless given.
    pub decimals: Option<Decimals>,
}

/// Reads a model.
///
/// # Errors
/// [`Error::BadInput`] for the file, [`Error::Invalid`] for the options, [`Error::TooBig`], [`Error::Cancelled`].
pub fn load(bytes: &[u8], options: &LoadOptions, progress: &Progress) -> Result<ScoreModel> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    progress.check()?;
    if let Some(reason) = foreign::binary(bytes) {
        return Err(Error::bad_whole(reason));
    }
    let format = match options.format {
        Some(format) => format,
        None => Format::detect(bytes)?,
    };
    let mut scales = Vec::new();
    let mut warnings = Vec::new();
    let (mut features, machine) = match format {
        Format::Glm => {
            let (features, glm, of_glm) = glm::read(bytes)?;
            scales = of_glm;
            (features, Machine::Glm(glm))
        }
        Format::Scorecard => {
            let (features, card) = scorecard::read(bytes)?;
            (features, Machine::Scorecard(card))
        }
        Format::Xgboost => of_forest(forest::xgboost(bytes, progress)?, &mut warnings)?,
        Format::Lightgbm => of_forest(forest::lightgbm(bytes, progress)?, &mut warnings)?,
        Format::Pmml => pmml::read(bytes, &mut warnings, progress)?,
    };
    if let Some(decimals) = &options.decimals {
        features.set_decimals(decimals)?;
    }
    warnings.extend(match &machine {
        // PMML says nothing of the spread of a feature.
        Machine::Glm(_) if scales.is_empty() => Vec::new(),
        Machine::Glm(_) => glm::coarse(&features, &scales),
        Machine::Scorecard(card) => scorecard::coarse(&features, card),
        Machine::Forest(forest) => close_thresholds(&features, forest),
    });
    Ok(ScoreModel::build(format, features, machine, warnings))
}

fn of_forest((forest, notes): (Forest, Vec<String>), warnings: &mut Vec<String>) -> Result<(Features, Machine)> {
    warnings.extend(notes);
    let names = forest.features().to_vec();
    let decimals = vec![EXACT; names.len()];
    Ok((Features::new(names, decimals).map_err(Error::bad_whole)?, Machine::Forest(forest)))
}

fn close_thresholds(features: &Features, forest: &Forest) -> Vec<String> {
    let mut narrowest = vec![f64::INFINITY; features.len()];
    for (feature, thresholds) in forest.thresholds() {
        let distances = thresholds.windows(2).map(|pair| pair[1] - pair[0]);
        if let Some(narrowest) = narrowest.get_mut(feature) {
            *narrowest = distances.fold(*narrowest, f64::min);
        }
    }
    close_steps(features, |i, step| step > narrowest[i], "one step of its decimals reaches over two thresholds")
}

/// The most warnings of one kind that are spelled out.
const MAX_WARNINGS: usize = 20;

/// Warnings about features whose decimals are too few: those that `is_coarse` says of, given the step between values.
pub(super) fn close_steps(features: &Features, is_coarse: impl Fn(usize, f64) -> bool, why: &str) -> Vec<String> {
    let coarse = |&i: &usize| features.step(i).is_some_and(|step| is_coarse(i, step));
    let found: Vec<usize> = (0..features.len()).filter(coarse).collect();
    let mut warnings: Vec<String> =
        found.iter().take(MAX_WARNINGS).map(|&i| format!("feature {}: {why}", features.shown(i))).collect();
    if found.len() > MAX_WARNINGS {
        warnings.push(format!("{} more features: {why}", found.len() - MAX_WARNINGS));
    }
    warnings
}

/// What the parser of JSON found wrong. Its texts may quote the file, so they are not passed on.
pub(super) fn bad_form(error: &serde_json::Error, format: &str) -> Error {
    let place = Place { line: error.line() as u64, column: error.column() as u64, ..Place::default() };
    match error.classify() {
        serde_json::error::Category::Data => {
            let reason =
                format!("not of the form of {format}: a field is unknown, missing, repeated or of the wrong type");
            Error::bad(reason, place)
        }
        _ => Error::bad("the file is not JSON, or nested too deeply", place),
    }
}
