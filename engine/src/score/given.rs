//! What the options of a load add to what a file has.

use super::calibration::Calibration;
use super::classes::{Classes, check_names};
use super::machine::{Answer, Machine};
use crate::{Error, Result};

/// What the options of a load add.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The names of the classes; empty: those of the machine.
    pub(super) classes: Vec<Box<str>>,
    pub(super) calibration: Option<Calibration>,
}

impl Given {
    /// What the options add to a machine.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they do not fit it.
    pub(super) fn new(classes: Option<&Classes>, calibration: Option<&Calibration>, machine: &Machine) -> Result<Self> {
        if let Some(calibration) = calibration {
            let checked = check_calibration(calibration, machine);
            checked.map_err(|reason| Error::Invalid(format!("CALIBRATION: {reason}").into()))?;
        }
        let classes = classes.map(|classes| names(classes, machine)).transpose()?.unwrap_or_default();
        Ok(Self { classes, calibration: calibration.cloned() })
    }

    /// Whether nothing is added.
    pub(super) fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.calibration.is_none()
    }

    /// Checks that it fits the machine.
    pub(super) fn check(&self, machine: &Machine) -> Result<(), &'static str> {
        if !self.classes.is_empty() && self.classes.len() != classes_of(machine) {
            return Err("the names of classes do not fit the model");
        }
        if let Some(calibration) = &self.calibration {
            check_calibration(calibration, machine)?;
        }
        check_names(&self.classes)
    }
}

/// The number of classes; 0 if the answer is not a class.
fn classes_of(machine: &Machine) -> usize {
    match machine.answer() {
        Answer::Binary => 2,
        Answer::Multi => machine.outputs(),
        Answer::Value { .. } | Answer::Points | Answer::Outputs { .. } => 0,
    }
}

/// The names, for a machine with as many classes.
fn names(classes: &Classes, machine: &Machine) -> Result<Vec<Box<str>>> {
    let (given, has) = (classes.0.len(), classes_of(machine));
    let reason = match has {
        0 => "CLASSES is for models with classes, and the answer of this model is a number".to_owned(),
        _ if has != given => format!("CLASSES has {given} names, and the model has {has} classes"),
        _ => return Ok(classes.0.clone()),
    };
    Err(Error::Invalid(reason.into()))
}

/// Checks that a machine can be calibrated.
fn check_calibration(calibration: &Calibration, machine: &Machine) -> Result<(), &'static str> {
    calibration.check()?;
    match machine.answer() {
        Answer::Binary if calibration.is_of_margin() && !machine.has_one_margin() => {
            Err(r#"this model has no margin; calibrate its probability with "of":"score""#)
        }
        Answer::Binary | Answer::Value { .. } => Ok(()),
        Answer::Points => {
            Err("the points of a scorecard are not calibrated; scorecard/1 has \"probability\" for what they mean")
        }
        Answer::Multi | Answer::Outputs { .. } => Err("it is for models of two classes or of one number"),
    }
}
