//! Texts of a file as numbers, and constants of every type.

use std::collections::HashMap;

use super::super::element::shown;
use super::super::program::Kind;
use crate::{Error, Result};

/// Maximum number of different texts.
const MAX_WORDS: usize = 1_000_000;

/// Texts and their numbers, in the order of their first use.
#[derive(Debug, Default)]
pub(super) struct Words {
    numbers: HashMap<Box<str>, u32>,
    list: Vec<Box<str>>,
}

impl Words {
    /// The number of a text.
    pub(super) fn number(&mut self, text: &str) -> Result<u32> {
        if let Some(&number) = self.numbers.get(text) {
            return Ok(number);
        }
        if self.list.len() == MAX_WORDS {
            return Err(Error::TooBig { what: "the number of texts of the PMML", limit: MAX_WORDS as u64 });
        }
        let number = self.list.len() as u32;
        self.numbers.insert(text.into(), number);
        self.list.push(text.into());
        Ok(number)
    }

    /// All texts; the index is the number.
    pub(super) fn list(&self) -> &[Box<str>] {
        &self.list
    }

    /// What a field of this type is compared with: a constant, or an infinity if it is a number.
    pub(super) fn threshold(&mut self, text: &str, kind: Kind) -> Result<f64> {
        match infinity(text) {
            Some(infinity) if kind.is_number() => Ok(infinity),
            _ => self.constant(text, kind),
        }
    }

    /// A constant of this type.
    pub(super) fn constant(&mut self, text: &str, kind: Kind) -> Result<f64> {
        let trimmed = text.trim();
        let number = match kind {
            Kind::Text => return self.number(text).map(f64::from),
            Kind::Boolean => match trimmed {
                "true" | "1" => Some(1.0),
                "false" | "0" => Some(0.0),
                _ => None,
            },
            Kind::Float => trimmed.parse().ok().map(|x: f32| f64::from(x) + 0.0),
            Kind::Double | Kind::Integer => trimmed.parse().ok().map(|x: f64| x + 0.0),
        };
        number.filter(|x| x.is_finite()).ok_or_else(|| {
            let kind = if kind == Kind::Boolean { "truth value" } else { "finite number" };
            Error::bad_whole(format!("the constant {} of the PMML is no {kind}", shown(text)))
        })
    }
}

/// An infinity, as XML Schema writes it: a comparison with it has the same result for every number of a row.
pub(super) fn infinity(text: &str) -> Option<f64> {
    match text.trim() {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The type that a name of a `dataType` means.
pub(super) fn kind_of(data_type: &str) -> Result<Kind> {
    match data_type {
        "double" => Ok(Kind::Double),
        "float" => Ok(Kind::Float),
        "integer" => Ok(Kind::Integer),
        "boolean" => Ok(Kind::Boolean),
        "string" => Ok(Kind::Text),
        other => Err(Error::bad_whole(format!("PMML fields of the dataType {} cannot be used", shown(other)))),
    }
}

/// The type of a constant whose file names none.
pub(super) fn kind_of_constant(text: &str) -> Kind {
    let text = text.trim();
    if text.parse::<i64>().is_ok() {
        Kind::Integer
    } else if text.parse::<f64>().is_ok() {
        Kind::Double
    } else if matches!(text, "true" | "false") {
        Kind::Boolean
    } else {
        Kind::Text
    }
}
