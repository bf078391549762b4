//! The fields of `MODEL.INFO` and the labels of `MODEL.LABELS`.

use super::calibration::Calibration;
use super::machine::{Answer, Machine};
use super::model::ScoreModel;
use crate::model::{Field, LabelSet, Model};

impl ScoreModel {
    pub(super) fn info_fields(&self) -> Vec<(&'static str, Field)> {
        let text = |text: &str| Field::Text(text.to_owned());
        let mut fields = vec![
            ("format", text(self.format().name())),
            ("features", Field::Integer(self.features.len() as u64)),
            ("outputs", Field::Integer(self.outputs() as u64)),
        ];
        match &self.machine {
            Machine::Glm(glm) => fields.push(("link", text(glm.link.name()))),
            Machine::Scorecard(card) => fields.push(("attributes", Field::Integer(card.attributes.len() as u64))),
            Machine::Forest(forest) => {
                fields.push(("trees", Field::Integer(forest.trees() as u64)));
                fields.push(("objective", text(forest.objective())));
            }
            Machine::Onnx(onnx) => {
                let (steps, trees) = onnx.counts();
                fields.push(("steps", Field::Integer(steps as u64)));
                fields.push(("trees", Field::Integer(trees as u64)));
            }
            Machine::Program(program) => fields.push(("trees", Field::Integer(program.trees() as u64))),
        }
        fields.extend([
            ("categories", Field::Integer(self.features.with_categories() as u64)),
            ("calibration", text(self.calibration.as_ref().map_or("none", Calibration::name))),
            ("missing", text(&self.features.missing_text())),
            ("decimals", Field::Text(self.features.decimals_text())),
            ("bytes", Field::Integer(self.bytes())),
            ("warnings", Field::List(self.warnings.clone())),
        ]);
        fields
    }

    pub(super) fn label_set(&self, set: LabelSet) -> Option<Vec<String>> {
        let texts = |list: &[Box<str>]| list.iter().map(|text| text.to_string()).collect();
        match (set, self.answer) {
            (LabelSet::Features, _) => Some(texts(self.features())),
            (LabelSet::Classes, Answer::Binary | Answer::Multi) | (LabelSet::Outputs, Answer::Outputs { .. }) => {
                Some(texts(&self.labels))
            }
            _ => None,
        }
    }
}
