//! The fields of `MODEL.INFO` and the labels of `MODEL.LABELS`.

use super::model::OriginModel;
use crate::model::{Field, LabelSet};

impl OriginModel {
    pub(super) fn info_fields(&self) -> Vec<(&'static str, Field)> {
        let agreements = self.agreements().map(|agreement| {
            format!("{}: {} rules, {} unparsed", agreement.head.id, agreement.rules.len(), agreement.unparsed)
        });
        vec![
            ("codes", Field::Integer(self.nomenclature().map_or(0, |codes| codes.rows() as u64))),
            ("sections", Field::Integer(self.sections().map_or(0, |sections| sections.len() as u64))),
            ("synonyms", Field::Integer(self.synonyms().map_or(0, |synonyms| synonyms.len() as u64))),
            ("agreements", Field::List(agreements.collect())),
            ("rules", Field::Integer(self.rule_count() as u64)),
            ("bytes", Field::Integer(self.held())),
            ("warnings", Field::List(self.warnings())),
        ]
    }

    pub(super) fn label_set(&self, set: LabelSet) -> Option<Vec<String>> {
        match set {
            LabelSet::Agreements => Some(self.agreements().map(|agreement| agreement.head.id.to_string()).collect()),
            _ => None,
        }
    }
}
