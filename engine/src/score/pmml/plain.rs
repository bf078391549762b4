//! Files that need no program: regression models and scorecards over plain numbers become the machines of the JSON
//! formats, with their bins and their contributions.
//!
//! A file with any element that these machines do not have is left to the compiler.

mod predicate;
mod regression;
mod scorecard;

use std::collections::HashMap;

use super::element::{self, Element};
use super::heads;
use crate::score::features::{EXACT, Features};
use crate::score::machine::Machine;
use crate::{Error, Result};

/// Reads the model of a file whose root was checked.
pub(super) fn read(root: &Element, model: &Element) -> Result<(Features, Machine)> {
    if root.child("TransformationDictionary").is_some_and(|dictionary| !dictionary.children.is_empty()) {
        return Err(Error::bad_whole(
            "PMML with a TransformationDictionary cannot be used: its fields are not computed",
        ));
    }
    check_model(model)?;
    let fields = fields(root, model)?;
    match &*model.name {
        "RegressionModel" => regression::read(model, fields),
        "Scorecard" => scorecard::read(model, fields),
        _ => Err(Error::bad_whole("the PMML holds another model than a RegressionModel or a Scorecard")),
    }
}

/// Refuses elements that change scores and are not evaluated.
fn check_model(model: &Element) -> Result<()> {
    heads::check(model)?;
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

/// The attributes of a MiningField that are evaluated, and those that cannot change a score. Invalid values are checked
/// where a field declares limits; low and high values matter only with outlier treatment.
const MINING_FIELD: &[&str] = &[
    "name",
    "usageType",
    "optype",
    "importance",
    "outliers",
    "lowValue",
    "highValue",
    "missingValueReplacement",
    "missingValueTreatment",
    "invalidValueTreatment",
    "invalidValueReplacement",
];

/// The names of the active fields of a model, in the order of its schema.
///
/// Rows are not searched for values that a file declares invalid or declares as marks of a missing value. A model whose
/// fields declare such values is therefore refused, unless the file says that invalid values are used as they are.
fn fields(root: &Element, model: &Element) -> Result<Vec<Box<str>>> {
    let schema = model.child("MiningSchema").ok_or_else(|| Error::bad_whole("the PMML model has no MiningSchema"))?;
    let mut active = Vec::new();
    for field in schema.children_called("MiningField") {
        match field.attribute("usageType").unwrap_or("active") {
            "active" => {}
            "target" | "predicted" | "supplementary" => continue,
            _ => return Err(Error::bad_whole("a MiningField of the PMML has a usageType that cannot be used")),
        }
        field.only(MINING_FIELD, &[])?;
        if field.attribute("optype").is_some_and(|optype| optype != "continuous") {
            return Err(Error::bad_whole("a MiningField of the PMML is not continuous"));
        }
        // A scorecard can have points for missing values. In a regression a missing value is always an error.
        if &*model.name == "Scorecard" && field.attribute("missingValueTreatment") == Some("returnInvalid") {
            return Err(Error::bad_whole(
                "a MiningField of the PMML makes missing values invalid, which is not done here",
            ));
        }
        if field.attribute("missingValueReplacement").is_some() {
            return Err(Error::bad_whole("a MiningField of the PMML replaces missing values, which is not done here"));
        }
        if field.attribute("outliers").is_some_and(|outliers| outliers != "asIs") {
            return Err(Error::bad_whole("a MiningField of the PMML treats outliers, which is not done here"));
        }
        let invalid = field.attribute("invalidValueTreatment").unwrap_or("returnInvalid");
        active.push((Box::from(field.needed("name")?), invalid == "asIs"));
    }
    let treatments: HashMap<&str, bool> = active.iter().map(|(name, as_is)| (&**name, *as_is)).collect();
    let dictionary = root.child("DataDictionary");
    for field in dictionary.iter().flat_map(|dictionary| dictionary.children_called("DataField")) {
        let Some(name) = field.attribute("name") else { continue };
        let Some(&as_is) = treatments.get(name) else { continue };
        let missing = |value: &Element| value.attribute("property") == Some("missing");
        for limit in field.children.iter().filter(|child| &*child.name != "Extension") {
            let what = match &*limit.name {
                "Value" if missing(limit) => "values that mark a missing value",
                "Interval" | "Value" if as_is => continue,
                "Interval" => "valid intervals",
                "Value" => "values that are valid or invalid",
                _ => "limits of an unknown kind",
            };
            return Err(Error::bad_whole(format!(
                "the field {} of the PMML declares {what}, which are not checked in rows: check them before scoring \
                 and remove them from the DataField",
                element::shown(name)
            )));
        }
        if field.attribute("optype").is_some_and(|optype| optype == "categorical")
            || field.attribute("dataType").is_some_and(|kind| !matches!(kind, "double" | "float" | "integer"))
        {
            return Err(Error::bad_whole("a field of the PMML is not a continuous number"));
        }
    }
    Ok(active.into_iter().map(|(name, _)| name).collect())
}

/// Returns the features of a model with these fields.
fn features(names: Vec<Box<str>>) -> Result<Features> {
    let decimals = vec![EXACT; names.len()];
    Features::new(names, decimals).map_err(Error::bad_whole)
}
