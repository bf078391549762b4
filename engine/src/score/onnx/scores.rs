//! From sums to scores: the transforms of the operators of `ai.onnx.ml`, and the cases of two classes, which onnxruntime
//! distinguishes by the weights that a file has.

use super::arithmetic::{sigmoid_double, sigmoid_single};

/// A transform of the scores of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transform {
    None,
    Logistic,
    Softmax,
    SoftmaxZero,
    Probit,
}

impl Transform {
    /// The transform with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "NONE" => Self::None,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX" => Self::Softmax,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            "PROBIT" => Self::Probit,
            _ => return None,
        })
    }
}

/// How one score becomes those of two classes, except with [`Transform::Logistic`], which gives the logistics of `-score`
/// and `score`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Second {
    /// `1 - score` and `score`.
    Complement,
    /// `-score` and `score`.
    Opposite,
}

/// `2 / (0.147 pi)` with the digits of pi that onnxruntime has.
const START: f32 = 4.3307505;

/// The functions of one floating-point type.
macro_rules! transforms {
    ($name:ident, $pair:ident, $probit:ident, $sigmoid:ident, $kind:ty) => {
        /// Transforms the scores of a row.
        pub(super) fn $name(transform: Transform, scores: &mut [$kind]) {
            let most = scores.iter().copied().fold(<$kind>::MIN, <$kind>::max);
            match transform {
                Transform::None => {}
                Transform::Logistic => scores.iter_mut().for_each(|score| *score = $sigmoid(*score)),
                Transform::Probit => scores.iter_mut().for_each(|score| *score = $probit(*score)),
                Transform::Softmax => {
                    let mut sum = 0.0;
                    for score in &mut *scores {
                        *score = (*score - most).exp();
                        sum += *score;
                    }
                    scores.iter_mut().for_each(|score| *score /= sum);
                }
                // Zeros are no scores: they stay zeros.
                Transform::SoftmaxZero => {
                    let mut sum = 0.0;
                    for score in &mut *scores {
                        if *score > 0.000_000_1 || *score < -0.000_000_1 {
                            *score = (*score - most).exp();
                            sum += *score;
                        } else {
                            *score *= (-most).exp();
                        }
                    }
                    scores.iter_mut().for_each(|score| *score /= sum);
                }
            }
        }

        /// The scores of two classes from one.
        pub(super) fn $pair(transform: Transform, second: Second, score: $kind) -> [$kind; 2] {
            match (second, transform) {
                (_, Transform::Logistic) => [$sigmoid(-score), $sigmoid(score)],
                (Second::Complement, _) => [1.0 - score, score],
                (Second::Opposite, _) => [-score, score],
            }
        }

        /// `sqrt(2)` times the inverse of the error function at `2 x - 1`, by Winitzki's approximation with onnxruntime's
        /// constants.
        pub(super) fn $probit(x: $kind) -> $kind {
            let y = 2.0 * (x as f32) - 1.0;
            let log = ((1.0 - y) * (1.0 + y)).ln();
            let half = START + 0.5 * log;
            let inverse = (-half + (half * half - 1.0 / 0.147 * log).sqrt()).sqrt();
            (std::f32::consts::SQRT_2 * if y < 0.0 { -inverse } else { inverse }) as $kind
        }
    };
}

transforms!(transform_single, pair_single, probit_single, sigmoid_single, f32);
transforms!(transform_double, pair_double, probit_double, sigmoid_double, f64);
