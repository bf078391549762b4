//! Generalised linear models: `link(intercept + sum of weight * (x - mean) / scale)`.
//!
//! The scale is folded into the weight at load. The mean is not folded into the intercept: the terms of the sum are
//! then exactly the contributions, and large intercepts and large features do not cancel. Sums are in the order of the
//! features, for a single row and for a block of rows, so both give the same bits.

mod json;
mod wire;

pub(super) use json::{coarse, numbered, read};
pub(super) use wire::{GlmDecoder, encode};

use super::{MAX_CLASSES, MAX_NAME};

/// How the score is computed from the margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// The margin itself.
    Identity,
    /// `exp(margin)`.
    Log,
    /// `1 / (1 + exp(-margin))`, the probability of the second of two classes.
    Logit,
    /// `exp(margin)` divided by the sum of `exp(margin)` of all classes.
    Softmax,
    /// `1 / margin`.
    Inverse,
    /// `1 / sqrt(margin)`.
    InverseSquared,
    /// The standard normal distribution function of the margin, the probability of the second of two classes.
    Probit,
    /// `1 - exp(-exp(margin))`, the probability of the second of two classes.
    Cloglog,
    /// The square of the margin.
    Sqrt,
}

impl Link {
    /// All links; the index is the code in the byte form.
    pub(super) const ALL: [Self; 9] = [
        Self::Identity,
        Self::Log,
        Self::Logit,
        Self::Softmax,
        Self::Inverse,
        Self::InverseSquared,
        Self::Probit,
        Self::Cloglog,
        Self::Sqrt,
    ];

    /// The name in a file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Log => "log",
            Self::Logit => "logit",
            Self::Softmax => "softmax",
            Self::Inverse => "inverse",
            Self::InverseSquared => "inverse_squared",
            Self::Probit => "probit",
            Self::Cloglog => "cloglog",
            Self::Sqrt => "sqrt",
        }
    }

    /// Whether the output is the probability of the second of two classes.
    pub(super) const fn is_binary(self) -> bool {
        matches!(self, Self::Logit | Self::Probit | Self::Cloglog)
    }

    /// The output of a link with one output.
    fn output(self, margin: f64) -> f64 {
        match self {
            Self::Identity | Self::Softmax => margin,
            Self::Log => margin.exp(),
            Self::Logit => sigmoid(margin),
            Self::Inverse => 1.0 / margin,
            Self::InverseSquared => 1.0 / margin.sqrt(),
            Self::Probit => 0.5 * libm::erfc(-margin * std::f64::consts::FRAC_1_SQRT_2),
            Self::Cloglog => -(-margin.exp()).exp_m1(),
            Self::Sqrt => margin * margin,
        }
    }

    /// Computes the outputs of `margins`; `out` and `margins` have the same length.
    pub(super) fn apply(self, margins: &[f64], out: &mut [f64]) {
        match self {
            Self::Softmax => {
                let most = margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                out.iter_mut().zip(margins).for_each(|(out, margin)| *out = (margin - most).exp());
                let sum: f64 = out.iter().sum();
                out.iter_mut().for_each(|out| *out /= sum);
            }
            _ => out.iter_mut().zip(margins).for_each(|(out, &margin)| *out = self.output(margin)),
        }
    }
}

/// `1 / (1 + exp(-x))`, accurate to the last bits for large and small `x`.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// A generalised linear model of `n` features and one output or several: of classes (softmax), or of several targets.
#[derive(Debug)]
pub(super) struct Glm {
    pub(super) link: Link,
    features: usize,
    outputs: usize,
    /// `n` means, one intercept for each output, then `n` weights for each output.
    numbers: Vec<f64>,
    /// The label of each class, or the name of each of several targets; empty for one number.
    pub(super) labels: Vec<Box<str>>,
}

impl Glm {
    /// Fails with a reason when the parts contradict each other.
    pub(super) fn new(
        link: Link,
        features: usize,
        outputs: usize,
        mut numbers: Vec<f64>,
        labels: Vec<Box<str>>,
    ) -> Result<Self, &'static str> {
        let (least, most) = match link {
            Link::Softmax => (2, MAX_CLASSES),
            _ if link.is_binary() => (1, 1),
            _ => (1, MAX_CLASSES),
        };
        if !(least..=most).contains(&outputs) {
            return Err("softmax takes 2 to 1024 outputs, logit, probit and cloglog one, every other link 1 to 1024");
        }
        let wanted = match link {
            _ if link.is_binary() => 2,
            _ if outputs > 1 => outputs,
            _ => 0,
        };
        if labels.len() != wanted {
            return Err("every class and every one of several outputs needs a label");
        }
        check_labels(&labels)?;
        if numbers.len() != count(features, outputs) {
            return Err("there are more or fewer numbers than features and outputs need");
        }
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err("a number is not finite, or a coefficient over its scale is not");
        }
        numbers.shrink_to_fit();
        Ok(Self { link, features, outputs, numbers, labels })
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    fn means(&self) -> &[f64] {
        &self.numbers[..self.features]
    }

    fn intercepts(&self) -> &[f64] {
        &self.numbers[self.features..self.features + self.outputs]
    }

    /// The intercept of an output: its margin where every feature has its mean.
    pub(super) fn intercept(&self, output: usize) -> f64 {
        self.intercepts()[output]
    }

    fn weights(&self, output: usize) -> &[f64] {
        let start = self.features + self.outputs + output * self.features;
        &self.numbers[start..start + self.features]
    }

    /// The margin of each output.
    pub(super) fn margins(&self, row: &[f64], margins: &mut [f64]) {
        for (output, margin) in margins.iter_mut().enumerate() {
            let mut sum = self.intercepts()[output];
            for ((x, mean), weight) in row.iter().zip(self.means()).zip(self.weights(output)) {
                sum += (x - mean) * weight;
            }
            *margin = sum;
        }
    }

    /// The contribution of every feature to the margin of one output.
    pub(super) fn contributions(&self, row: &[f64], output: usize, out: &mut [f64]) {
        let parts = row.iter().zip(self.means()).zip(self.weights(output));
        for (out, ((x, mean), weight)) in out.iter_mut().zip(parts) {
            *out = (x - mean) * weight;
        }
    }

    /// Adds the contributions of feature `i` to `sums` (`column.len()` rows for each output).
    pub(super) fn add_column(&self, i: usize, column: &[f64], sums: &mut [f64]) {
        let mean = self.means()[i];
        for (output, sums) in sums.chunks_exact_mut(column.len()).enumerate() {
            let weight = self.weights(output)[i];
            for (sum, x) in sums.iter_mut().zip(column) {
                *sum += (x - mean) * weight;
            }
        }
    }

    /// Fills `sums` (`rows` rows for each output) with the intercepts.
    pub(super) fn begin_block(&self, rows: usize, sums: &mut [f64]) {
        for (sums, &intercept) in sums.chunks_exact_mut(rows).zip(self.intercepts()) {
            sums.fill(intercept);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        let labels: usize = self.labels.iter().map(|label| label.len() + size_of::<Box<str>>()).sum();
        (self.numbers.capacity() * size_of::<f64>() + labels) as u64
    }
}

/// The number of numbers in a model with these features and outputs.
fn count(features: usize, outputs: usize) -> usize {
    features + outputs + outputs * features
}

/// Checks the labels of classes or outputs: 1 to 256 bytes, unique.
fn check_labels(labels: &[Box<str>]) -> Result<(), &'static str> {
    let mut sorted: Vec<&str> = labels.iter().map(|label| &**label).collect();
    sorted.sort_unstable();
    if sorted.iter().any(|label| label.is_empty() || label.len() > MAX_NAME) {
        return Err("a label has 1 to 256 bytes");
    }
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("two classes or outputs have the same label");
    }
    Ok(())
}
