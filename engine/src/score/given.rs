//! What the options of a load add to what a file has.

use std::collections::HashSet;

use super::calibration::Calibration;
use super::machine::{Answer, Machine};
use super::{MAX_CLASSES, MAX_NAME};
use crate::{Error, Result};

/// Maximum length of the text of `CLASSES`, in bytes. The text is parsed on the main thread.
const MAX_TEXT: usize = 256 << 10;

/// The names of classes, from the option `CLASSES`: in the order of the library's numbers of the classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes(Vec<Box<str>>);

impl Classes {
    /// Reads `low,high`, or a JSON array of texts.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooBig`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(Error::TooBig { what: "CLASSES, in bytes,", limit: MAX_TEXT as u64 });
        }
        let wrong =
            || Error::Invalid("CLASSES are names of classes between commas, or a JSON array of texts, in UTF-8".into());
        let names: Vec<Box<str>> = match text.trim_ascii() {
            text @ [b'[', ..] => serde_json::from_slice(text).map_err(|_| wrong())?,
            text => {
                let text = std::str::from_utf8(text).map_err(|_| wrong())?;
                text.split(',').map(|name| name.trim().into()).collect()
            }
        };
        if names.len() > MAX_CLASSES {
            return Err(Error::TooBig { what: "the number of CLASSES", limit: MAX_CLASSES as u64 });
        }
        check_names(&names).map_err(|reason| Error::Invalid(format!("CLASSES: {reason}").into()))?;
        Ok(Self(names))
    }

    /// The names, for a machine with as many classes.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(super) fn of(&self, machine: &Machine) -> Result<Vec<Box<str>>> {
        let (given, has) = (self.0.len(), classes_of(machine));
        let reason = match has {
            0 => "CLASSES is for models with classes, and the answer of this model is a number".to_owned(),
            _ if has != given => format!("CLASSES has {given} names, and the model has {has} classes"),
            _ => return Ok(self.0.clone()),
        };
        Err(Error::Invalid(reason.into()))
    }
}

/// What the options of a load add.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The names of the classes; empty: those of the machine.
    pub(super) classes: Vec<Box<str>>,
    pub(super) calibration: Option<Calibration>,
}

impl Given {
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
            calibration.check(machine)?;
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

fn check_names(names: &[Box<str>]) -> Result<(), &'static str> {
    let mut seen = HashSet::new();
    if names.iter().any(|name| name.is_empty() || name.len() > MAX_NAME) {
        return Err("the name of a class has 1 to 256 bytes");
    }
    if names.iter().all(|name| seen.insert(name)) { Ok(()) } else { Err("two classes have the same name") }
}
