//! Formats of files, and the options for reading a file.

use super::calibration::Calibration;
use super::classes::Classes;
use super::decimals::Decimals;
use super::number;
use crate::{Error, Result};

/// The file formats.
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
    /// PMML with a `RegressionModel` or a `Scorecard`.
    Pmml,
    /// JSON that CatBoost saves.
    Catboost,
    /// ONNX with operators of `ai.onnx.ml`.
    Onnx,
}

impl Format {
    /// All formats.
    const ALL: [Self; 7] =
        [Self::Glm, Self::Scorecard, Self::Xgboost, Self::Lightgbm, Self::Pmml, Self::Catboost, Self::Onnx];

    /// The code in the byte form.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Glm => 0,
            Self::Scorecard => 1,
            Self::Xgboost => 2,
            Self::Lightgbm => 3,
            Self::Pmml => 4,
            Self::Catboost => 5,
            Self::Onnx => 6,
        }
    }

    /// The format with this code in the byte form.
    pub(super) fn coded(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.code() == code)
    }

    /// The name in options and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Glm => "glm",
            Self::Scorecard => "scorecard",
            Self::Xgboost => "xgboost",
            Self::Lightgbm => "lightgbm",
            Self::Pmml => "pmml",
            Self::Catboost => "catboost",
            Self::Onnx => "onnx",
        }
    }

    /// The format with this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|format| name.eq_ignore_ascii_case(format.name().as_bytes()))
    }
}

/// The trees that are used of a model that stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trees {
    /// Those up to the best iteration, as `predict` of XGBoost's scikit-learn interface uses.
    Best,
    /// All of the file, as `Booster.predict` uses.
    All,
}

/// What stands for a missing value, besides NaN and `null`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MissingValue {
    /// Nothing.
    Nan,
    /// A finite number.
    Number(f64),
}

/// Options for reading a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoadOptions {
    /// The format; detected if it is `None`.
    pub format: Option<Format>,
    /// The decimals to round features to; if `None`, those that the file declares.
    pub decimals: Option<Decimals>,
    /// The trees of a model that stopped early; if `None`, all, with a warning.
    pub trees: Option<Trees>,
    /// What stands for a missing value in rows; if `None`, no number, with a warning where the model may have been trained
    /// with one.
    pub missing: Option<MissingValue>,
    /// The names of the classes; if `None`, those of the file, or numbers.
    pub classes: Option<Classes>,
    /// What is done with the answer of the model; if `None`, nothing.
    pub calibration: Option<Calibration>,
}

impl MissingValue {
    /// Reads the value of the option `MISSING`: a number, or `nan`.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        match number::read(text) {
            Ok(number::Spelled::Missing) if !text.is_empty() => Ok(Self::Nan),
            Ok(number) if !text.is_empty() => Ok(Self::Number(number.value())),
            _ => {
                let reason = "MISSING is the number that stands for a missing value, or nan if there is none";
                Err(Error::Invalid(reason.into()))
            }
        }
    }
}
