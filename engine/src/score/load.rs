//! Reads a file into a model.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::coarse::close_steps;
use super::features::{EXACT, Features, Marker};
use super::forest::{self, ForestFile};
use super::given::Given;
use super::json::bad_form;
use super::limits::MAX_CONTRIBUTIONS;
use super::machine::{Answer, Machine};
use super::model::ScoreModel;
use super::options::{Format, LoadOptions, MissingValue};
use super::{foreign, glm, onnx, pmml, scorecard};
use crate::{Error, Progress, Result};

/// Detects the format of a file by its structure.
///
/// # Errors
/// [`Error::BadInput`] when the file has the structure of no known format.
fn detect(bytes: &[u8]) -> Result<Format> {
    #[derive(Deserialize)]
    struct Probe {
        format: Option<String>,
        learner: Option<IgnoredAny>,
        /// In a LightGBM dump.
        tree_info: Option<IgnoredAny>,
        /// In a CatBoost model.
        model_info: Option<IgnoredAny>,
    }
    let unknown = || Error::bad_whole("the format of the file is not known; give FORMAT to see what is wrong with it");
    match bytes.trim_ascii_start() {
        [b'<', ..] => Ok(Format::Pmml),
        text if text.starts_with(b"tree") => Ok(Format::Lightgbm),
        _ if forest::is_ubjson(bytes) => Ok(Format::Xgboost),
        _ if onnx::is_onnx(bytes) => Ok(Format::Onnx),
        [b'{', ..] => {
            let probe: Probe = serde_json::from_slice(bytes).map_err(|error| bad_form(&error, "a score model"))?;
            match (probe.format.as_deref(), probe.learner) {
                (Some("glm/1"), _) => Ok(Format::Glm),
                (Some("scorecard/1"), _) => Ok(Format::Scorecard),
                (None, Some(_)) => Ok(Format::Xgboost),
                _ if probe.model_info.is_some() => Ok(Format::Catboost),
                _ if probe.tree_info.is_some() => Err(Error::bad_whole(foreign::LIGHTGBM_DUMP)),
                _ => Err(unknown()),
            }
        }
        text => Err(foreign::text(text).map_or_else(unknown, Error::bad_whole)),
    }
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
        None => detect(bytes)?,
    };
    if options.trees.is_some() && format != Format::Xgboost {
        let reason =
            "TREES is for XGBoost models that stopped early; LightGBM and CatBoost save the best iterations only";
        return Err(Error::Invalid(reason.into()));
    }
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
        Format::Xgboost => of_forest(forest::xgboost(bytes, options.trees, progress)?, &mut warnings)?,
        Format::Lightgbm => of_forest(forest::lightgbm(bytes, progress)?, &mut warnings)?,
        Format::Catboost => of_forest(forest::catboost(bytes, progress)?, &mut warnings)?,
        Format::Pmml => pmml::read(bytes, &mut warnings, progress)?,
        Format::Onnx => {
            let (features, onnx) = onnx::read(bytes, &mut warnings, progress)?;
            (features, Machine::Onnx(Box::new(onnx)))
        }
    };
    if let Some(missing) = options.missing {
        // XGBoost compares numbers with the parameter missing as f32.
        let is_single = format == Format::Xgboost;
        features.set_marker(match missing {
            MissingValue::Number(number) => Some(Marker { number, is_single }),
            MissingValue::Nan => None,
        });
        warnings.retain(|warning| warning != forest::MISSING_IS_OPEN);
    }
    if let Some(decimals) = &options.decimals {
        features.set_decimals(decimals)?;
    }
    warnings.extend(notes(&features, &machine, &scales));
    let given = Given::new(options.classes.as_ref(), options.calibration.as_ref(), &machine)?;
    Ok(ScoreModel::build(format, features, machine, warnings, given))
}

/// Warnings about features whose decimals are coarse for the model, and about contributions that are left out.
fn notes(features: &Features, machine: &Machine, scales: &[f64]) -> Vec<String> {
    let mut notes = match machine {
        // PMML does not contain the spread of a feature.
        Machine::Glm(_) if scales.is_empty() => Vec::new(),
        Machine::Glm(_) => glm::coarse(features, scales),
        Machine::Scorecard(card) => scorecard::coarse(features, card),
        Machine::Forest(forest) => close_thresholds(features, forest.thresholds()),
        Machine::Program(program) => close_thresholds(features, program.thresholds()),
        // The thresholds of a graph are of values that it computes.
        Machine::Onnx(_) => Vec::new(),
    };
    let (outputs, width) = (machine.outputs(), features.len());
    if matches!(machine.answer(), Answer::Outputs { .. }) && outputs.saturating_mul(width) > MAX_CONTRIBUTIONS {
        notes.push(format!(
            "no contributions are given: {outputs} outputs times {width} features are more than {MAX_CONTRIBUTIONS}"
        ));
    }
    notes
}

fn of_forest(file: ForestFile, warnings: &mut Vec<String>) -> Result<(Features, Machine)> {
    warnings.extend(file.warnings);
    let names = file.forest.features().to_vec();
    let decimals = vec![EXACT; names.len()];
    let mut features = Features::new(names, decimals).map_err(Error::bad_whole)?;
    features.set_categories(file.categories).map_err(Error::bad_whole)?;
    Ok((features, Machine::Forest(Box::new(file.forest))))
}

fn close_thresholds(features: &Features, thresholds: impl IntoIterator<Item = (usize, Vec<f64>)>) -> Vec<String> {
    let mut narrowest = vec![f64::INFINITY; features.len()];
    for (feature, thresholds) in thresholds {
        let distances = thresholds.windows(2).map(|pair| pair[1] - pair[0]);
        if let Some(narrowest) = narrowest.get_mut(feature) {
            *narrowest = distances.fold(*narrowest, f64::min);
        }
    }
    close_steps(features, |i, step| step > narrowest[i], "one step of its decimals reaches over two thresholds")
}
