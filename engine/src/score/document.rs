//! Writes the assessment as a JSON document, with the fields in the order of `docs/assessment-score.schema.json`.

mod outputs;

use super::glm::Link;
use super::machine::{Answer, Machine};
use super::model::{Scorer, overflow};
use super::number;
use super::options::Format;
use super::pmml::Card;
use super::row::Scratch;
use super::scorecard::Scorecard;
use crate::json::json_string;
use crate::model::{Attribution, Identity, Kind};
use crate::{Error, Progress, Result};

/// Appends the document of a row that was evaluated.
pub(super) fn write(
    model: &Scorer,
    identity: &Identity<'_>,
    attribution: Attribution,
    scratch: &mut Scratch,
    progress: &Progress,
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    identity.open_document(out);
    field(out, b"\"kind\":\"");
    field(out, Kind::Score.name().as_bytes());
    field(out, b"\",");
    let answered = match model.answer {
        Answer::Outputs { with_margin } => outputs::write(model, with_margin, attribution, scratch, progress, out),
        _ => one(model, attribution, scratch, progress, out),
    };
    answered.inspect_err(|_| out.truncate(start))?;
    field(out, b",\"inputs\":");
    scratch.row.write(&model.head.features, out);
    out.push(b'}');
    Ok(())
}

/// Writes the answer of a model with one score.
fn one(
    model: &Scorer,
    attribution: Attribution,
    scratch: &mut Scratch,
    progress: &Progress,
    out: &mut Vec<u8>,
) -> Result<()> {
    field(out, b"\"score\":");
    let group = score(out, model, scratch);
    if attribution == Attribution::Shap {
        let base = shap(model, group, scratch, progress)?;
        field(out, b",\"attribution\":\"shap\",\"base_value\":");
        number::write(base, out);
    }
    let is_whole = match &model.machine {
        _ if attribution == Attribution::Shap => list(out, model, &scratch.contributions, true),
        Machine::Scorecard(card) => {
            points(out, model, card, scratch);
            true
        }
        Machine::Glm(glm) => {
            let (row, contributions) = contributions(model, scratch);
            glm.contributions(row, group, contributions);
            list(out, model, contributions, false)
        }
        Machine::Forest(forest) => {
            let (row, contributions) = contributions(model, scratch);
            forest.contributions(row, group, contributions);
            list(out, model, contributions, true)
        }
        Machine::Onnx(onnx) => {
            let Scratch { contributions, buffers, .. } = &mut *scratch;
            contributions.clear();
            contributions.resize(model.head.features.len(), 0.0);
            onnx.contributions(buffers, group, contributions);
            list(out, model, contributions, true)
        }
        Machine::Program(program) => match program.card() {
            Some(card) => {
                program_points(out, card, scratch);
                true
            }
            None if program.is_explained() => {
                scratch.contributions.clear();
                scratch.contributions.resize(model.head.features.len(), 0.0);
                program.contributions(&scratch.slots, group, &mut scratch.contributions);
                list(out, model, &scratch.contributions, false)
            }
            None => true,
        },
    };
    if is_whole { Ok(()) } else { Err(overflow()) }
}

/// Writes the reasons and the points of a scorecard that is a program.
fn program_points(out: &mut Vec<u8>, card: &Card, scratch: &Scratch) {
    if card.max_reasons > 0 {
        field(out, b",\"reasons\":[");
        for (k, reason) in card.reasons(&scratch.slots).iter().enumerate() {
            field(out, if k > 0 { b",{\"code\":" } else { b"{\"code\":" });
            json_string(reason.code, out);
            field(out, b",\"feature\":");
            json_string(reason.name, out);
            field(out, b",\"points\":");
            number::write(reason.points, out);
            out.push(b'}');
        }
        out.push(b']');
    }
    field(out, b",\"contributions\":[");
    for (k, (name, points)) in card.points(&scratch.slots).enumerate() {
        field(out, if k > 0 { b",{\"feature\":" } else { b"{\"feature\":" });
        json_string(name, out);
        field(out, b",\"value\":");
        number::write(points + 0.0, out);
        out.push(b'}');
    }
    out.push(b']');
}

/// Writes the score, the margin and the classes. Returns the output whose margin the contributions explain.
fn score(out: &mut Vec<u8>, model: &Scorer, scratch: &Scratch) -> usize {
    let (margins, outputs) = (&scratch.margins, &scratch.outputs);
    match model.answer {
        Answer::Value { with_margin } => {
            number::write(outputs[0], out);
            calibrated(out, model);
            if with_margin {
                field(out, b",\"margin\":");
                number::write(margins[0], out);
            }
        }
        Answer::Binary => {
            number::write(outputs[0], out);
            calibrated(out, model);
            // The margin of an ONNX graph is not always known.
            if let [margin] = margins[..] {
                field(out, b",\"margin\":");
                number::write(margin, out);
            }
            let class = scratch.class.unwrap_or_else(|| usize::from(is_second(model, margins, outputs[0])));
            classes(out, model, class, [1.0 - outputs[0], outputs[0]].into_iter());
        }
        Answer::Multi => {
            let group = scratch.class.unwrap_or_else(|| most_probable(outputs));
            number::write(outputs[group], out);
            margin_list(out, margins);
            classes(out, model, group, outputs.iter().copied());
            return group;
        }
        Answer::Points | Answer::Outputs { .. } => number::write(outputs[0], out),
    }
    0
}

fn calibrated(out: &mut Vec<u8>, model: &Scorer) {
    if model.head.given.calibration.is_some() {
        field(out, b",\"calibrated\":true");
    }
}

/// Whether the class is the second of two, with this probability: as the library of the format decides, which matters where
/// both classes have the probability 0.5.
fn is_second(model: &Scorer, margins: &[f64], probability: f64) -> bool {
    let margin = margins.first().copied().unwrap_or(f64::NAN);
    if model.head.given.calibration.is_some() {
        return probability > 0.5;
    }
    match (&model.machine, model.head.format) {
        // JPMML: the class of the first RegressionTable, which is our second one.
        (_, Format::Pmml) => probability >= 0.5,
        // `decision_function(x) > 0` of scikit-learn; also where the probability is rounded to 0.5.
        (Machine::Glm(glm), _) if glm.link == Link::Logit => margin > 0.0,
        // A raw value above 0.
        (_, Format::Catboost) => margin > 0.0,
        // XGBoost: a probability above 0.5. LightGBM: the first of the most probable.
        _ => probability > 0.5,
    }
}

/// Computes the SHAP values of the features for the margin of a group. Returns their base value: with them it sums to the
/// margin.
fn shap(model: &Scorer, group: usize, scratch: &mut Scratch, progress: &Progress) -> Result<f64> {
    let (row, values) = contributions(model, scratch);
    match &model.machine {
        // The SHAP values of a linear model, where features are independent.
        Machine::Glm(glm) => {
            glm.contributions(row, group, values);
            Ok(glm.intercept(group))
        }
        Machine::Forest(forest) => forest.shap(row, group, values, progress),
        Machine::Scorecard(_) => Err(Error::Invalid("a scorecard has points, not SHAP values".into())),
        Machine::Program(_) => Err(Error::Invalid("SHAP values of a PMML program are not computed".into())),
        Machine::Onnx(_) => Err(Error::Invalid("SHAP values of an ONNX model are not computed".into())),
    }
}

/// Returns the row, and a buffer with a zero for the contribution of each feature.
fn contributions<'s>(model: &Scorer, scratch: &'s mut Scratch) -> (&'s [f64], &'s mut Vec<f64>) {
    scratch.contributions.clear();
    scratch.contributions.resize(model.head.features.len(), 0.0);
    (&scratch.row.values, &mut scratch.contributions)
}

/// The class with the highest probability; the first one of equals.
fn most_probable(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (k, &probability) in probabilities.iter().enumerate() {
        if probability > probabilities[best] {
            best = k;
        }
    }
    best
}

fn field(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
}

fn classes(out: &mut Vec<u8>, model: &Scorer, class: usize, probabilities: impl Iterator<Item = f64>) {
    field(out, b",\"class\":");
    field(out, &model.printed[class]);
    field(out, b",\"probabilities\":");
    by_label(out, model, probabilities);
}

/// Writes an object of numbers by class or output.
fn by_label(out: &mut Vec<u8>, model: &Scorer, numbers: impl Iterator<Item = f64>) {
    for (k, (label, value)) in model.printed.iter().zip(numbers).enumerate() {
        out.push(if k > 0 { b',' } else { b'{' });
        field(out, label);
        out.push(b':');
        number::write(value, out);
    }
    out.push(b'}');
}

/// Writes the margins of several classes or outputs.
fn margin_list(out: &mut Vec<u8>, margins: &[f64]) {
    for (k, &margin) in margins.iter().enumerate() {
        field(out, if k > 0 { b"," } else { b",\"margin\":[" });
        number::write(margin, out);
    }
    if !margins.is_empty() {
        out.push(b']');
    }
}

/// Writes the fields that only a scorecard has. `scratch.margins` holds the points of each attribute.
fn points(out: &mut Vec<u8>, model: &Scorer, card: &Scorecard, scratch: &Scratch) {
    let score = scratch.outputs[0];
    if let Some((of, probability)) = card.probability(score) {
        field(out, b",\"probabilities\":{");
        json_string(of, out);
        out.push(b':');
        number::write(probability, out);
        out.push(b'}');
    }
    if let Some(band) = card.band(score) {
        field(out, b",\"band\":");
        json_string(band, out);
    }
    if card.max_reasons > 0 {
        field(out, b",\"reasons\":[");
        for (k, reason) in card.reasons(&scratch.row.values).iter().enumerate() {
            field(out, if k > 0 { b",{\"code\":" } else { b"{\"code\":" });
            json_string(reason.code, out);
            field(out, b",\"feature\":");
            field(out, model.head.features.printed(reason.feature as usize));
            field(out, b",\"points\":");
            number::write(reason.points, out);
            out.push(b'}');
        }
        out.push(b']');
    }
    field(out, b",\"contributions\":[");
    for (k, (attribute, &points)) in card.attributes.iter().zip(&scratch.margins).enumerate() {
        contribution(out, k == 0, model.head.features.contribution(attribute.feature as usize), points);
    }
    out.push(b']');
}

/// Writes the contributions in the order of the features. Returns whether all of them are finite.
fn list(out: &mut Vec<u8>, model: &Scorer, contributions: &[f64], without_zeros: bool) -> bool {
    field(out, b",\"contributions\":");
    array(out, model, contributions, without_zeros)
}

fn array(out: &mut Vec<u8>, model: &Scorer, contributions: &[f64], without_zeros: bool) -> bool {
    out.push(b'[');
    let mut is_first = true;
    for (i, &value) in contributions.iter().enumerate() {
        if without_zeros && value == 0.0 {
            continue;
        }
        if !value.is_finite() {
            return false;
        }
        contribution(out, is_first, model.head.features.contribution(i), value);
        is_first = false;
    }
    out.push(b']');
    true
}

fn contribution(out: &mut Vec<u8>, is_first: bool, begun: &[u8], value: f64) {
    // `begun` begins with a comma, which the first contribution must not have.
    field(out, &begun[usize::from(is_first)..]);
    // A negative zero is written as a positive zero.
    number::write(value + 0.0, out);
    out.push(b'}');
}
