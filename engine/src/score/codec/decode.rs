//! Reads a model from frames.

use super::categories::CategoriesDecoder;
use super::records::{Reader, records_of};
use super::{
    FOREST, FRAME, GIVEN, GLM, HEADER, LONGEST_WARNING, MAX_WARNINGS, MORE, NAMED, ONNX, PLAIN, PROGRAM, SCORECARD,
};
use crate::model::Kind;
use crate::model::codec::preamble_of;
use crate::score::calibration::CalibrationDecoder;
use crate::score::features::{Features, Marker};
use crate::score::forest;
use crate::score::given::Given;
use crate::score::glm::GlmDecoder;
use crate::score::machine::Machine;
use crate::score::model::{Head, ScoreModel};
use crate::score::onnx;
use crate::score::options::Format;
use crate::score::pmml::ProgramDecoder;
use crate::score::scorecard::ScorecardDecoder;
use crate::score::source::Source;
use crate::score::{MAX_CLASSES, MAX_FEATURES, MAX_NAME};
use crate::{Error, Result};

/// A score model that is being read from frames.
#[derive(Debug)]
pub struct ScoreDecoder {
    format: Format,
    features: usize,
    warnings: usize,
    records: usize,
    /// The number of records before those of the machine.
    skipped: usize,
    of_categories: usize,
    marker: Option<Marker>,
    categories: CategoriesDecoder,
    of_classes: usize,
    of_calibration: usize,
    calibration: CalibrationDecoder,
    given: Given,
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
    Onnx(onnx::Decoder),
    Program(ProgramDecoder),
}

impl ScoreDecoder {
    /// Reads the first frame of this version, without its preamble.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn begin(version: u8, frame: &[u8]) -> Result<Self> {
        let (has_more, has_given) = (version > PLAIN, version > NAMED);
        if frame.len() != HEADER + if has_more { MORE } else { 0 } + if has_given { GIVEN } else { 0 } {
            return Err(Error::Corrupt("the header has another length"));
        }
        let mut reader = Reader(frame);
        let format = Format::coded(reader.byte()?).ok_or(Error::Corrupt("an option is unknown"))?;
        let machine = match reader.byte()? {
            GLM => MachineDecoder::Glm(GlmDecoder::default()),
            SCORECARD => MachineDecoder::Scorecard(ScorecardDecoder::default()),
            FOREST => MachineDecoder::Forest(Box::new(forest::Decoder::new())),
            PROGRAM => MachineDecoder::Program(ProgramDecoder::default()),
            ONNX => MachineDecoder::Onnx(onnx::Decoder::default()),
            _ => return Err(Error::Corrupt("an option is unknown")),
        };
        let fits = match format {
            Format::Glm => matches!(machine, MachineDecoder::Glm(_)),
            Format::Scorecard => matches!(machine, MachineDecoder::Scorecard(_)),
            Format::Xgboost | Format::Lightgbm | Format::Catboost => matches!(machine, MachineDecoder::Forest(_)),
            Format::Pmml => {
                matches!(machine, MachineDecoder::Glm(_) | MachineDecoder::Scorecard(_) | MachineDecoder::Program(_))
            }
            Format::Onnx => matches!(machine, MachineDecoder::Onnx(_)),
        };
        let [features, warnings, records] = [reader.count()?, reader.count()?, reader.count()?].map(|n| n as usize);
        let (of_categories, marker) = if has_more { more(&mut reader)? } else { (0, None) };
        let [of_classes, of_calibration] =
            if has_given { [reader.count()? as usize, reader.count()? as usize] } else { [0, 0] };
        if !fits
            || features == 0
            || features > MAX_FEATURES
            || warnings > MAX_WARNINGS
            || of_classes > MAX_CLASSES
            || of_calibration > CalibrationDecoder::MOST
        {
            return Err(Error::Corrupt("the header contradicts itself"));
        }
        let first = [&preamble_of(Kind::Score, version.max(PLAIN))[..], frame].concat();
        Ok(Self {
            format,
            features,
            warnings,
            records,
            skipped: features + warnings + of_categories + of_classes + of_calibration,
            of_categories,
            marker,
            categories: CategoriesDecoder::default(),
            of_classes,
            of_calibration,
            calibration: CalibrationDecoder::default(),
            given: Given::default(),
            names: Vec::new(),
            decimals: Vec::new(),
            texts: Vec::new(),
            machine,
            held: first.len() as u64,
            frames: vec![first.into()],
        })
    }

    /// Reads the next frame.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn push(&mut self, frame: &[u8]) -> Result<()> {
        if frame.is_empty() || frame.len() > FRAME {
            return Err(Error::Corrupt("a frame is empty or too long"));
        }
        let (before, mut count) = (self.records, 0);
        for record in records_of(frame) {
            self.record(record?)?;
            count += 1;
        }
        let of_machine = before - self.records;
        let is_made_again = match &self.machine {
            MachineDecoder::Forest(_) => true,
            // The other frames are kept, since the model is not decoded here.
            MachineDecoder::Onnx(_) if of_machine > 0 && count > 1 => {
                return Err(Error::Corrupt("a record of an ONNX file is not alone in its frame"));
            }
            MachineDecoder::Onnx(_) => of_machine > 0,
            _ => false,
        };
        if !is_made_again {
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
        if let Some(left) = self.of_categories.checked_sub(1) {
            self.of_categories = left;
            return self.categories.push(record, self.features);
        }
        if self.given.classes.len() < self.of_classes {
            if record.len() > MAX_NAME {
                return Err(Error::Corrupt("the name of a class is too long"));
            }
            self.given.classes.push(text(record)?.into());
            self.held += (record.len() + size_of::<Box<str>>()) as u64;
            return Ok(());
        }
        if let Some(left) = self.of_calibration.checked_sub(1) {
            self.of_calibration = left;
            return self.calibration.push(record);
        }
        self.records = self.records.checked_sub(1).ok_or(Error::Corrupt("too many records"))?;
        match &mut self.machine {
            MachineDecoder::Glm(decoder) => decoder.push(record, self.features),
            MachineDecoder::Scorecard(decoder) => decoder.push(record),
            MachineDecoder::Forest(decoder) => decoder.push(record),
            MachineDecoder::Onnx(decoder) => decoder.push(record),
            MachineDecoder::Program(decoder) => decoder.push(record),
        }
    }

    /// Returns the model, after every frame was read. The machine of an ONNX graph or a program is not decoded yet.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when frames are missing or contradict each other.
    pub fn finish(mut self) -> Result<ScoreModel> {
        let has_texts = self.names.len() == self.features && self.texts.len() == self.warnings;
        if !has_texts
            || self.given.classes.len() < self.of_classes
            || self.of_categories + self.of_calibration + self.records > 0
        {
            return Err(Error::Corrupt("records are missing"));
        }
        let mut features = Features::new(self.names, self.decimals).map_err(Error::Corrupt)?;
        features.set_categories(self.categories.finish(self.features)?).map_err(Error::Corrupt)?;
        features.set_marker(self.marker);
        self.given.calibration = self.calibration.finish()?;
        let head = Head { format: self.format, features, warnings: self.texts, given: self.given, frames: self.frames };
        let machine = match self.machine {
            MachineDecoder::Glm(decoder) => Machine::Glm(decoder.finish(self.features)?),
            MachineDecoder::Scorecard(decoder) => Machine::Scorecard(decoder.finish(self.features)?),
            MachineDecoder::Forest(decoder) => {
                let forest = decoder.finish()?;
                if forest.features() != head.features.names() {
                    return Err(Error::Corrupt("the features of the forest differ from those of the model"));
                }
                Machine::Forest(Box::new(forest))
            }
            MachineDecoder::Onnx(decoder) => {
                return Ok(ScoreModel::undecoded(head, Source::Onnx(decoder.finish())));
            }
            MachineDecoder::Program(decoder) => {
                let source = Source::Program { skipped: self.skipped, bytes: decoder.len() };
                return Ok(ScoreModel::undecoded(head, source));
            }
        };
        head.given.check(&machine).map_err(Error::Corrupt)?;
        if matches!(machine, Machine::Forest(_)) {
            let Head { format, features, warnings, given, .. } = head;
            return Ok(ScoreModel::build(format, features, machine, warnings, given));
        }
        Ok(ScoreModel::decoded(head, machine))
    }

    /// Bytes of memory in use.
    pub fn bytes(&self) -> u64 {
        self.held
            + self.categories.bytes()
            + self.calibration.bytes()
            + match &self.machine {
                MachineDecoder::Glm(decoder) => decoder.bytes(),
                MachineDecoder::Scorecard(decoder) => decoder.bytes(),
                MachineDecoder::Forest(decoder) => decoder.bytes(),
                MachineDecoder::Onnx(decoder) => decoder.bytes(),
                // The bytes of a program are in the frames.
                MachineDecoder::Program(_) => 0,
            }
    }
}

/// Reads what version 3 appends to the header: the number of records of categories, and the number for missing values.
fn more(reader: &mut Reader<'_>) -> Result<(usize, Option<Marker>)> {
    let of_categories = reader.count()? as usize;
    let is_single = reader.coded(&[None, Some(false), Some(true)])?;
    let number = reader.number()?;
    if !number.is_finite() || is_single.is_none() && number != 0.0 {
        return Err(Error::Corrupt("the number for missing values contradicts the header"));
    }
    Ok((of_categories, is_single.map(|is_single| Marker { number, is_single })))
}
