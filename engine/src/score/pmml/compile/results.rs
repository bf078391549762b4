//! What a file gives: a number or classes, their labels and their order in documents.

use std::collections::HashMap;

use super::super::element::{Element, shown};
use super::super::program::Model;
use super::{Compiled, Compiler};
use crate::{Error, Result};

impl<'a> Compiler<'a> {
    /// The slot of the anomaly score, which is an output field of the model: that of scikit-learn's `decision_function`.
    /// The result itself is the mean depth of the row in the trees.
    pub(super) fn score(&mut self, element: &'a Element, whole: &mut Compiled) -> Result<Option<u32>> {
        if !is_isolation_forest(element) || whole.model.classes > 0 {
            return Ok(None);
        }
        self.outputs(element, whole)?;
        Ok(Some(self.field("decisionFunction")?.slot))
    }

    /// Whether a model predicts a class.
    pub(super) fn is_classification(element: &Element) -> Result<bool> {
        match element.needed("functionName")? {
            "regression" => Ok(false),
            "classification" => Ok(true),
            other => {
                Err(Error::bad_whole(format!("PMML models with the functionName {} cannot be used", shown(other))))
            }
        }
    }

    /// The labels of documents: of two classes the one whose probability is the score comes second.
    pub(super) fn labels(&self, element: &'a Element, model: &Model, classes: &[Box<str>]) -> Vec<Box<str>> {
        let mut labels = classes.to_vec();
        if model.is_binary_linear() {
            labels.reverse();
            return labels;
        }
        let places = self.places(element);
        labels.sort_by_key(|label| places.get(&**label).copied().unwrap_or(usize::MAX));
        labels
    }

    /// The place of each value of the target.
    pub(super) fn places(&self, element: &'a Element) -> HashMap<&'a str, usize> {
        self.target_values(element).into_iter().enumerate().map(|(place, value)| (value, place)).collect()
    }

    /// The values of the target in the data dictionary.
    pub(super) fn target_values(&self, element: &'a Element) -> Vec<&'a str> {
        let targets =
            element.child("MiningSchema").into_iter().flat_map(|schema| schema.children_called("MiningField"));
        let target = targets
            .filter(|field| matches!(field.attribute("usageType"), Some("target" | "predicted")))
            .find_map(|field| self.data.get(field.attribute("name")?));
        let values = target.into_iter().flat_map(|field| field.children_called("Value"));
        values
            .filter(|value| value.attribute("property").is_none_or(|is| is == "valid"))
            .filter_map(|v| v.attribute("value"))
            .collect()
    }
}

/// Whether a model is an isolation forest of scikit-learn.
pub(in super::super) fn is_isolation_forest(element: &Element) -> bool {
    element.attribute("algorithmName").is_some_and(|name| name.ends_with(".IsolationForest"))
}
