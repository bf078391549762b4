//! A score model and the evaluation of one row.
//!
//! A file that the machines cannot evaluate exactly is refused at load; nothing is approximated.
//!
//! Terms: *feature* (a named input), *margin* (the argument of the link function), *link*, *bin*, *points*, *band*,
//! *reason code*, *contribution* (what a feature adds to the margin or to the points).

use std::sync::OnceLock;
use std::time::Duration;

use super::calibration::Calibration;
use super::codec;
use super::features::Features;
use super::given::Given;
use super::limits::MAX_CONTRIBUTIONS;
use super::machine::{Answer, Machine};
use super::onnx::Fault;
use super::options::Format;
use super::pmml;
use super::row::Scratch;
use super::scorecard::Scorecard;
use crate::{Error, Result};

/// A score model: immutable, and ready to answer as soon as it is loaded.
#[derive(Debug)]
pub struct ScoreModel {
    pub(super) format: Format,
    pub(super) features: Features,
    pub(super) machine: Machine,
    pub(super) answer: Answer,
    /// The label of each class, or the name of each of several numbers.
    pub(super) labels: Vec<Box<str>>,
    /// The same as JSON strings.
    pub(super) printed: Vec<Box<[u8]>>,
    pub(super) warnings: Vec<String>,
    pub(super) calibration: Option<Calibration>,
    /// All frames except those of records that are made on request.
    pub(super) frames: Vec<Box<[u8]>>,
    pub(super) digest: OnceLock<[u8; 16]>,
    pub(super) held: u64,
    /// The approximate time for one row: with its document, and in a batch of numbers.
    pub(super) row_cost: Duration,
    pub(super) value_cost: Duration,
    /// The approximate time for the SHAP values of one row.
    pub(super) shap_cost: Duration,
}

impl ScoreModel {
    pub(super) fn build(
        format: Format,
        features: Features,
        machine: Machine,
        warnings: Vec<String>,
        given: Given,
    ) -> Self {
        let frames = codec::encode(format, &features, &warnings, &given, &machine);
        Self::with_frames(format, features, machine, warnings, given, frames)
    }

    pub(super) fn with_frames(
        format: Format,
        features: Features,
        machine: Machine,
        warnings: Vec<String>,
        given: Given,
        frames: Vec<Box<[u8]>>,
    ) -> Self {
        let Given { classes, calibration } = given;
        let answer = match machine.answer() {
            // The margin is what was calibrated, or the score before.
            Answer::Value { .. } if calibration.is_some() => Answer::Value { with_margin: true },
            answer => answer,
        };
        let printed = |label: &str| {
            let mut text = Vec::new();
            crate::json::json_string(label, &mut text);
            text.into_boxed_slice()
        };
        let labels = if classes.is_empty() { machine.labels() } else { classes };
        let printed: Vec<_> = labels.iter().map(|label| printed(label)).collect();
        let texts: usize = printed.iter().map(|label| 2 * label.len() + 32).sum::<usize>()
            + warnings.iter().map(|warning| warning.len() + size_of::<String>()).sum::<usize>()
            + frames.iter().map(|frame| frame.len() + 16).sum::<usize>();
        let points = calibration.as_ref().map_or(0, Calibration::bytes);
        let held = size_of::<Self>() as u64 + features.bytes() + machine.bytes() + (texts + points) as u64;
        let digest = OnceLock::new();
        let (row_cost, value_cost) = machine.costs(features.len());
        let shap_cost = machine.shap_cost();
        Self {
            format,
            features,
            machine,
            answer,
            labels,
            printed,
            warnings,
            calibration,
            frames,
            digest,
            held,
            row_cost,
            value_cost,
            shap_cost,
        }
    }

    /// The names of the features, in the order of rows.
    pub fn features(&self) -> &[Box<str>] {
        self.features.names()
    }

    /// The number of outputs that [`ScoreModel::batch_values`] gives for a row: one probability for each of several
    /// classes, several numbers of a model that has them, else one number.
    pub fn outputs(&self) -> usize {
        self.machine.outputs()
    }

    /// Whether a document of several numbers has contributions to each of them.
    pub(super) fn explains_outputs(&self) -> bool {
        self.outputs().saturating_mul(self.features.len()) <= MAX_CONTRIBUTIONS
    }

    /// The format of the file that the model was read from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The approximate time for one row, including its document.
    pub fn row_cost(&self) -> Duration {
        self.row_cost
    }

    /// The approximate time for [`ScoreModel::batch_values`] of this number of rows. The first batch of a forest takes longer.
    pub fn values_cost(&self, rows: u32) -> Duration {
        self.value_cost * rows + Duration::from_nanos(self.machine.cost_for_batches(rows as usize))
    }

    /// Fails when the row lacks a feature and the machine needs it.
    pub(super) fn check_missing(&self, row: &[f64]) -> Result<()> {
        match &self.machine {
            Machine::Glm(_) => match row.iter().position(|x| x.is_nan()) {
                Some(i) => Err(self.missing(i)),
                None => Ok(()),
            },
            // A scorecard looks for a bin for missing values; a forest has a branch for them, a graph
            // often replaces them; a program says what to do.
            Machine::Scorecard(_) | Machine::Forest(_) | Machine::Onnx(_) | Machine::Program(_) => Ok(()),
        }
    }

    fn missing(&self, i: usize) -> Error {
        Error::Invalid(format!("feature {} is missing", self.features.shown(i)).into())
    }

    /// The error for a row with a value that no bin of an attribute holds.
    pub(super) fn no_bin(&self, card: &Scorecard, attribute: usize, row: &[f64]) -> Error {
        let feature = card.attributes[attribute].feature as usize;
        if row[feature].is_nan() {
            return self.missing(feature);
        }
        Error::Invalid(format!("no bin holds the value of feature {}", self.features.shown(feature)).into())
    }

    /// The error for a row that an ONNX graph has no result for.
    pub(super) fn no_result(&self, fault: Fault, feature: Option<usize>, row: &[f64]) -> Error {
        let first_missing = || row.iter().position(|x| x.is_nan());
        let reason = match (fault, feature) {
            (Fault::Missing, feature) => match feature.or_else(first_missing) {
                Some(i) => return self.missing(i),
                None => "a value is missing".into(),
            },
            (Fault::Fraction, Some(i)) => {
                format!("feature {} must be an integer of the range of the model's input", self.features.shown(i))
            }
            (Fault::Fraction, None) => "a feature must be an integer".into(),
            (Fault::Category, _) => "a category is unknown, and the model has no result for unknown ones".into(),
            (Fault::Index, _) => "the values lead to a place that the model does not have".into(),
            (Fault::Probability, _) => "the numbers that the model gives its classes are not probabilities".into(),
            (Fault::Label, _) => "the label that the model gives is not one of its classes".into(),
        };
        Error::Invalid(reason.into())
    }

    /// The error for a row whose outputs are not finite: because of a missing value, or of overflow.
    pub(super) fn not_finite(&self, row: &[f64]) -> Error {
        row.iter().position(|x| x.is_nan()).map_or_else(overflow, |i| self.missing(i))
    }

    /// The error for a row that a program has no result for.
    pub(super) fn no_program_result(&self, fault: pmml::Fault, row: &[f64]) -> Error {
        match fault {
            pmml::Fault::Missing(feature) => self.missing(feature as usize),
            pmml::Fault::Invalid(feature) => {
                let shown = self.features.shown(feature as usize);
                Error::Invalid(format!("the value of feature {shown} is one that the file declares invalid").into())
            }
            pmml::Fault::Computed => Error::Invalid("a field computed from these values has no finite value".into()),
            pmml::Fault::Nothing => match row.iter().position(|x| x.is_nan()) {
                Some(feature) => self.missing(feature),
                None => Error::Invalid(
                    "the model predicts nothing for these values: perhaps one is missing by the rules of the file"
                        .into(),
                ),
            },
        }
    }

    /// Evaluates the row of `scratch`. Afterwards `scratch` holds the margins (for a scorecard the points of each
    /// attribute) and the outputs (the score).
    pub(super) fn evaluate(&self, scratch: &mut Scratch) -> Result<()> {
        let row = &scratch.row.values;
        let (margins, outputs) = (&mut scratch.margins, &mut scratch.outputs);
        scratch.class = None;
        self.check_missing(row)?;
        outputs.clear();
        outputs.resize(self.outputs(), 0.0);
        margins.clear();
        match &self.machine {
            Machine::Glm(glm) => {
                margins.resize(glm.outputs(), 0.0);
                glm.margins(row, margins);
                glm.link.apply(margins, outputs);
            }
            Machine::Scorecard(card) => {
                margins.resize(card.attributes.len(), 0.0);
                outputs[0] = card.points(row, margins).map_err(|at| self.no_bin(card, at, row))?;
            }
            Machine::Forest(forest) => {
                margins.resize(forest.groups(), 0.0);
                forest.margins_of_row(row, margins);
                forest.outputs_of(margins, outputs);
            }
            Machine::Onnx(onnx) => {
                let class = onnx.evaluate(row, &mut scratch.buffers, margins, outputs);
                scratch.class = class.map_err(|(fault, feature)| self.no_result(fault, feature, row))?;
                if !outputs.iter().all(|x| x.is_finite()) {
                    return Err(self.not_finite(row));
                }
            }
            Machine::Program(program) => {
                let class = program.evaluate(row, &mut scratch.slots, margins, outputs);
                scratch.class = Some(class.map_err(|fault| self.no_program_result(fault, row))?);
            }
        }
        if !outputs.iter().chain(&*margins).all(|x| x.is_finite()) {
            return Err(overflow());
        }
        if let Some(calibration) = &self.calibration {
            // A number without a margin is its own.
            if margins.is_empty() && matches!(self.answer, Answer::Value { .. }) {
                margins.push(outputs[0]);
            }
            outputs[0] = calibration.apply(if calibration.is_of_margin() { margins[0] } else { outputs[0] });
            scratch.class = None;
            if !outputs[0].is_finite() {
                return Err(overflow());
            }
        }
        Ok(())
    }
}

/// The error for an answer that is not a finite number.
pub(super) fn overflow() -> Error {
    Error::Invalid(
        "the score of these values is no finite number: too large, or outside of what the link can take".into(),
    )
}
