//! Targets: what is done with a predicted number.

use super::super::element::Element;
use super::super::program::{Cast, Target};
use super::Compiler;
use crate::{Error, Result};

impl Compiler<'_> {
    /// The target of a model.
    pub(super) fn target(&self, model: &Element, is_classification: bool) -> Result<Option<Target>> {
        let Some(targets) = model.child("Targets") else { return Ok(None) };
        targets.only(&[], &["Target"])?;
        let mut all = targets.children_called("Target");
        let (Some(target), None) = (all.next(), all.next()) else {
            return Err(Error::bad_whole("the PMML has Targets for several fields"));
        };
        target.only(
            &["field", "optype", "castInteger", "min", "max", "rescaleConstant", "rescaleFactor"],
            &["TargetValue"],
        )?;
        for value in target.children_called("TargetValue") {
            value.only(&["value", "displayValue"], &[]).map_err(|_| {
                Error::bad_whole("a TargetValue of the PMML has probabilities or a default, which are not used here")
            })?;
        }
        let compiled = Target {
            least: target.number("min")?,
            most: target.number("max")?,
            factor: target.number("rescaleFactor")?.unwrap_or(1.0),
            constant: target.number("rescaleConstant")?.unwrap_or(0.0),
            cast: match target.attribute("castInteger") {
                None => Cast::None,
                Some("round") => Cast::Round,
                Some("ceiling") => Cast::Ceiling,
                Some("floor") => Cast::Floor,
                Some(_) => return Err(Error::bad_whole("a Target of the PMML has an unknown castInteger")),
            },
        };
        let does_nothing = Target { least: None, most: None, factor: 1.0, constant: 0.0, cast: Cast::None };
        match compiled == does_nothing {
            true => Ok(None),
            false if is_classification => {
                Err(Error::bad_whole("a Target of the PMML rescales a class, which has no meaning"))
            }
            false => Ok(Some(compiled)),
        }
    }
}
