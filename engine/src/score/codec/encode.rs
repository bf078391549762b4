//! Writes a model as frames.

use super::records::Records;
use super::{FOREST, GLM, SCORECARD};
use crate::model::Kind;
use crate::model::codec::preamble;
use crate::score::features::Features;
use crate::score::machine::Machine;
use crate::score::options::Format;
use crate::score::{glm, scorecard};

/// Returns the frames of a model, without those of a forest's records.
pub(in crate::score) fn encode(
    format: Format,
    features: &Features,
    warnings: &[String],
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
            // A forest writes its records when their frames are requested.
            records.count = u32::try_from(forest.records()).expect("a forest has fewer records than nodes");
            FOREST
        }
    };
    let mut header = preamble(Kind::Score).to_vec();
    header.push(Format::ALL.iter().position(|&one| one == format).expect("ALL contains every format") as u8);
    header.push(code);
    for count in [features.len() as u32, warnings.len() as u32, records.count] {
        header.extend_from_slice(&count.to_le_bytes());
    }
    records.frames.push(records.open.into());
    records.frames[0] = header.into();
    records.frames
}
