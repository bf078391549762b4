//! The byte form of a generalised linear model: records, all numbers little-endian.
//!
//! The first record is `u8` link, `u32` outputs, `u32` labels. Every other record begins with a tag: 1 is a label
//! (text), 2 is numbers (`f64` each) in the order of the model.

use super::super::codec::Records;
use super::{Glm, Link, count};
use crate::{Error, Result};

const LABEL: u8 = 1;
const NUMBERS: u8 = 2;

/// Numbers in one record.
const PIECE: usize = 4096;

/// Writes the records of the model.
pub(in crate::score) fn encode(glm: &Glm, records: &mut Records) {
    let link = Link::ALL.iter().position(|&link| link == glm.link).expect("ALL contains every link") as u8;
    let mut head = vec![link];
    head.extend_from_slice(&(glm.outputs as u32).to_le_bytes());
    head.extend_from_slice(&(glm.labels.len() as u32).to_le_bytes());
    records.push(&head);
    let mut record = Vec::new();
    for label in &glm.labels {
        record.clear();
        record.push(LABEL);
        record.extend_from_slice(label.as_bytes());
        records.push(&record);
    }
    for numbers in glm.numbers.chunks(PIECE) {
        record.clear();
        record.push(NUMBERS);
        numbers.iter().for_each(|number| record.extend_from_slice(&number.to_le_bytes()));
        records.push(&record);
    }
}

/// A model that is being read from records.
#[derive(Debug, Default)]
pub(in crate::score) struct GlmDecoder {
    head: Option<(Link, usize, usize)>,
    numbers: Vec<f64>,
    labels: Vec<Box<str>>,
}

impl GlmDecoder {
    /// Reads the next record of a model with this number of features.
    pub(in crate::score) fn push(&mut self, record: &[u8], features: usize) -> Result<()> {
        let Some((_, outputs, labels)) = self.head else {
            let &[link, a, b, c, d, e, f, g, h] = record else {
                return Err(Error::Corrupt("the head of a linear model has another length"));
            };
            let link = Link::ALL.get(usize::from(link)).ok_or(Error::Corrupt("an unknown link"))?;
            let outputs = u32::from_le_bytes([a, b, c, d]) as usize;
            let labels = u32::from_le_bytes([e, f, g, h]) as usize;
            if outputs > super::MAX_CLASSES || labels > super::MAX_CLASSES {
                return Err(Error::Corrupt("too many classes"));
            }
            self.head = Some((*link, outputs, labels));
            return Ok(());
        };
        match record.split_first() {
            Some((&LABEL, text)) if self.labels.len() < labels && self.numbers.is_empty() => {
                let text = std::str::from_utf8(text).map_err(|_| Error::Corrupt("a label is not UTF-8"))?;
                self.labels.push(text.into());
                Ok(())
            }
            Some((&NUMBERS, bytes)) if self.labels.len() == labels => {
                let (numbers, []) = bytes.as_chunks::<8>() else {
                    return Err(Error::Corrupt("numbers are cut"));
                };
                if numbers.is_empty() || self.numbers.len() + numbers.len() > count(features, outputs) {
                    return Err(Error::Corrupt("too many numbers"));
                }
                self.numbers.extend(numbers.iter().map(|&number| f64::from_le_bytes(number)));
                Ok(())
            }
            _ => Err(Error::Corrupt("an unexpected record of a linear model")),
        }
    }

    /// Returns the model, after every record was read.
    pub(in crate::score) fn finish(self, features: usize) -> Result<Glm> {
        let (link, outputs, _) = self.head.ok_or(Error::Corrupt("a linear model without its head"))?;
        Glm::new(link, features, outputs, self.numbers, self.labels).map_err(Error::Corrupt)
    }

    pub(in crate::score) fn bytes(&self) -> u64 {
        let labels: usize = self.labels.iter().map(|label| label.len() + 16).sum();
        (self.numbers.capacity() * 8 + labels) as u64
    }
}
