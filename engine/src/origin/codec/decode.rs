//! Reads a model from its frames. The frames are not trusted: memory grows only with the data received, and all checks
//! for documents are made again.

use std::sync::Arc;

use super::held::{BEGIN, Cutter, Held, Piece};
use super::records;
use crate::origin::agreement::{Agreement, Builder};
use crate::origin::load::Content;
use crate::origin::model::{OriginModel, Parts};
use crate::origin::nomenclature::{Nomenclature, NomenclatureDecoder};
use crate::origin::overrides::Overrides;
use crate::origin::sections::Sections;
use crate::search::Synonyms;
use crate::{Error, Result};

/// Maximum number of parts: a nomenclature, sections, synonyms, agreements and their overrides.
const MAX_PARTS: u32 = 3 + 2_000;

/// Maximum size of a record, in bytes. A frame has at most 64 KiB.
const MAX_RECORD: usize = 61 << 10;

/// An origin model that is being read from frames.
#[derive(Debug)]
pub struct OriginDecoder {
    announced: u32,
    arrived: u32,
    parts: Parts,
    open: Option<Open>,
    /// The kind of the previous part; kinds never decrease.
    kind: u8,
    bytes: u64,
}

/// A part that is being read.
#[derive(Debug)]
struct Open {
    making: Making,
    cutter: Cutter,
}

#[derive(Debug)]
enum Making {
    Nomenclature(NomenclatureDecoder),
    Sections(Option<Sections>),
    Synonyms(Synonyms),
    Agreement(Box<Builder>),
    Overrides(Overrides),
}

impl OriginDecoder {
    /// Reads the first frame, without its preamble.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn begin(frame: &[u8]) -> Result<Self> {
        let &[a, b, c, d] = frame else { return Err(Error::Corrupt("the header has another length")) };
        let announced = u32::from_le_bytes([a, b, c, d]);
        if announced > MAX_PARTS {
            return Err(Error::Corrupt("there are too many parts"));
        }
        Ok(Self { announced, arrived: 0, parts: Parts::default(), open: None, kind: 0, bytes: 0 })
    }

    /// Reads the next frame.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; the decoder must not be used afterwards.
    pub fn push(&mut self, frame: &[u8]) -> Result<()> {
        let (&[kind, is_last], mut rest) =
            frame.split_first_chunk::<BEGIN>().ok_or(Error::Corrupt("a frame is too short"))?;
        let mut open = match self.open.take() {
            Some(open) if open.cutter.kind == kind => open,
            Some(_) => return Err(Error::Corrupt("a part does not end")),
            None if self.arrived == self.announced => {
                return Err(Error::Corrupt("there are more parts than announced"));
            }
            None if kind < self.kind || (kind == self.kind && kind < Agreement::KIND) => {
                return Err(Error::Corrupt("a part is out of order"));
            }
            None => Open::new(kind)?,
        };
        self.kind = kind;
        while !rest.is_empty() {
            let (length, records) = rest.split_first_chunk::<4>().ok_or(Error::Corrupt("a frame is too short"))?;
            let length = u32::from_le_bytes(*length) as usize;
            let (record, records) = records.split_at_checked(length).ok_or(Error::Corrupt("a record is too short"))?;
            open.push(record)?;
            rest = records;
        }
        match is_last {
            0 => self.open = Some(open),
            1 => {
                self.bytes += open.bytes();
                self.parts.put(open.finish()?).map_err(|_| Error::Corrupt("a part occurs twice"))?;
                self.arrived += 1;
            }
            _ => return Err(Error::Corrupt("the mark of the last frame of a part is neither 0 nor 1")),
        }
        Ok(())
    }

    /// Returns the model, after every frame was read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when frames are missing or contradict each other.
    pub fn finish(self) -> Result<OriginModel> {
        if self.open.is_some() || self.arrived != self.announced {
            return Err(Error::Corrupt("frames are missing"));
        }
        OriginModel::assembled(self.parts).map_err(|_| Error::Corrupt("overrides do not fit their agreement"))
    }

    /// Bytes of memory in use.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.open.as_ref().map_or(0, Open::bytes)
    }
}

impl Open {
    fn new(kind: u8) -> Result<Self> {
        let making = match kind {
            Nomenclature::KIND => Making::Nomenclature(NomenclatureDecoder::default()),
            Sections::KIND => Making::Sections(None),
            Synonyms::KIND => Making::Synonyms(Synonyms::default()),
            Agreement::KIND => Making::Agreement(Box::default()),
            Overrides::KIND => Making::Overrides(Overrides::default()),
            _ => return Err(Error::Corrupt("the kind of a part is unknown")),
        };
        Ok(Self { making, cutter: Cutter::new(kind) })
    }

    fn push(&mut self, record: &[u8]) -> Result<()> {
        if record.len() > MAX_RECORD {
            return Err(Error::Corrupt("a record is too long"));
        }
        match &mut self.making {
            Making::Nomenclature(decoder) => decoder.push(record)?,
            Making::Sections(Some(_)) => return Err(Error::Corrupt("sections have more than one record")),
            Making::Sections(sections) => *sections = Some(Sections::from_record(record)?),
            Making::Synonyms(synonyms) => synonyms.push_record(record)?,
            Making::Agreement(builder) => records::into_agreement(record, builder)?,
            Making::Overrides(overrides) => records::into_overrides(record, overrides)?,
        }
        self.cutter.push(record);
        Ok(())
    }

    fn finish(self) -> Result<Content> {
        let frames = self.cutter.finish();
        Ok(match self.making {
            Making::Nomenclature(decoder) => Content::Nomenclature(Arc::new(Held::of(decoder.finish()?, frames))),
            Making::Sections(sections) => {
                let value = sections.ok_or(Error::Corrupt("sections have no record"))?;
                Content::Sections(Arc::new(Held::of(value, frames)))
            }
            Making::Synonyms(value) => Content::Synonyms(Arc::new(Held::of(value, frames))),
            Making::Agreement(builder) => {
                Content::Agreement(Arc::new(Held::of(builder.finish().map_err(Error::Corrupt)?, frames)))
            }
            Making::Overrides(value) => {
                value.check().map_err(Error::Corrupt)?;
                Content::Overrides(Arc::new(Held::of(value, frames)))
            }
        })
    }

    fn bytes(&self) -> u64 {
        let made = match &self.making {
            Making::Nomenclature(decoder) => decoder.bytes(),
            Making::Sections(sections) => sections.as_ref().map_or(0, Sections::bytes),
            Making::Synonyms(synonyms) => synonyms.bytes(),
            Making::Agreement(builder) => builder.bytes(),
            Making::Overrides(_) => self.cutter.bytes,
        };
        made + self.cutter.bytes
    }
}
