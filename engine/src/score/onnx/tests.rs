//! Tests with files that the tests write. Figures are those of onnxruntime 1.32.

mod blocks;
mod hostile;
mod meaning;
mod operators;
mod writer;

use serde_json::Value;

use crate::model::{Identity, Model, Query};
use crate::score::{LoadOptions, Rows, ScoreDecoder, ScoreModel, load};
use crate::{Budget, Progress, Result};

fn read(file: &[u8]) -> Result<ScoreModel> {
    load(file, &LoadOptions::default(), &Progress::default())
}

/// The reason of a refusal; empty if the file is accepted.
fn reason(file: &[u8]) -> String {
    match read(file) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

fn assess(model: &ScoreModel, subject: &str) -> Result<Value> {
    let mut out = Vec::new();
    model.assess(&Identity { name: b"m", version: 1 }, &[subject.as_bytes()], &Query::default(), &mut out)?;
    let document: Value = serde_json::from_slice(&out).unwrap();
    let rows = Rows::from_json(model, format!("[{subject},{subject}]").as_bytes(), 2).unwrap();
    let batch = model.batch_values(&rows, &Progress::default()).unwrap();
    let answer = answer(model, &document);
    assert_eq!(batch, [&answer[..], &answer].concat(), "{document}");
    Ok(document)
}

/// What a batch of numbers has for a row with this document.
fn answer(model: &ScoreModel, document: &Value) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().unwrap();
    match (model.outputs(), document.get("scores").or(document.get("probabilities"))) {
        (2.., Some(all)) => model.scorer().unwrap().labels.iter().map(|label| number(&all[&**label])).collect(),
        _ => vec![number(&document["score"])],
    }
}

fn frames(model: &ScoreModel) -> Vec<Vec<u8>> {
    (0..model.frames()).map(|index| model.frame(index)).collect()
}

/// Reads frames without the preamble of the first, and decodes the file.
fn decode(frames: &[Vec<u8>]) -> Result<ScoreModel> {
    let model = received(frames)?;
    model.derive(&Budget::UNLIMITED, &Progress::default())?;
    Ok(model)
}

/// Reads frames.
fn received(frames: &[Vec<u8>]) -> Result<ScoreModel> {
    let mut decoder = ScoreDecoder::begin(frames[0][1], &frames[0][2..])?;
    frames[1..].iter().try_for_each(|frame| decoder.push(frame))?;
    decoder.finish()
}

fn near(value: &Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-5)
}
