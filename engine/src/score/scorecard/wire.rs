//! The byte form of a scorecard: records, all numbers little-endian, each text a `u16` length and bytes.
//!
//! The first record is `f64` initial score, `u8` method, `u32` reasons, `u32` bands, `u32` attributes, `u8` 1 if there
//! is a probability, then its `f64` a and b and the text of its outcome. Then follows a record for each band (`f64`
//! limit, text label) and for each attribute (`u32` feature; `u8` and `f64` baseline; `u8`, `f64`, `u32` bin of missing
//! values; `u32` number of edges, `f64` each; for each segment, one more than edges, `f64` points and `u32` code; `u32`
//! number of codes, text each).

use super::super::codec::{Reader, Records, put_text};
use super::{Attribute, Band, Bin, Method, Probability, Scorecard, Segments};
use super::{MAX_BANDS, MAX_BINS, NO_CODE};
use crate::score::MAX_FEATURES;
use crate::{Error, Result};

const METHODS: [Method; 2] = [Method::Below, Method::Above];

/// Writes the records of the scorecard.
pub(in crate::score) fn encode(card: &Scorecard, records: &mut Records) {
    let mut record = card.initial.to_le_bytes().to_vec();
    record.push(METHODS.iter().position(|&method| method == card.method).expect("METHODS contains every method") as u8);
    for count in [card.max_reasons, card.bands.len() as u32, card.attributes.len() as u32] {
        record.extend_from_slice(&count.to_le_bytes());
    }
    record.push(u8::from(card.probability.is_some()));
    if let Some(Probability { a, b, of }) = &card.probability {
        record.extend_from_slice(&a.to_le_bytes());
        record.extend_from_slice(&b.to_le_bytes());
        put_text(of, &mut record);
    }
    records.push(&record);
    for band in &card.bands {
        record.clear();
        record.extend_from_slice(&band.below.to_le_bytes());
        put_text(&band.label, &mut record);
        records.push(&record);
    }
    for attribute in &card.attributes {
        record.clear();
        encode_attribute(attribute, &mut record);
        records.push(&record);
    }
}

fn encode_attribute(attribute: &Attribute, record: &mut Vec<u8>) {
    record.extend_from_slice(&attribute.feature.to_le_bytes());
    record.push(u8::from(attribute.baseline.is_some()));
    record.extend_from_slice(&attribute.baseline.unwrap_or_default().to_le_bytes());
    let missing = attribute.missing.unwrap_or(Bin { points: 0.0, code: NO_CODE });
    record.push(u8::from(attribute.missing.is_some()));
    record.extend_from_slice(&missing.points.to_le_bytes());
    record.extend_from_slice(&missing.code.to_le_bytes());
    record.extend_from_slice(&(attribute.segments.edges.len() as u32).to_le_bytes());
    for edge in &attribute.segments.edges {
        record.extend_from_slice(&edge.to_le_bytes());
    }
    for bin in &attribute.segments.bins {
        record.extend_from_slice(&bin.points.to_le_bytes());
        record.extend_from_slice(&bin.code.to_le_bytes());
    }
    record.extend_from_slice(&(attribute.codes.len() as u32).to_le_bytes());
    for code in &attribute.codes {
        put_text(code, record);
    }
}

/// A scorecard that is being read from records.
#[derive(Debug, Default)]
pub(in crate::score) struct ScorecardDecoder {
    card: Option<Scorecard>,
    bands: usize,
    attributes: usize,
    held: usize,
}

impl ScorecardDecoder {
    /// Reads the next record.
    pub(in crate::score) fn push(&mut self, record: &[u8]) -> Result<()> {
        self.held += 2 * record.len();
        let mut reader = Reader(record);
        let Some(card) = &mut self.card else {
            let initial = reader.number()?;
            let method = reader.coded(&METHODS)?;
            let max_reasons = reader.count()?;
            (self.bands, self.attributes) = (reader.count()? as usize, reader.count()? as usize);
            if self.bands > MAX_BANDS || self.attributes > MAX_FEATURES {
                return Err(Error::Corrupt("too many bands or attributes"));
            }
            let probability = match reader.coded(&[false, true])? {
                false => None,
                true => Some(Probability { a: reader.number()?, b: reader.number()?, of: reader.text()?.into() }),
            };
            let (attributes, bands) = (Vec::new(), Vec::new());
            self.card = Some(Scorecard { initial, attributes, method, max_reasons, probability, bands });
            return reader.end();
        };
        if card.bands.len() < self.bands {
            card.bands.push(Band { below: reader.number()?, label: reader.text()?.into() });
        } else if card.attributes.len() < self.attributes {
            card.attributes.push(attribute(&mut reader)?);
        } else {
            return Err(Error::Corrupt("too many records of a scorecard"));
        }
        reader.end()
    }

    /// Returns the scorecard, after every record was read.
    pub(in crate::score) fn finish(self, features: usize) -> Result<Scorecard> {
        let card = self.card.filter(|card| card.bands.len() == self.bands && card.attributes.len() == self.attributes);
        card.ok_or(Error::Corrupt("records of a scorecard are missing"))?.check(features).map_err(Error::Corrupt)
    }

    pub(in crate::score) fn bytes(&self) -> u64 {
        self.held as u64
    }
}

fn attribute(reader: &mut Reader<'_>) -> Result<Attribute> {
    let feature = reader.count()?;
    let (has_baseline, baseline) = (reader.coded(&[false, true])?, reader.number()?);
    let has_missing = reader.coded(&[false, true])?;
    let missing = Bin { points: reader.number()?, code: reader.count()? };
    let edges = reader.count()? as usize;
    if edges > 2 * MAX_BINS {
        return Err(Error::Corrupt("too many bins"));
    }
    let edges = (0..edges).map(|_| reader.number()).collect::<Result<Vec<_>>>()?;
    let bin = |_| Ok(Bin { points: reader.number()?, code: reader.count()? });
    let bins = (0..=edges.len()).map(bin).collect::<Result<Vec<_>>>()?;
    let segments = Segments::from_parts(edges, bins).map_err(Error::Corrupt)?;
    let codes = reader.count()? as usize;
    if codes > MAX_BINS + 2 {
        return Err(Error::Corrupt("too many reason codes"));
    }
    let codes = (0..codes).map(|_| reader.text().map(Into::into)).collect::<Result<Vec<_>>>()?;
    Ok(Attribute {
        feature,
        segments,
        missing: has_missing.then_some(missing),
        baseline: has_baseline.then_some(baseline),
        codes,
    })
}
