//! `RegressionModel`: linear models with those normalisation methods that our links can express.

use std::collections::HashMap;

use super::super::element::Element;
use super::super::heads;
use crate::score::features::Features;
use crate::score::glm::{Glm, Link};
use crate::score::machine::Machine;
use crate::score::{MAX_CLASSES, MAX_FEATURES};
use crate::{Error, Result};

/// Reads a model with these fields.
pub(super) fn read(model: &Element, fields: Vec<Box<str>>) -> Result<(Features, Machine)> {
    let (normalization, tables) = heads::regression(model)?;
    let (link, outputs) = match (model.needed("functionName")?, normalization, tables.len()) {
        ("regression", "none", 1) => (Link::Identity, 1),
        ("regression", "exp", 1) => (Link::Log, 1),
        ("classification", "logit", 2) => (Link::Logit, 1),
        ("classification", "softmax", 2..=MAX_CLASSES) => (Link::Softmax, tables.len()),
        _ => {
            return Err(Error::bad_whole(
                "a PMML regression needs one table and normalizationMethod none or exp; a classification needs logit \
                 (2 tables) or softmax (2 to 1024 tables)",
            ));
        }
    };
    // With logit, the first class has the probability of its table and the second class has the rest.
    if link == Link::Logit && !heads::is_rest(tables[1])? {
        return Err(Error::bad_whole("with logit the second RegressionTable must be empty, of intercept 0"));
    }
    let label = |table: &&Element| Ok(Box::from(table.needed("targetCategory")?));
    let labels = match link {
        // The margin gives the probability of the second class.
        Link::Logit => tables.iter().rev().map(label).collect::<Result<_>>()?,
        Link::Softmax => tables.iter().map(label).collect::<Result<_>>()?,
        _ => Vec::new(),
    };
    let features = super::features(fields)?;
    let n = features.len();
    debug_assert!(n <= MAX_FEATURES);
    let mut numbers = vec![0.0; n];
    for table in &tables[..outputs] {
        numbers.push(heads::intercept(table)?);
    }
    for table in &tables[..outputs] {
        numbers.extend(weights(table, &features)?);
    }
    let glm = Glm::new(link, n, outputs, numbers, labels).map_err(Error::bad_whole)?;
    Ok((features, Machine::Glm(glm)))
}

/// The coefficients of a table; 0 for fields that it does not contain.
fn weights(table: &Element, features: &Features) -> Result<Vec<f64>> {
    let mut found: HashMap<usize, f64> = HashMap::new();
    for predictor in table.parts() {
        let (name, exponent, coefficient) = heads::numeric(predictor)?;
        if exponent != 1.0 {
            return Err(Error::bad_whole("a NumericPredictor of the PMML has an exponent other than 1"));
        }
        let i = features.find(name.as_bytes(), found.len());
        let i = i.ok_or_else(|| Error::bad_whole("a NumericPredictor of the PMML names no active field"))?;
        if found.insert(i, coefficient).is_some() {
            return Err(Error::bad_whole("a RegressionTable of the PMML names a field twice"));
        }
    }
    Ok((0..features.len()).map(|i| found.get(&i).copied().unwrap_or(0.0)).collect())
}
