//! The byte form of a score model.
//!
//! All numbers are little-endian. The first frame is the preamble and the header: `u8` format, `u8` machine, `u32`
//! features, warnings and records of the machine. Every other frame holds whole records, each a `u16` length and bytes:
//! features in order (`u8` decimals, 255 without, and the name), warnings (text), then what the machine writes.
//!
//! The frames are made once, when a model is loaded, and kept, as they come when it is read: a frame costs no more than
//! its copy. Only those of a forest, one record each, are made by it when they are asked for: they are many.

use super::features::Features;
use super::forest;
use super::glm::{self, GlmDecoder};
use super::load::Format;
use super::model::{Machine, ScoreModel};
use super::scorecard::{self, ScorecardDecoder};
use super::{MAX_FEATURES, MAX_NAME};
use crate::model::{Kind, codec::preamble};
use crate::{Error, Result};

/// The largest frame that is written and read, in bytes.
const FRAME: usize = 1 << 16;

/// The most warnings, and the longest, in bytes.
const MAX_WARNINGS: usize = 100;
const LONGEST_WARNING: usize = 1024;

/// Bytes of the header.
const HEADER: usize = 2 + 3 * 4;

const GLM: u8 = 0;
const SCORECARD: u8 = 1;
const FOREST: u8 = 2;

/// Records gathered into frames.
#[derive(Debug, Default)]
pub(super) struct Records {
    frames: Vec<Box<[u8]>>,
    open: Vec<u8>,
    count: u32,
}

impl Records {
    /// Appends a record of at most 60 KiB.
    pub(super) fn push(&mut self, record: &[u8]) {
        if self.open.len() + 2 + record.len() > FRAME {
            self.frames.push(std::mem::take(&mut self.open).into());
        }
        let length = u16::try_from(record.len()).expect("records are shorter than 60 KiB");
        self.open.extend_from_slice(&length.to_le_bytes());
        self.open.extend_from_slice(record);
        self.count += 1;
    }
}

/// Appends a text of less than 64 KiB.
pub(super) fn put_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Writes a model.
pub(super) fn encode(format: Format, features: &Features, warnings: &[String], machine: &Machine) -> Vec<Box<[u8]>> {
    let mut records = Records { frames: vec![Box::default()], ..Records::default() };
    let mut record = Vec::new();
    for (i, name) in features.names().iter().enumerate() {
        record.clear();
        record.push(features.decimals(i));
        record.extend_from_slice(name.as_bytes());
        records.push(&record);
    }
    warnings.iter().for_each(|warning| records.push(warning.as_bytes()));
    records.count = 0;
    let code = match machine {
        Machine::Glm(model) => {
            glm::encode(model, &mut records);
            GLM
        }
        Machine::Scorecard(card) => {
            scorecard::encode(card, &mut records);
            SCORECARD
        }
        Machine::Forest(forest) => {
            // Its records follow when they are asked for.
            records.count = u32::try_from(forest.records()).expect("a forest has fewer records than nodes");
            FOREST
        }
    };
    let mut header = preamble(Kind::Score).to_vec();
    header.push(Format::ALL.iter().position(|&one| one == format).expect("the list is complete") as u8);
    header.push(code);
    for count in [features.len() as u32, warnings.len() as u32, records.count] {
        header.extend_from_slice(&count.to_le_bytes());
    }
    records.frames.push(records.open.into());
    records.frames[0] = header.into();
    records.frames
}

/// A record as a frame of its own.
pub(super) fn alone(record: &[u8]) -> Vec<u8> {
    let length = u16::try_from(record.len()).expect("records are shorter than 60 KiB");
    [&length.to_le_bytes()[..], record].concat()
}

/// A score model in the making.
#[derive(Debug)]
pub struct ScoreDecoder {
    format: Format,
    features: usize,
    warnings: usize,
    records: usize,
    names: Vec<Box<str>>,
    decimals: Vec<u8>,
    texts: Vec<String>,
    machine: MachineDecoder,
    frames: Vec<Box<[u8]>>,
    held: u64,
}

#[derive(Debug)]
enum MachineDecoder {
    Glm(GlmDecoder),
    Scorecard(ScorecardDecoder),
    Forest(Box<forest::Decoder>),
}

impl ScoreDecoder {
    /// Takes the first frame, without its preamble.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn begin(frame: &[u8]) -> Result<Self> {
        if frame.len() != HEADER {
            return Err(Error::Corrupt("the header has another length"));
        }
        let mut reader = Reader(frame);
        let format = reader.coded(&Format::ALL)?;
        let machine = match reader.coded(&[GLM, SCORECARD, FOREST])? {
            GLM => MachineDecoder::Glm(GlmDecoder::default()),
            SCORECARD => MachineDecoder::Scorecard(ScorecardDecoder::default()),
            _ => MachineDecoder::Forest(Box::new(forest::Decoder::new())),
        };
        let fits = match format {
            Format::Glm => matches!(machine, MachineDecoder::Glm(_)),
            Format::Scorecard => matches!(machine, MachineDecoder::Scorecard(_)),
            Format::Xgboost | Format::Lightgbm => matches!(machine, MachineDecoder::Forest(_)),
            Format::Pmml => !matches!(machine, MachineDecoder::Forest(_)),
        };
        let [features, warnings, records] = [reader.count()?, reader.count()?, reader.count()?].map(|n| n as usize);
        if !fits || features == 0 || features > MAX_FEATURES || warnings > MAX_WARNINGS {
            return Err(Error::Corrupt("the header does not fit together"));
        }
        let first = [&preamble(Kind::Score)[..], frame].concat();
        Ok(Self {
            format,
            features,
            warnings,
            records,
            names: Vec::new(),
            decimals: Vec::new(),
            texts: Vec::new(),
            machine,
            held: first.len() as u64,
            frames: vec![first.into()],
        })
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn push(&mut self, frame: &[u8]) -> Result<()> {
        if frame.is_empty() || frame.len() > FRAME {
            return Err(Error::Corrupt("a frame is empty or too long"));
        }
        let mut rest = frame;
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk().ok_or(Error::Corrupt("a record is cut"))?;
            let (record, after) = after
                .split_at_checked(usize::from(u16::from_le_bytes(*length)))
                .ok_or(Error::Corrupt("a record is cut"))?;
            self.record(record)?;
            rest = after;
        }
        if !matches!(self.machine, MachineDecoder::Forest(_)) {
            self.held += frame.len() as u64 + size_of::<Box<[u8]>>() as u64;
            self.frames.push(frame.into());
        }
        Ok(())
    }

    fn record(&mut self, record: &[u8]) -> Result<()> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Error::Corrupt("a text is not UTF-8"));
        if self.names.len() < self.features {
            let (&decimals, name) = record.split_first().ok_or(Error::Corrupt("an empty record"))?;
            if name.is_empty() || name.len() > MAX_NAME {
                return Err(Error::Corrupt("the name of a feature is too long or empty"));
            }
            self.names.push(text(name)?.into());
            self.decimals.push(decimals);
            self.held += (name.len() + 17) as u64;
            return Ok(());
        }
        if self.texts.len() < self.warnings {
            if record.len() > LONGEST_WARNING {
                return Err(Error::Corrupt("a warning is too long"));
            }
            self.texts.push(text(record)?.to_owned());
            self.held += (record.len() + size_of::<String>()) as u64;
            return Ok(());
        }
        self.records = self.records.checked_sub(1).ok_or(Error::Corrupt("too many records"))?;
        match &mut self.machine {
            MachineDecoder::Glm(decoder) => decoder.push(record, self.features),
            MachineDecoder::Scorecard(decoder) => decoder.push(record),
            MachineDecoder::Forest(decoder) => decoder.push(record),
        }
    }

    /// The model, once every frame has arrived.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when frames are missing or do not fit together.
    pub fn finish(self) -> Result<ScoreModel> {
        if self.names.len() < self.features || self.texts.len() < self.warnings || self.records > 0 {
            return Err(Error::Corrupt("records are missing"));
        }
        let machine = match self.machine {
            MachineDecoder::Glm(decoder) => Machine::Glm(decoder.finish(self.features)?),
            MachineDecoder::Scorecard(decoder) => Machine::Scorecard(decoder.finish(self.features)?),
            MachineDecoder::Forest(decoder) => {
                let forest = decoder.finish()?;
                if forest.features() != self.names {
                    return Err(Error::Corrupt("a forest of other features"));
                }
                Machine::Forest(forest)
            }
        };
        let features = Features::new(self.names, self.decimals).map_err(Error::Corrupt)?;
        if matches!(machine, Machine::Forest(_)) {
            return Ok(ScoreModel::build(self.format, features, machine, self.texts));
        }
        Ok(ScoreModel::with_frames(self.format, features, machine, self.texts, self.frames))
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> u64 {
        self.held
            + match &self.machine {
                MachineDecoder::Glm(decoder) => decoder.bytes(),
                MachineDecoder::Scorecard(decoder) => decoder.bytes(),
                MachineDecoder::Forest(decoder) => decoder.bytes(),
            }
    }
}

/// What is left of some bytes.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Corrupt("a record is too short"))?;
        self.0 = rest;
        Ok(*bytes)
    }

    pub(super) fn count(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(super) fn number(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.take()?))
    }

    pub(super) fn coded<T: Copy>(&mut self, all: &[T]) -> Result<T> {
        let [code] = self.take()?;
        all.get(usize::from(code)).copied().ok_or(Error::Corrupt("an option is unknown"))
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let (text, rest) = self.0.split_at_checked(length).ok_or(Error::Corrupt("a text is too short"))?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Error::Corrupt("a text is not UTF-8"))
    }

    pub(super) fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Corrupt("a record is too long")) }
    }
}
