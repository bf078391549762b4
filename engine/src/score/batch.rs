//! Batches: many rows that are scored by one command.

mod json;

use serde::de::DeserializeSeed;

use json::Array;

use super::document;
use super::features::Features;
use super::glm::Glm;
use super::machine::Machine;
use super::model::{ScoreModel, Scorer, overflow};
use super::number::Spelled;
use super::onnx::{Buffers, Onnx};
use super::pmml::Program;
use super::row::{infinite, score_column, with_scratch};
use super::subject::with_nan;
use crate::model::{Attribution, Identity};
use crate::{Error, Progress, Result};

/// Rows of one block. A column of a block and its sums fit into the L1 cache.
const BLOCK: usize = 256;

/// Maximum number of values of a JSON batch. A limit is needed because a few bytes of JSON can stand for many missing
/// values.
const MAX_JSON_VALUES: usize = 1 << 25;

/// Rows of values in the order of the model's features. A missing value is NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    rows: usize,
    features: usize,
    /// Row-major, as received: values are rounded when they are scored.
    values: Vec<f64>,
}

impl Rows {
    /// Reads a JSON array of exactly `n` rows. A row is an object of features, or an array in the order of the
    /// features; a missing value is `null`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the number of the row, [`Error::TooBig`].
    pub fn from_json(model: &ScoreModel, json: &[u8], n: usize) -> Result<Self> {
        let features = &model.head.features;
        if n.checked_mul(features.len()).is_none_or(|values| values > MAX_JSON_VALUES) {
            return Err(Error::TooBig { what: "rows times features", limit: MAX_JSON_VALUES as u64 });
        }
        let mut values = Vec::new();
        with_nan(json, "the batch", |json, why| {
            values.clear();
            let mut parser = serde_json::Deserializer::from_slice(json);
            Array { features, n, why, values: &mut values }.deserialize(&mut parser).and_then(|()| parser.end())
        })?;
        Ok(Self { rows: n, features: features.len(), values })
    }

    /// Reads `n` rows of little-endian `f32`, row-major.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `bytes` has another length, when a feature has no category that is a number, or with the
    /// number of a row whose category the model refuses.
    pub fn from_f32(model: &ScoreModel, bytes: &[u8], n: usize) -> Result<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        let values = || numbers.iter().map(|&number| f64::from(f32::from_le_bytes(number))).collect();
        Self::from_blob(model, numbers.len(), rest, n, values)
    }

    /// Reads `n` rows of little-endian `f64`, row-major.
    ///
    /// # Errors
    /// As [`Rows::from_f32`].
    pub fn from_f64(model: &ScoreModel, bytes: &[u8], n: usize) -> Result<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let values = || numbers.iter().map(|&number| f64::from_le_bytes(number)).collect();
        Self::from_blob(model, numbers.len(), rest, n, values)
    }

    fn from_blob(
        model: &ScoreModel,
        numbers: usize,
        rest: &[u8],
        n: usize,
        values: impl FnOnce() -> Vec<f64>,
    ) -> Result<Self> {
        let features = model.head.features.len();
        if !rest.is_empty() || n.checked_mul(features) != Some(numbers) {
            let reason = format!("the batch must hold exactly {n} rows of {features} numbers");
            return Err(Error::Invalid(reason.into()));
        }
        let mut values = values();
        if !model.head.features.is_plain() {
            take_numbers(&model.head.features, &mut values)?;
        }
        Ok(Self { rows: n, features, values })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.features..(i + 1) * self.features]
    }

    /// Fails when the rows were read for a model with another number of features.
    fn check(&self, model: &ScoreModel) -> Result<()> {
        if self.features == model.head.features.len() {
            Ok(())
        } else {
            Err(Error::Invalid("the rows belong to another model".into()))
        }
    }
}

impl ScoreModel {
    /// The outputs of every row, row-major, [`ScoreModel::outputs`] numbers for each. Values are rounded as in an
    /// assessment, and the numbers have the same bits as its score or probabilities.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the number of a row that cannot be scored (the first one found), [`Error::Cancelled`],
    /// [`Error::NotReady`].
    pub fn batch_values(&self, rows: &Rows, progress: &Progress) -> Result<Vec<f64>> {
        rows.check(self)?;
        self.scorer()?.batch_values(rows, progress)
    }

    /// The document of every row, with the same bytes as an assessment of the row, or the error of the row.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::NotReady`].
    pub fn batch_documents(
        &self,
        identity: &Identity<'_>,
        rows: &Rows,
        progress: &Progress,
    ) -> Result<Vec<Result<Vec<u8>>>> {
        rows.check(self)?;
        self.scorer()?.batch_documents(identity, rows, progress)
    }
}

impl Scorer {
    fn batch_values(&self, rows: &Rows, progress: &Progress) -> Result<Vec<f64>> {
        let mut out = vec![0.0; rows.len() * self.outputs()];
        let mut block = Block::default();
        let chunks = rows.values.chunks(BLOCK * rows.features).zip(out.chunks_mut(BLOCK * self.outputs()));
        for (k, (values, out)) in chunks.enumerate() {
            progress.check()?;
            block.evaluate(self, values, out, progress).map_err(|(row, error)| in_row(k * BLOCK + row, error))?;
        }
        Ok(out)
    }

    fn batch_documents(
        &self,
        identity: &Identity<'_>,
        rows: &Rows,
        progress: &Progress,
    ) -> Result<Vec<Result<Vec<u8>>>> {
        let features = &self.head.features;
        let one = |i: usize| {
            if i.is_multiple_of(BLOCK) {
                progress.check()?;
            }
            Ok(with_scratch(|scratch| {
                scratch.row.clear(features);
                for (feature, &value) in rows.row(i).iter().enumerate() {
                    if value.is_infinite() {
                        return Err(infinite(features, feature));
                    }
                    let spelled = if value.is_nan() { Spelled::Missing } else { Spelled::Float(value) };
                    scratch.row.set(features, feature, spelled)?;
                }
                self.evaluate(scratch)?;
                let mut document = Vec::new();
                document::write(self, identity, Attribution::Path, scratch, progress, &mut document)?;
                Ok(document)
            }))
        };
        (0..rows.len()).map(one).collect()
    }
}

/// Replaces marked values by missing ones and numbers by the places of their categories.
fn take_numbers(features: &Features, values: &mut [f64]) -> Result<()> {
    let named = |i: &usize| features.categories(*i).is_some_and(|categories| !categories.has_numbers());
    if let Some(i) = (0..features.len()).find(named) {
        let reason = format!("feature {} has categories that are texts: send the rows as json", features.shown(i));
        return Err(Error::Invalid(reason.into()));
    }
    for (row, values) in values.chunks_exact_mut(features.len()).enumerate() {
        for (i, value) in values.iter_mut().enumerate() {
            // Infinities are refused when the row is scored, with the name of the feature.
            if !value.is_infinite() {
                let number = if value.is_nan() { Spelled::Missing } else { Spelled::Float(*value) };
                *value = features.number(i, number).map_err(|error| in_row(row, error))?.value();
            }
        }
    }
    Ok(())
}

fn in_row(row: usize, error: Error) -> Error {
    match error {
        Error::Invalid(reason) => Error::Invalid(format!("row {}: {reason}", row + 1).into()),
        other => other,
    }
}

/// Buffers for the computation of one block of rows.
#[derive(Debug, Default)]
struct Block {
    column: Vec<f64>,
    rounded: Vec<f64>,
    sums: Vec<f64>,
    margins: Vec<f64>,
    /// The first margin of each row of a machine that evaluates rows one by one; empty if it has none.
    kept: Vec<f64>,
    buffers: Buffers,
}

impl Block {
    /// Fills `out` for the rows of `values`. An error comes with the index of its row, from 0.
    fn evaluate(
        &mut self,
        model: &Scorer,
        values: &[f64],
        out: &mut [f64],
        progress: &Progress,
    ) -> Result<(), (usize, Error)> {
        let outputs = model.outputs();
        if let Machine::Glm(glm) = &model.machine {
            self.linear(model, glm, values, out)?;
        } else {
            self.round(model, values)?;
            self.rounded_rows(model, out, progress)?;
        }
        let check = |out: &[f64]| match out.iter().position(|x| !x.is_finite()) {
            Some(at) => Err((at / outputs, overflow())),
            None => Ok(()),
        };
        check(out)?;
        self.calibrate(model, out);
        check(out)
    }

    /// Calibrates the outputs of evaluated rows, which have one output and one margin each.
    fn calibrate(&mut self, model: &Scorer, out: &mut [f64]) {
        let Some(calibration) = &model.head.given.calibration else { return };
        let margins = match &model.machine {
            _ if !calibration.is_of_margin() => None,
            Machine::Glm(_) => Some(&self.sums),
            Machine::Forest(_) => Some(&self.margins),
            _ => Some(&self.kept),
        };
        for (row, out) in out.iter_mut().enumerate() {
            // A number without a margin is its own.
            let margin = margins.and_then(|margins| margins.get(row));
            *out = calibration.apply(*margin.unwrap_or(out));
        }
    }

    /// The outputs of a linear model, column by column.
    fn linear(&mut self, model: &Scorer, glm: &Glm, values: &[f64], out: &mut [f64]) -> Result<(), (usize, Error)> {
        let (features, outputs) = (model.head.features.len(), model.outputs());
        let rows = values.len() / features;
        self.sums.resize(rows * outputs, 0.0);
        glm.begin_block(rows, &mut self.sums);
        self.column.resize(rows, 0.0);
        for i in 0..features {
            self.fill_column(model, values, i)?;
            glm.add_column(i, &self.column, &mut self.sums);
        }
        self.margins.resize(outputs, 0.0);
        for (row, out) in out.chunks_exact_mut(outputs).enumerate() {
            for (output, margin) in self.margins.iter_mut().enumerate() {
                *margin = self.sums[output * rows + row];
            }
            // A sum is not finite only because of a missing feature or of overflow.
            if !self.margins.iter().all(|margin| margin.is_finite()) {
                let of_row = &values[row * features..(row + 1) * features];
                return Err((row, model.check_missing(of_row).err().unwrap_or_else(overflow)));
            }
            glm.link.apply(&self.margins, out);
        }
        Ok(())
    }

    /// The outputs of the other machines, for the rounded rows.
    fn rounded_rows(&mut self, model: &Scorer, out: &mut [f64], progress: &Progress) -> Result<(), (usize, Error)> {
        let (features, outputs) = (model.head.features.len(), model.outputs());
        match &model.machine {
            Machine::Glm(_) => {}
            Machine::Scorecard(card) => {
                let rows = self.rounded.chunks_exact(features);
                self.margins.resize(card.attributes.len(), 0.0);
                for (row, (values, out)) in rows.zip(out).enumerate() {
                    let score = card.points(values, &mut self.margins);
                    *out = score.map_err(|at| (row, model.no_bin(card, at, values)))?;
                }
            }
            Machine::Forest(forest) => {
                let groups = forest.groups();
                self.margins.resize(self.rounded.len() / features * groups, 0.0);
                forest.margins(&self.rounded, &mut self.margins, progress).map_err(|error| (0, error))?;
                let of_rows = self.margins.chunks_exact(groups).zip(out.chunks_exact_mut(outputs));
                for (row, (margins, out)) in of_rows.enumerate() {
                    if !margins.iter().all(|margin| margin.is_finite()) {
                        return Err((row, overflow()));
                    }
                    forest.outputs_of(margins, out);
                }
            }
            Machine::Onnx(onnx) => return self.onnx_rows(model, onnx, out, progress),
            Machine::Program(program) => return self.program_rows(model, program, out, progress),
        }
        Ok(())
    }

    /// The outputs of an ONNX graph: of all rows together, or one by one to find the row without a result.
    fn onnx_rows(
        &mut self,
        model: &Scorer,
        onnx: &Onnx,
        out: &mut [f64],
        progress: &Progress,
    ) -> Result<(), (usize, Error)> {
        let (features, outputs) = (model.head.features.len(), model.outputs());
        let Self { rounded, buffers, margins, kept, .. } = self;
        kept.clear();
        if onnx.evaluate_rows(rounded, buffers, (margins, kept), out, progress).map_err(|error| (0, error))? {
            return Ok(());
        }
        kept.clear();
        let rows = rounded.chunks_exact(features);
        for (row, (values, out)) in rows.zip(out.chunks_exact_mut(outputs)).enumerate() {
            progress.check().map_err(|error| (row, error))?;
            onnx.evaluate(values, &mut self.buffers, &mut self.margins, out)
                .map_err(|(fault, feature)| (row, model.no_result(fault, feature, values)))?;
            if !out.iter().chain(&self.margins).all(|x| x.is_finite()) {
                return Err((row, model.not_finite(values)));
            }
            self.kept.extend(self.margins.first());
        }
        Ok(())
    }

    /// The outputs of a program, in the same way.
    fn program_rows(
        &mut self,
        model: &Scorer,
        program: &Program,
        out: &mut [f64],
        progress: &Progress,
    ) -> Result<(), (usize, Error)> {
        let (features, outputs) = (model.head.features.len(), model.outputs());
        let Self { rounded, sums, margins, kept, .. } = self;
        kept.clear();
        if program
            .evaluate_rows(rounded, sums, (margins, kept), out, (model.value_cost, progress))
            .map_err(|error| (0, error))?
        {
            return Ok(());
        }
        kept.clear();
        let rows = rounded.chunks_exact(features);
        for (row, (values, out)) in rows.zip(out.chunks_exact_mut(outputs)).enumerate() {
            progress.check().map_err(|error| (row, error))?;
            let class = program.evaluate(values, &mut self.sums, &mut self.margins, out);
            class.map_err(|fault| (row, model.no_program_result(fault, values)))?;
            if !self.margins.iter().all(|margin| margin.is_finite()) {
                return Err((row, overflow()));
            }
            self.kept.extend(self.margins.first());
        }
        Ok(())
    }

    /// Copies the values of one feature into the column and rounds them.
    fn fill_column(&mut self, model: &Scorer, values: &[f64], i: usize) -> Result<(), (usize, Error)> {
        for (place, row) in self.column.iter_mut().zip(values.chunks_exact(model.head.features.len())) {
            *place = row[i];
        }
        score_column(&model.head.features, i, &mut self.column)
    }

    /// Copies the values of all features and rounds them.
    fn round(&mut self, model: &Scorer, values: &[f64]) -> Result<(), (usize, Error)> {
        let features = model.head.features.len();
        self.rounded.clear();
        self.rounded.extend_from_slice(values);
        self.column.resize(values.len() / features, 0.0);
        for i in 0..features {
            self.fill_column(model, values, i)?;
            for (row, &x) in self.rounded.chunks_exact_mut(features).zip(&self.column) {
                row[i] = x;
            }
        }
        Ok(())
    }
}
