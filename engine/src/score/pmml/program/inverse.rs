//! Inverse link functions: from a linear predictor to a mean or a probability.

use super::wire::{Reader, Wire, wire_choice, wire_struct};
use crate::{Error, Result};

/// The name of an inverse link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// `y`.
    Identity,
    /// `exp(y)`.
    Exp,
    /// `1 / (1 + exp(-y))`.
    Logit,
    /// `1 - exp(-exp(y))`.
    Cloglog,
    /// `exp(-exp(-y))`.
    Loglog,
    /// `0.5 + atan(y) / pi`.
    Cauchit,
    /// The standard normal distribution function of `y`.
    Probit,
    /// `1 - exp(y)`.
    Logc,
    /// `y^(1/d)`; `exp(y)` for `d = 0`.
    Power,
    /// `1 / (d * (exp(-y) - 1))`.
    NegativeBinomial,
    /// `1 / (1 + (1 + d * y)^(-1/d))`; the logistic function for `d = 0`.
    OddsPower,
}

impl Form {
    const ALL: [Self; 11] = [
        Self::Identity,
        Self::Exp,
        Self::Logit,
        Self::Cloglog,
        Self::Loglog,
        Self::Cauchit,
        Self::Probit,
        Self::Logc,
        Self::Power,
        Self::NegativeBinomial,
        Self::OddsPower,
    ];
}

wire_choice!(Form);

/// An inverse link with its parameter, which most do not use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Inverse {
    pub(in super::super) form: Form,
    pub(in super::super) parameter: f64,
}

wire_struct!(Inverse { form, parameter });

impl Inverse {
    /// An inverse link without a parameter.
    pub(in super::super) fn plain(form: Form) -> Self {
        Self { form, parameter: 0.0 }
    }

    /// The mean of a linear predictor.
    pub(super) fn of(self, y: f64) -> f64 {
        let d = self.parameter;
        match self.form {
            Form::Identity => y,
            Form::Exp => y.exp(),
            Form::Logit => 1.0 / (1.0 + (-y).exp()),
            Form::Cloglog => -(-y.exp()).exp_m1(),
            Form::Loglog => (-(-y).exp()).exp(),
            Form::Cauchit => 0.5 + y.atan() / std::f64::consts::PI,
            Form::Probit => 0.5 * libm::erfc(-y * std::f64::consts::FRAC_1_SQRT_2),
            Form::Logc => -y.exp_m1(),
            Form::Power if d == 0.0 => y.exp(),
            Form::Power => y.powf(1.0 / d),
            Form::NegativeBinomial => 1.0 / (d * (-y).exp_m1()),
            Form::OddsPower if d == 0.0 => 1.0 / (1.0 + (-y).exp()),
            Form::OddsPower => 1.0 / (1.0 + (1.0 + d * y).powf(-1.0 / d)),
        }
    }
}
