//! Formats of files, and how a file is read.

use super::decimals::Decimals;

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
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// The format; detected unless given.
    pub format: Option<Format>,
    /// Decimals to round features to; those the file declares unless given.
    pub decimals: Option<Decimals>,
}
