//! PMML: regression models and scorecards, imported to the machines that evaluate the JSON formats.
//!
//! What would change a score and has no place there is refused: transformations, replaced missing values, outliers,
//! targets that rescale, interactions, categorical predictors, predicates over several fields.

mod element;
mod predicate;
mod regression;
mod scorecard;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use element::Element;

use super::features::{EXACT, Features};
use super::model::Machine;
use crate::{Error, Progress, Result};

/// Reads a file.
pub(super) fn read(bytes: &[u8], warnings: &mut Vec<String>, progress: &Progress) -> Result<(Features, Machine)> {
    let root = element::parse(bytes, progress)?;
    if &*root.name != "PMML" {
        return Err(Error::bad_whole("the root of the XML is not PMML"));
    }
    if root.child("TransformationDictionary").is_some_and(|dictionary| !dictionary.children.is_empty()) {
        return Err(Error::bad_whole(
            "PMML with a TransformationDictionary cannot be used: its fields are not computed",
        ));
    }
    let mut models = root.children.iter().filter(|child| child.name.ends_with("Model") || &*child.name == "Scorecard");
    let (Some(model), None) = (models.next(), models.next()) else {
        return Err(Error::bad_whole("the PMML must hold exactly one model, a RegressionModel or a Scorecard"));
    };
    check_model(model)?;
    let fields = fields(&root, model, warnings)?;
    match &*model.name {
        "RegressionModel" => regression::read(model, fields),
        "Scorecard" => scorecard::read(model, fields),
        _ => Err(Error::bad_whole("of PMML models only RegressionModel and Scorecard can be used")),
    }
}

/// Refuses what changes scores and is not evaluated.
fn check_model(model: &Element) -> Result<()> {
    if model.attribute("isScorable") == Some("false") {
        return Err(Error::bad_whole("the PMML says that its model is not scorable"));
    }
    for (name, reason) in [
        ("LocalTransformations", "PMML with LocalTransformations cannot be used: their fields are not computed"),
        ("Targets", "PMML with Targets cannot be used: scores are not rescaled"),
    ] {
        if model.child(name).is_some_and(|child| !child.children.is_empty()) {
            return Err(Error::bad_whole(reason));
        }
    }
    Ok(())
}

/// The names of the active fields of a model, in the order of its schema.
fn fields(root: &Element, model: &Element, warnings: &mut Vec<String>) -> Result<Vec<Box<str>>> {
    let schema = model.child("MiningSchema").ok_or_else(|| Error::bad_whole("the PMML model has no MiningSchema"))?;
    let mut active = Vec::new();
    for field in schema.children_called("MiningField") {
        match field.attribute("usageType").unwrap_or("active") {
            "active" => {}
            "target" | "predicted" | "supplementary" => continue,
            _ => return Err(Error::bad_whole("a MiningField of the PMML has a usageType that cannot be used")),
        }
        if field.attribute("missingValueReplacement").is_some() {
            return Err(Error::bad_whole("a MiningField of the PMML replaces missing values, which is not done here"));
        }
        if field.attribute("outliers").is_some_and(|outliers| outliers != "asIs") {
            return Err(Error::bad_whole("a MiningField of the PMML treats outliers, which is not done here"));
        }
        active.push(Box::from(field.needed("name")?));
    }
    let names: HashSet<&str> = active.iter().map(|name| &**name).collect();
    let mut is_limited = false;
    let dictionary = root.child("DataDictionary");
    for field in dictionary.iter().flat_map(|dictionary| dictionary.children_called("DataField")) {
        if !field.attribute("name").is_some_and(|name| names.contains(name)) {
            continue;
        }
        if field.attribute("optype").is_some_and(|optype| optype == "categorical")
            || field.attribute("dataType").is_some_and(|kind| !matches!(kind, "double" | "float" | "integer"))
        {
            return Err(Error::bad_whole("a field of the PMML is not a continuous number"));
        }
        is_limited |= !field.children.is_empty();
    }
    if is_limited {
        warnings.push("the PMML limits the values of fields; values outside are scored as they are".into());
    }
    Ok(active)
}

/// The features of a model with these fields.
fn features(names: Vec<Box<str>>) -> Result<Features> {
    let decimals = vec![EXACT; names.len()];
    Features::new(names, decimals).map_err(Error::bad_whole)
}
