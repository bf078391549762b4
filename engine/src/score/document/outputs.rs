//! The answer of a model with several numbers: each has a name, and contributions of its own. There is no `score`, so that
//! a client that expects one number fails instead of taking the first.

use super::super::machine::Machine;
use super::super::model::{Scorer, overflow};
use super::super::row::Scratch;
use super::{array, by_label, field, margin_list};
use crate::model::Attribution;
use crate::{Error, Progress, Result};

/// Writes the numbers, their margins and the contributions to each.
pub(super) fn write(
    model: &Scorer,
    with_margin: bool,
    attribution: Attribution,
    scratch: &mut Scratch,
    progress: &Progress,
    out: &mut Vec<u8>,
) -> Result<()> {
    field(out, b"\"scores\":");
    by_label(out, model, scratch.outputs.iter().copied());
    if with_margin {
        margin_list(out, &scratch.margins);
    }
    let without_zeros = !matches!(model.machine, Machine::Glm(_));
    match attribution {
        Attribution::Path if !model.explains_outputs() => return Ok(()),
        Attribution::Path => contribute(model, scratch),
        Attribution::Shap => {
            let bases = shap(model, scratch, progress)?;
            field(out, b",\"attribution\":\"shap\",\"base_value\":");
            by_label(out, model, bases.into_iter());
        }
    }
    for (k, (label, contributions)) in
        model.printed.iter().zip(scratch.contributions.chunks_exact(model.head.features.len())).enumerate()
    {
        field(out, if k > 0 { b"," } else { b",\"contributions\":{" });
        field(out, label);
        out.push(b':');
        if !array(out, model, contributions, without_zeros || attribution == Attribution::Shap) {
            return Err(overflow());
        }
    }
    out.push(b'}');
    Ok(())
}

/// Computes the contributions, output by output.
fn contribute(model: &Scorer, scratch: &mut Scratch) {
    let Scratch { row, contributions, buffers, .. } = scratch;
    let width = clear(model, contributions);
    match &model.machine {
        Machine::Forest(forest) => forest.contributions_of_all(&row.values, contributions),
        Machine::Glm(glm) => {
            for (output, list) in contributions.chunks_exact_mut(width).enumerate() {
                glm.contributions(&row.values, output, list);
            }
        }
        Machine::Onnx(onnx) => {
            for (output, list) in contributions.chunks_exact_mut(width).enumerate() {
                onnx.contributions(buffers, output, list);
            }
        }
        // They have one number.
        Machine::Scorecard(_) | Machine::Program(_) => {}
    }
}

/// Computes the SHAP values, output by output, and returns the base value of each output.
fn shap(model: &Scorer, scratch: &mut Scratch, progress: &Progress) -> Result<Vec<f64>> {
    if !model.explains_outputs() {
        return Err(Error::Invalid("the model has too many outputs times features for SHAP values".into()));
    }
    match &model.machine {
        Machine::Forest(forest) => {
            clear(model, &mut scratch.contributions);
            forest.shap_of_all(&scratch.row.values, &mut scratch.contributions, progress)
        }
        // The SHAP values of a linear model, where features are independent.
        Machine::Glm(glm) => {
            contribute(model, scratch);
            Ok((0..glm.outputs()).map(|output| glm.intercept(output)).collect())
        }
        Machine::Onnx(_) | Machine::Scorecard(_) | Machine::Program(_) => {
            Err(Error::Invalid("SHAP values of an ONNX model are not computed".into()))
        }
    }
}

/// Fills the buffer with a zero for each output and feature. Returns the number of features.
fn clear(model: &Scorer, contributions: &mut Vec<f64>) -> usize {
    contributions.clear();
    contributions.resize(model.outputs() * model.head.features.len(), 0.0);
    model.head.features.len()
}
