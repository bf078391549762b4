//! What a model says about itself: the attributes and parts that both readers of a file need, the plain one and the compiler.

use super::element::{Element, shown};
use crate::score::MAX_FEATURES;
use crate::{Error, Result};

/// The children that every model may have. Verification data are not checked.
const COMMON: &[&str] = &[
    "MiningSchema",
    "Output",
    "ModelStats",
    "ModelExplanation",
    "Targets",
    "LocalTransformations",
    "ModelVerification",
];

/// Refuses attributes and children of a model that are not known, as [`Element::only`] does.
pub(super) fn only(element: &Element, attributes: &[&str], children: &[&str]) -> Result<()> {
    element.only(attributes, &[COMMON, children].concat())
}

/// Refuses what changes the results of every kind of model.
pub(super) fn check(element: &Element) -> Result<()> {
    if element.attribute("isScorable") == Some("false") {
        return Err(Error::bad_whole("the PMML says that its model is not scorable"));
    }
    if element.attribute("x-mathContext").is_some_and(|context| context != "double") {
        return Err(Error::bad_whole(
            "the PMML computes in float (x-mathContext), which is not done here; load the file that XGBoost saves \
             (model.save_model(\"m.ubj\"))",
        ));
    }
    Ok(())
}

/// The attributes of a `Scorecard`.
pub(super) struct Card<'a> {
    pub(super) initial: f64,
    pub(super) baseline: Option<f64>,
    /// Whether points above the baseline give reasons, instead of points below.
    pub(super) is_above: bool,
    pub(super) max_reasons: u32,
    /// Its characteristics.
    pub(super) list: &'a Element,
}

impl<'a> Card<'a> {
    pub(super) fn read(model: &'a Element) -> Result<Self> {
        only(
            model,
            &[
                "modelName",
                "functionName",
                "algorithmName",
                "initialScore",
                "useReasonCodes",
                "reasonCodeAlgorithm",
                "baselineScore",
                "baselineMethod",
                "isScorable",
            ],
            &["Characteristics"],
        )?;
        let is_above = match model.attribute("reasonCodeAlgorithm").unwrap_or("pointsBelow") {
            "pointsBelow" => false,
            "pointsAbove" => true,
            _ => return Err(Error::bad_whole("the reasonCodeAlgorithm of the PMML is pointsBelow or pointsAbove")),
        };
        let with_reasons = model.attribute("useReasonCodes") != Some("false");
        let list = model.needed_child("Characteristics")?;
        list.only(&[], &["Characteristic"])?;
        Ok(Self {
            initial: model.number("initialScore")?.unwrap_or(0.0),
            baseline: model.number("baselineScore")?,
            is_above,
            max_reasons: if with_reasons { max_reasons(model) } else { 0 },
            list,
        })
    }
}

/// The number of reasons that the model declares as outputs; no limit if it declares none.
fn max_reasons(model: &Element) -> u32 {
    let outputs = model.child("Output").into_iter().flat_map(|output| output.children_called("OutputField"));
    match outputs.filter(|field| field.attribute("feature") == Some("reasonCode")).count() {
        0 => MAX_FEATURES as u32,
        reasons => reasons as u32,
    }
}

/// The attributes of a `Characteristic` of a card with this baseline.
pub(super) struct Characteristic<'a> {
    /// The code of attributes without their own.
    pub(super) code: Option<&'a str>,
    pub(super) baseline: Option<f64>,
    pub(super) attributes: Vec<&'a Element>,
}

impl<'a> Characteristic<'a> {
    pub(super) fn read(element: &'a Element, card: &Card<'_>) -> Result<Self> {
        element.only(&["name", "reasonCode", "baselineScore"], &["Attribute"])?;
        Ok(Self {
            code: element.attribute("reasonCode"),
            baseline: element.number("baselineScore")?.or(card.baseline),
            attributes: element.children_called("Attribute").collect(),
        })
    }
}

/// The `normalizationMethod` of a `RegressionModel`, and its tables.
pub(super) fn regression(model: &Element) -> Result<(&str, Vec<&Element>)> {
    only(
        model,
        &[
            "modelName",
            "functionName",
            "algorithmName",
            "modelType",
            "targetFieldName",
            "normalizationMethod",
            "isScorable",
        ],
        &["RegressionTable"],
    )?;
    let tables = model.children_called("RegressionTable").collect();
    Ok((model.attribute("normalizationMethod").unwrap_or("none"), tables))
}

/// The intercept of a `RegressionTable`.
pub(super) fn intercept(table: &Element) -> Result<f64> {
    table.only(&["intercept", "targetCategory"], &["NumericPredictor", "CategoricalPredictor", "PredictorTerm"])?;
    table.needed_number("intercept")
}

/// Whether a `RegressionTable` is that of the class which has the rest of the probability.
pub(super) fn is_rest(table: &Element) -> Result<bool> {
    Ok(intercept(table)? == 0.0 && table.parts().next().is_none())
}

/// The field, the exponent and the coefficient of a `NumericPredictor`.
pub(super) fn numeric(predictor: &Element) -> Result<(&str, f64, f64)> {
    if &*predictor.name != "NumericPredictor" {
        return Err(Error::bad_whole(format!("{} of the PMML is no NumericPredictor", shown(&predictor.name))));
    }
    predictor.only(&["name", "exponent", "coefficient"], &[])?;
    let exponent = predictor.number("exponent")?.unwrap_or(1.0);
    Ok((predictor.needed("name")?, exponent, predictor.needed_number("coefficient")?))
}
