//! PMML: regression models and scorecards over plain numbers become the machines of the JSON formats; everything else is
//! compiled into a program.
//!
//! A file with an element that would change a score and that neither of them evaluates exactly is refused by its name.

mod compile;
mod element;
mod heads;
mod plain;
mod program;

#[cfg(test)]
mod tests;

pub(in crate::score) use program::{Card, Fault, Program, ProgramDecoder};

use super::features::Features;
use super::machine::Machine;
use crate::{Error, Progress, Result};

/// Children that the root may have. Models are checked later.
const ROOT: &[&str] = &[
    "Header",
    "MiningBuildTask",
    "DataDictionary",
    "TransformationDictionary",
    "AnomalyDetectionModel",
    "AssociationModel",
    "BaselineModel",
    "BayesianNetworkModel",
    "ClusteringModel",
    "GaussianProcessModel",
    "GeneralRegressionModel",
    "MiningModel",
    "NaiveBayesModel",
    "NearestNeighborModel",
    "NeuralNetwork",
    "RegressionModel",
    "RuleSetModel",
    "Scorecard",
    "SequenceModel",
    "SupportVectorMachineModel",
    "TextModel",
    "TimeSeriesModel",
    "TreeModel",
];

/// Reads a file.
pub(super) fn read(bytes: &[u8], warnings: &mut Vec<String>, progress: &Progress) -> Result<(Features, Machine)> {
    let root = element::parse(bytes, progress)?;
    if &*root.name != "PMML" {
        return Err(Error::bad_whole("the root of the XML is not PMML"));
    }
    root.only(&["version"], ROOT)?;
    let mut models = root
        .children
        .iter()
        .filter(|child| child.name.ends_with("Model") || matches!(&*child.name, "Scorecard" | "NeuralNetwork"));
    let (Some(model), None) = (models.next(), models.next()) else {
        return Err(Error::bad_whole("the PMML must hold exactly one model"));
    };
    let outputs = model.child("Output").into_iter().flat_map(|output| output.children_called("OutputField"));
    if compile::is_isolation_forest(model) {
        warnings.push("the score is decisionFunction: decision_function of scikit-learn, below 0 for outliers".into());
    } else if outputs.into_iter().any(|field| field.parts().next().is_some()) {
        warnings.push(
            "the PMML has an OutputField that is computed from the score; it is not: the score is the predicted value"
                .into(),
        );
    }
    match plain::read(&root, model) {
        Ok(read) => Ok(read),
        Err(_) => {
            let (features, program) = compile::compile(&root, model, warnings, progress)?;
            Ok((features, Machine::Program(Box::new(program))))
        }
    }
}
