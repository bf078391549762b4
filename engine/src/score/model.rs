//! A score model and the evaluation of one row.
//!
//! A file that the machines cannot evaluate exactly is refused at load; nothing is approximated.
//!
//! Terms: *feature* (a named input), *margin* (the argument of the link function), *link*, *bin*, *points*, *band*,
//! *reason code*, *contribution* (what a feature adds to the margin or to the points).

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
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
use super::source::Source;
use crate::{Budget, Error, Progress, Result};

/// A score model: immutable. The machine of a model that arrived as an ONNX file or as a program is decoded by the
/// derivation; until then requests wait. Any other model answers as soon as it is loaded.
#[derive(Debug)]
pub struct ScoreModel {
    pub(super) head: Arc<Head>,
    /// What the machine is decoded from.
    source: Source,
    pub(super) scorer: OnceLock<Scorer>,
    pub(super) digest: OnceLock<[u8; 16]>,
}

/// What is known of a model without its machine.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) format: Format,
    pub(super) features: Features,
    pub(super) warnings: Vec<String>,
    pub(super) given: Given,
    /// All frames except those of records that are made on request.
    pub(super) frames: Vec<Box<[u8]>>,
}

/// The evaluation of rows.
#[derive(Debug)]
pub(super) struct Scorer {
    pub(super) head: Arc<Head>,
    pub(super) machine: Machine,
    pub(super) answer: Answer,
    /// The label of each class, or the name of each of several numbers.
    pub(super) labels: Vec<Box<str>>,
    /// The same as JSON strings.
    pub(super) printed: Vec<Box<[u8]>>,
    held: u64,
    /// The approximate time for one row: with its document, and in a batch of numbers.
    row_cost: Duration,
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
        Self::decoded(Head { format, features, warnings, given, frames }, machine)
    }

    /// A model whose machine is decoded.
    pub(super) fn decoded(head: Head, machine: Machine) -> Self {
        let source = Source::of(&machine);
        let head = Arc::new(head);
        let scorer = Scorer::new(Arc::clone(&head), machine);
        Self { head, source, scorer: scorer.into(), digest: OnceLock::new() }
    }

    /// A model whose machine is decoded later.
    pub(super) fn undecoded(head: Head, source: Source) -> Self {
        Self { head: Arc::new(head), source, scorer: OnceLock::new(), digest: OnceLock::new() }
    }

    /// Decodes the machine, if that is left to do. Takes about 30 ms for each MB.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::NoRoom`], [`Error::Cancelled`].
    pub(super) fn decode(&self, budget: &Budget, progress: &Progress) -> Result<()> {
        if self.scorer.get().is_some() {
            return Ok(());
        }
        let machine = self.source.decode(&self.head.frames, self.head.features.len(), budget, progress)?;
        self.head.given.check(&machine).map_err(Error::Corrupt)?;
        // Another thread may have decoded the same.
        _ = self.scorer.set(Scorer::new(Arc::clone(&self.head), machine));
        Ok(())
    }

    /// What evaluates rows.
    ///
    /// # Errors
    /// [`Error::NotReady`] before the machine is decoded.
    pub(super) fn scorer(&self) -> Result<&Scorer> {
        self.scorer.get().ok_or(Error::NotReady)
    }

    /// The number of records that are made when their frames are requested.
    pub(super) fn records(&self) -> usize {
        match &self.source {
            Source::Onnx(file) => file.records(),
            Source::Program { .. } => 0,
            Source::Machine => self.scorer.get().map_or(0, |scorer| scorer.machine.records()),
        }
    }

    /// The record with this index.
    pub(super) fn record_at(&self, index: usize) -> Cow<'_, [u8]> {
        match (&self.source, self.scorer.get()) {
            (Source::Onnx(file), _) => Cow::Borrowed(file.record(index)),
            (Source::Machine, Some(scorer)) => scorer.machine.record(index),
            _ => Cow::Borrowed(&[]),
        }
    }

    /// Bytes of memory in use.
    pub(super) fn held(&self) -> u64 {
        let of_scorer = self.scorer.get().map_or(0, |scorer| scorer.held + scorer.machine.bytes_for_batches());
        size_of::<Self>() as u64 + self.head.bytes() + self.source.bytes() + of_scorer
    }

    /// The names of the features, in the order of rows.
    pub fn features(&self) -> &[Box<str>] {
        self.head.features.names()
    }

    /// The number of outputs that [`ScoreModel::batch_values`] gives for a row: one probability for each of several
    /// classes, several numbers of a model that has them, else one number. 0 before the machine is decoded.
    pub fn outputs(&self) -> usize {
        self.scorer.get().map_or(0, Scorer::outputs)
    }

    /// The format of the file that the model was read from.
    pub fn format(&self) -> Format {
        self.head.format
    }

    /// The approximate time for one row, including its document; 0 before the machine is decoded.
    pub fn row_cost(&self) -> Duration {
        self.scorer.get().map_or(Duration::ZERO, |scorer| scorer.row_cost)
    }

    /// The approximate time for [`ScoreModel::batch_values`] of this number of rows; 0 before the machine is decoded. The
    /// first batch of a forest takes longer.
    pub fn values_cost(&self, rows: u32) -> Duration {
        self.scorer.get().map_or(Duration::ZERO, |scorer| scorer.values_cost(rows))
    }

    /// Fails when the row lacks a feature and the machine needs it.
    pub(super) fn check_missing(&self, row: &[f64]) -> Result<()> {
        // A machine that is decoded later needs no value.
        self.scorer.get().map_or(Ok(()), |scorer| scorer.check_missing(row))
    }
}

impl Head {
    fn bytes(&self) -> u64 {
        let texts = self.warnings.iter().map(|warning| warning.len() + size_of::<String>()).sum::<usize>()
            + self.frames.iter().map(|frame| frame.len() + 16).sum::<usize>();
        let points = self.given.calibration.as_ref().map_or(0, Calibration::bytes);
        size_of::<Self>() as u64 + self.features.bytes() + (texts + points) as u64
    }
}

impl Scorer {
    fn new(head: Arc<Head>, machine: Machine) -> Self {
        let answer = match machine.answer() {
            // The margin is what was calibrated, or the score before.
            Answer::Value { .. } if head.given.calibration.is_some() => Answer::Value { with_margin: true },
            answer => answer,
        };
        let printed = |label: &str| {
            let mut text = Vec::new();
            crate::json::json_string(label, &mut text);
            text.into_boxed_slice()
        };
        let labels = if head.given.classes.is_empty() { machine.labels() } else { head.given.classes.clone() };
        let printed: Vec<_> = labels.iter().map(|label| printed(label)).collect();
        let texts: usize = printed.iter().map(|label| 2 * label.len() + 32).sum();
        let held = machine.bytes() + (size_of::<Self>() + texts) as u64;
        let (row_cost, value_cost) = machine.costs(head.features.len());
        let shap_cost = machine.shap_cost();
        Self { head, machine, answer, labels, printed, held, row_cost, value_cost, shap_cost }
    }

    /// The number of outputs of a row.
    pub(super) fn outputs(&self) -> usize {
        self.machine.outputs()
    }

    /// Whether a document of several numbers has contributions to each of them.
    pub(super) fn explains_outputs(&self) -> bool {
        self.outputs().saturating_mul(self.head.features.len()) <= MAX_CONTRIBUTIONS
    }

    fn values_cost(&self, rows: u32) -> Duration {
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
        Error::Invalid(format!("feature {} is missing", self.head.features.shown(i)).into())
    }

    /// The error for a row with a value that no bin of an attribute holds.
    pub(super) fn no_bin(&self, card: &Scorecard, attribute: usize, row: &[f64]) -> Error {
        let feature = card.attributes[attribute].feature as usize;
        if row[feature].is_nan() {
            return self.missing(feature);
        }
        Error::Invalid(format!("no bin holds the value of feature {}", self.head.features.shown(feature)).into())
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
                format!("feature {} must be an integer of the range of the model's input", self.head.features.shown(i))
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
                let shown = self.head.features.shown(feature as usize);
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
        if let Some(calibration) = &self.head.given.calibration {
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
