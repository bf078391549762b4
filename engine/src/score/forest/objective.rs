//! Objectives: the meaning of a margin, and how outputs are computed from margins.

use super::Task;

/// The library of an objective, which determines the precision of the computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Library {
    /// `f32` throughout.
    Xgboost,
    /// `f64` throughout.
    Lightgbm,
    /// Rows in `f32`, sums in `f64`.
    Catboost,
}

/// How an output is computed from a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Identity,
    /// `1 / (1 + exp(-steepness * margin))`; with several classes, for each class separately.
    Logistic,
    Exponential,
    Softmax,
    /// 1 if the margin is above 0, else 0.
    Step,
    /// `margin * |margin|`: the target was replaced by its signed root.
    Square,
    /// `ln(1 + exp(margin))`.
    Softplus,
}

/// The type of the outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Value,
    Binary,
    Classes,
}

/// An objective.
#[derive(Debug)]
pub(super) struct Objective {
    /// The name in its library.
    pub(super) name: &'static str,
    library: Library,
    answer: Answer,
    link: Link,
}

/// All known objectives; the index is the code in the byte form.
pub(super) const OBJECTIVES: [Objective; 73] = {
    use Answer::{Binary, Classes, Value};
    use Library::{Catboost, Lightgbm, Xgboost};
    use Link::{Exponential, Identity, Logistic, Softmax, Softplus, Square, Step};
    const fn of(library: Library, name: &'static str, answer: Answer, link: Link) -> Objective {
        Objective { name, library, answer, link }
    }
    [
        of(Xgboost, "reg:squarederror", Value, Identity),
        of(Xgboost, "reg:logistic", Value, Logistic),
        of(Xgboost, "binary:logistic", Binary, Logistic),
        of(Xgboost, "binary:logitraw", Value, Identity),
        of(Xgboost, "count:poisson", Value, Exponential),
        of(Xgboost, "reg:gamma", Value, Exponential),
        of(Xgboost, "reg:tweedie", Value, Exponential),
        of(Xgboost, "multi:softprob", Classes, Softmax),
        of(Xgboost, "multi:softmax", Classes, Softmax),
        of(Lightgbm, "regression", Value, Identity),
        of(Lightgbm, "regression_l1", Value, Identity),
        of(Lightgbm, "huber", Value, Identity),
        of(Lightgbm, "fair", Value, Identity),
        of(Lightgbm, "quantile", Value, Identity),
        of(Lightgbm, "mape", Value, Identity),
        of(Lightgbm, "poisson", Value, Exponential),
        of(Lightgbm, "gamma", Value, Exponential),
        of(Lightgbm, "tweedie", Value, Exponential),
        of(Lightgbm, "binary", Binary, Logistic),
        of(Lightgbm, "multiclass", Classes, Softmax),
        of(Lightgbm, "multiclassova", Classes, Logistic),
        of(Lightgbm, "cross_entropy", Value, Logistic),
        // From here on in version 2 of the byte form.
        of(Xgboost, "reg:absoluteerror", Value, Identity),
        of(Xgboost, "reg:pseudohubererror", Value, Identity),
        of(Xgboost, "reg:squaredlogerror", Value, Identity),
        of(Xgboost, "reg:quantileerror", Value, Identity),
        of(Xgboost, "reg:linear", Value, Identity),
        of(Xgboost, "binary:hinge", Value, Step),
        of(Xgboost, "survival:cox", Value, Exponential),
        of(Xgboost, "survival:aft", Value, Exponential),
        of(Xgboost, "rank:pairwise", Value, Identity),
        of(Xgboost, "rank:ndcg", Value, Identity),
        of(Xgboost, "rank:map", Value, Identity),
        of(Lightgbm, "lambdarank", Value, Identity),
        of(Lightgbm, "rank_xendcg", Value, Identity),
        of(Lightgbm, "cross_entropy_lambda", Value, Softplus),
        of(Lightgbm, "regression sqrt", Value, Square),
        of(Lightgbm, "regression_l1 sqrt", Value, Square),
        of(Lightgbm, "fair sqrt", Value, Square),
        of(Lightgbm, "quantile sqrt", Value, Square),
        of(Lightgbm, "mape sqrt", Value, Square),
        of(Lightgbm, "none", Value, Identity),
        of(Catboost, "RMSE", Value, Identity),
        of(Catboost, "MAE", Value, Identity),
        of(Catboost, "Quantile", Value, Identity),
        of(Catboost, "GroupQuantile", Value, Identity),
        of(Catboost, "Expectile", Value, Identity),
        of(Catboost, "Lq", Value, Identity),
        of(Catboost, "MAPE", Value, Identity),
        of(Catboost, "Huber", Value, Identity),
        of(Catboost, "LogCosh", Value, Identity),
        of(Catboost, "LogLinQuantile", Value, Identity),
        of(Catboost, "Cox", Value, Identity),
        of(Catboost, "SurvivalAft", Value, Identity),
        of(Catboost, "Poisson", Value, Exponential),
        of(Catboost, "Tweedie", Value, Exponential),
        of(Catboost, "YetiRank", Value, Identity),
        of(Catboost, "YetiRankPairwise", Value, Identity),
        of(Catboost, "PairLogit", Value, Identity),
        of(Catboost, "PairLogitPairwise", Value, Identity),
        of(Catboost, "QueryRMSE", Value, Identity),
        of(Catboost, "QuerySoftMax", Value, Identity),
        of(Catboost, "QueryCrossEntropy", Value, Identity),
        of(Catboost, "LambdaMart", Value, Identity),
        of(Catboost, "StochasticFilter", Value, Identity),
        of(Catboost, "StochasticRank", Value, Identity),
        of(Catboost, "Logloss", Binary, Logistic),
        of(Catboost, "CrossEntropy", Binary, Logistic),
        of(Catboost, "MultiClass", Classes, Softmax),
        of(Catboost, "MultiClassOneVsAll", Classes, Logistic),
        // From here on in version 4 of the byte form.
        of(Catboost, "MultiQuantile", Value, Identity),
        of(Catboost, "MultiRMSE", Value, Identity),
        of(Catboost, "MultiRMSEWithMissingValues", Value, Identity),
    ]
};

impl Objective {
    /// The objective with this name.
    pub(super) fn find(library: Library, name: &str) -> Option<&'static Self> {
        const { &OBJECTIVES }.iter().find(|objective| objective.library == library && objective.name == name)
    }

    /// The objective with this code.
    pub(super) fn coded(code: u8) -> Option<&'static Self> {
        const { &OBJECTIVES }.get(usize::from(code))
    }

    /// The code in the byte form.
    pub(super) fn code(&self) -> u8 {
        let place = OBJECTIVES.iter().position(|other| other.name == self.name && other.library == self.library);
        place.expect("OBJECTIVES contains every objective") as u8
    }

    /// Whether sums are rounded to `f32`.
    pub(super) fn is_single(&self) -> bool {
        self.library == Library::Xgboost
    }

    /// Whether the numbers of rows are rounded to `f32`.
    pub(super) fn has_single_rows(&self) -> bool {
        self.library != Library::Lightgbm
    }

    /// Whether the answer is a class.
    pub(super) fn gives_classes(&self) -> bool {
        self.answer != Answer::Value
    }

    /// Whether there is a margin for each class.
    pub(super) fn has_classes(&self) -> bool {
        self.answer == Answer::Classes
    }

    /// Whether there can be several margins: one for each class, quantile or target.
    pub(super) fn has_several_outputs(&self) -> bool {
        match self.library {
            // Rankings and survival models have one target.
            Library::Xgboost => !self.name.starts_with("rank:") && !self.name.starts_with("survival:"),
            Library::Lightgbm => self.has_classes(),
            Library::Catboost => self.has_classes() || self.name.starts_with("Multi"),
        }
    }

    /// Whether the objective has a factor of the margin.
    pub(super) fn has_steepness(&self) -> bool {
        self.library == Library::Lightgbm && self.link == Link::Logistic && self.answer != Answer::Value
    }

    /// The output of the forest for a row.
    pub(super) fn task(&self, groups: usize) -> Task {
        match self.answer {
            Answer::Classes => Task::Multi(groups),
            // Several targets of two classes each are probabilities that do not sum to 1.
            _ if groups > 1 => Task::Values(groups),
            Answer::Value => Task::Value,
            Answer::Binary => Task::Binary,
        }
    }

    /// The margin of an output in `f32`, as XGBoost converts its base score; not finite if there is none.
    pub(super) fn margin_of(&self, output: f32) -> f32 {
        match self.link {
            Link::Identity | Link::Softmax | Link::Step | Link::Square | Link::Softplus => output,
            Link::Logistic if (0.0..=1.0).contains(&output) => {
                -(1.0 / output.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE) - 1.0).ln()
            }
            Link::Logistic => f32::NAN,
            Link::Exponential => output.ln(),
        }
    }

    /// Computes the outputs from the margins of one row in the same way as the library.
    pub(super) fn apply(&self, steepness: f64, margins: &[f64], out: &mut [f64]) {
        match (self.link, self.library) {
            (Link::Identity, _) => out.copy_from_slice(margins),
            (Link::Softmax, Library::Xgboost) => softmax_single(margins, out),
            (Link::Softmax, Library::Lightgbm | Library::Catboost) => softmax(margins, out),
            (link, library) => {
                for (out, &margin) in out.iter_mut().zip(margins) {
                    *out = match (link, library) {
                        (Link::Logistic, Library::Xgboost) => f64::from(logistic_single(margin as f32)),
                        (Link::Logistic, Library::Lightgbm | Library::Catboost) => {
                            1.0 / (1.0 + (-steepness * margin).exp())
                        }
                        (Link::Step, _) => f64::from(u8::from(margin > 0.0)),
                        (Link::Square, _) => margin * margin.abs(),
                        (Link::Softplus, _) => margin.exp().ln_1p(),
                        (_, Library::Xgboost) => f64::from((margin as f32).exp()),
                        (_, Library::Lightgbm | Library::Catboost) => margin.exp(),
                    };
                }
            }
        }
    }
}

/// XGBoost 3 keeps this distance between a base score and 0 or 1, which it would be if all labels are the same.
const LEAST_SHARE: f32 = 1e-6;

/// The logistic function in `f32`. The exponent is bounded, so no intermediate result is infinite.
fn logistic_single(margin: f32) -> f32 {
    1.0 / ((-margin).min(88.7).exp() + 1.0)
}

fn largest(margins: &[f64]) -> f64 {
    margins.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Exponentials in `f32`, summed in `f64`.
fn softmax_single(margins: &[f64], out: &mut [f64]) {
    let largest = largest(margins) as f32;
    let mut sum = 0.0;
    for (out, &margin) in out.iter_mut().zip(margins) {
        *out = f64::from((margin as f32 - largest).exp());
        sum += *out;
    }
    let sum = sum as f32;
    out.iter_mut().for_each(|out| *out = f64::from(*out as f32 / sum));
}

fn softmax(margins: &[f64], out: &mut [f64]) {
    let largest = largest(margins);
    let mut sum = 0.0;
    for (out, &margin) in out.iter_mut().zip(margins) {
        *out = (margin - largest).exp();
        sum += *out;
    }
    out.iter_mut().for_each(|out| *out /= sum);
}
