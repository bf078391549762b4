//! Loading a model from an input.

use super::demand::FinalDemand;
use super::formats::{Input, load};
use super::model::IoModel;
use super::options::{LeontiefMode, LoadOptions};
use crate::io::leontief::solve;
use crate::io::leontief::spectral::spectral_check;
use crate::{Budget, Progress, Result};

/// Reads a table and creates a model with its indicators. If the options request the full inverse, the budget must have
/// room for it.
///
/// # Errors
/// The errors of [`load`], and [`crate::Error::BadInput`] for a table whose production layers do not converge.
pub(crate) fn load_model(
    input: Input<'_>,
    options: &LoadOptions,
    budget: &Budget,
    progress: &Progress,
) -> Result<IoModel> {
    let loaded = load(input, options, budget, progress)?;
    if options.leontief == Some(LeontiefMode::Full) {
        let demand = loaded.table.demand.as_ref().map_or(0, FinalDemand::bytes);
        let peak = solve::peak_bytes(loaded.table.labels.len(), options.precision, LeontiefMode::Full);
        budget.require("the table with its inverse", peak + demand)?;
    }
    spectral_check(&loaded.table, progress)?;
    let mut model = IoModel::new(loaded.table);
    for indicator in loaded.indicators {
        model = model.with_indicator(indicator)?;
    }
    Ok(model)
}
