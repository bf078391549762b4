//! The fields of `MODEL.INFO` and the labels of `MODEL.LABELS`.

use super::calibration::Calibration;
use super::machine::{Answer, Machine};
use super::model::ScoreModel;
use crate::model::{Field, LabelSet, Model};

impl ScoreModel {
    pub(super) fn info_fields(&self) -> Vec<(&'static str, Field)> {
        let text = |text: &str| Field::Text(text.to_owned());
        let mut fields =
            vec![("format", text(self.format().name())), ("features", Field::Integer(self.head.features.len() as u64))];
        if let Ok(scorer) = self.scorer() {
            fields.push(("outputs", Field::Integer(scorer.outputs() as u64)));
            fields.extend(scorer.machine.info());
        }
        let calibration = self.head.given.calibration.as_ref();
        fields.extend([
            ("categories", Field::Integer(self.head.features.with_categories() as u64)),
            ("calibration", text(calibration.map_or("none", Calibration::name))),
        ]);
        fields.extend(calibration.map(Calibration::info).unwrap_or_default());
        fields.extend([
            ("missing", text(&self.head.features.missing_text())),
            ("decimals", Field::Text(self.head.features.decimals_text())),
            ("bytes", Field::Integer(self.bytes())),
            ("warnings", Field::List(self.head.warnings.clone())),
        ]);
        fields
    }

    pub(super) fn label_set(&self, set: LabelSet) -> Option<Vec<String>> {
        let texts = |list: &[Box<str>]| list.iter().map(|text| text.to_string()).collect();
        let scorer = self.scorer().ok()?;
        match (set, scorer.answer) {
            (LabelSet::Features, _) => Some(texts(self.features())),
            (LabelSet::Classes, Answer::Binary | Answer::Multi) | (LabelSet::Outputs, Answer::Outputs { .. }) => {
                Some(texts(&scorer.labels))
            }
            _ => None,
        }
    }
}

impl Machine {
    /// The fields that depend on the kind of machine.
    fn info(&self) -> Vec<(&'static str, Field)> {
        let text = |text: &str| Field::Text(text.to_owned());
        match self {
            Self::Glm(glm) => vec![("link", text(glm.link.name()))],
            Self::Scorecard(card) => vec![("attributes", Field::Integer(card.attributes.len() as u64))],
            Self::Forest(forest) => {
                vec![("trees", Field::Integer(forest.trees() as u64)), ("objective", text(forest.objective()))]
            }
            Self::Onnx(onnx) => {
                let (steps, trees) = onnx.counts();
                vec![("steps", Field::Integer(steps as u64)), ("trees", Field::Integer(trees as u64))]
            }
            Self::Program(program) => vec![("trees", Field::Integer(program.trees() as u64))],
        }
    }
}
