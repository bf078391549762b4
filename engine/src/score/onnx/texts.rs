//! The texts of a model.

use std::collections::HashMap;

use super::bad;
use crate::Result;

/// The texts of a model: labels and categories. A text in a tensor is a place in this list.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) all: Vec<Box<str>>,
    places: HashMap<Box<str>, u32>,
}

impl Texts {
    /// The place of a text.
    pub(super) fn place(&mut self, text: &[u8]) -> Result<u32> {
        let text = std::str::from_utf8(text).map_err(|_| bad("a text of the ONNX model is not UTF-8"))?;
        if let Some(&place) = self.places.get(text) {
            return Ok(place);
        }
        let place = self.all.len() as u32;
        if self.all.len() >= 1 << 20 {
            return Err(bad("the ONNX model has more than a million texts"));
        }
        self.all.push(text.into());
        self.places.insert(text.into(), place);
        Ok(place)
    }
}
