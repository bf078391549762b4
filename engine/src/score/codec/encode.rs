//! Writes a model as frames.

use super::records::Records;
use super::{FOREST, GLM, NAMED, ONNX, PLAIN, PROGRAM, SCORECARD, categories};
use crate::model::Kind;
use crate::model::codec::{preamble_of, version};
use crate::score::features::Features;
use crate::score::given::Given;
use crate::score::machine::Machine;
use crate::score::options::Format;
use crate::score::{glm, scorecard};

/// Returns the frames of a model, without those of the records that are made on request.
pub(in crate::score) fn encode(
    format: Format,
    features: &Features,
    warnings: &[String],
    given: &Given,
    machine: &Machine,
) -> Vec<Box<[u8]>> {
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
    categories::encode(features, &mut records);
    let of_categories = std::mem::take(&mut records.count);
    given.classes.iter().for_each(|class| records.push(class.as_bytes()));
    records.count = 0;
    given.calibration.iter().for_each(|calibration| calibration.encode(&mut records));
    let of_calibration = std::mem::take(&mut records.count);
    let code = match machine {
        Machine::Glm(model) => {
            glm::encode(model, &mut records);
            GLM
        }
        Machine::Scorecard(card) => {
            scorecard::encode(card, &mut records);
            SCORECARD
        }
        Machine::Forest(_) => FOREST,
        Machine::Onnx(_) => ONNX,
        Machine::Program(program) => {
            program.encode(&mut records);
            PROGRAM
        }
    };
    // These machines write their records when their frames are requested.
    records.count += u32::try_from(machine.records()).expect("a machine has fewer records than nodes");
    let of_features = if features.is_plain() { PLAIN } else { NAMED };
    let version = if given.is_empty() { machine.version().max(of_features) } else { version(Kind::Score) };
    let mut header = preamble_of(Kind::Score, version).to_vec();
    header.push(format.code());
    header.push(code);
    for count in [features.len() as u32, warnings.len() as u32, records.count] {
        header.extend_from_slice(&count.to_le_bytes());
    }
    if version > PLAIN {
        header.extend_from_slice(&of_categories.to_le_bytes());
        header.push(features.marker().map_or(0, |marker| 1 + u8::from(marker.is_single)));
        header.extend_from_slice(&features.marker().map_or(0.0, |marker| marker.number).to_le_bytes());
    }
    if version > NAMED {
        header.extend_from_slice(&(given.classes.len() as u32).to_le_bytes());
        header.extend_from_slice(&of_calibration.to_le_bytes());
    }
    records.frames.push(records.open.into());
    records.frames[0] = header.into();
    records.frames
}
