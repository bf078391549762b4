//! PMML: regression models and scorecards, imported to the machines that evaluate the JSON formats.

use super::features::Features;
use super::model::Machine;
use crate::{Error, Progress, Result};

/// Reads a file.
pub(super) fn read(_: &[u8], _: &mut Vec<String>, _: &Progress) -> Result<(Features, Machine)> {
    Err(Error::bad_whole("the PMML holds no RegressionModel or Scorecard"))
}
