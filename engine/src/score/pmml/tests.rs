//! Which parts of PMML are imported and which are refused.

mod bounds;
mod program;
mod stored;

use serde_json::Value;

use crate::model::{Identity, Model, Query};
use crate::score::{LoadOptions, ScoreModel, load};
use crate::{Error, Progress, Result};

const LOGISTIC: &str = r#"<?xml version="1.0" encoding="UTF-8"?><!-- a comment -->
<p:PMML xmlns:p="http://www.dmg.org/PMML-4_4" version="4.4"><p:Header/>
<p:DataDictionary><p:DataField name="a &amp; b" optype="continuous" dataType="double"/><p:DataField name="c"/></p:DataDictionary>
<p:RegressionModel functionName="classification" normalizationMethod="logit">
<p:MiningSchema><p:MiningField name="a &amp; b"/><p:MiningField name="c"/><p:MiningField name="y" usageType="target"/></p:MiningSchema>
<p:RegressionTable intercept="1" targetCategory="yes"><p:NumericPredictor name="c" coefficient="2"/></p:RegressionTable>
<p:RegressionTable intercept="0" targetCategory="no"/>
</p:RegressionModel></p:PMML>"#;

const CARD: &str = r#"<PMML><DataDictionary/><Scorecard functionName="regression" initialScore="10" baselineScore="5">
<MiningSchema><MiningField name="x"/><MiningField name="y" usageType="predicted"/></MiningSchema>
<Output><OutputField feature="predictedValue"/><OutputField feature="reasonCode" rank="1"/></Output>
<Characteristics><Characteristic name="one" reasonCode="R">
<Attribute partialScore="1"><SimplePredicate field="x" operator="lessOrEqual" value="1"/></Attribute>
<Attribute partialScore="2" reasonCode="R2"><CompoundPredicate booleanOperator="or">
<SimplePredicate field="x" operator="equal" value="3"/>
<CompoundPredicate booleanOperator="and"><SimplePredicate field="x" operator="lessThan" value="2"/>
<SimplePredicate field="x" operator="greaterThan" value="0"/></CompoundPredicate></CompoundPredicate></Attribute>
<Attribute partialScore="3"><SimplePredicate field="x" operator="isMissing"/></Attribute>
<Attribute partialScore="4"><SimplePredicate field="x" operator="notEqual" value="5"/></Attribute>
</Characteristic></Characteristics></Scorecard></PMML>"#;

fn read(text: &str) -> Result<ScoreModel> {
    load(text.as_bytes(), &LoadOptions::default(), &Progress::default())
}

fn assess(model: &ScoreModel, subject: &str) -> Result<Value> {
    let mut out = Vec::new();
    let identity = Identity { name: b"m", version: 1 };
    model.assess(&identity, &[subject.as_bytes()], &Query::default(), &mut out)?;
    Ok(serde_json::from_slice(&out).unwrap())
}

#[test]
fn a_classification_gives_the_probability_of_the_first_table() {
    let document = assess(&read(LOGISTIC).unwrap(), r#"{"c":-1,"a & b":1}"#).unwrap();
    let p = 1.0 / (1.0 + 1f64.exp());
    assert_eq!(document["margin"], -1.0);
    assert_eq!((&document["score"], &document["probabilities"]["yes"]), (&p.into(), &p.into()));
    assert_eq!(document["class"], "no");
}

#[test]
fn the_first_attribute_that_holds_the_value_counts() {
    let card = read(CARD).unwrap();
    for (x, points, code) in [
        ("0", 1.0, "R"),
        ("1", 1.0, "R"),
        ("1.0000000000000002", 2.0, "R2"),
        ("1.9999999999999998", 2.0, "R2"),
        ("2", 4.0, "R"),
        ("3", 2.0, "R2"),
        ("null", 3.0, "R"),
        ("1e308", 4.0, "R"),
    ] {
        let document = assess(&card, &format!("{{\"x\":{x}}}")).unwrap();
        assert_eq!(document["score"], 10.0 + points, "{x}");
        let reasons = serde_json::json!([{"code": code, "feature": "x", "points": 5.0 - points}]);
        assert_eq!(document["reasons"], reasons, "{x}");
    }
    assert!(assess(&card, r#"{"x":5}"#).is_err(), "no attribute holds 5");
}

#[test]
fn elements_that_change_scores_and_are_not_evaluated_are_refused() {
    assert!(read(LOGISTIC).is_ok() && read(CARD).is_ok());
    for (text, from, to) in [
        (LOGISTIC, "<p:Header/>", "<p:TransformationDictionary><p:DerivedField/></p:TransformationDictionary>"),
        (LOGISTIC, "<p:Header/>", "<p:TreeModel/>"),
        (LOGISTIC, "p:PMML", "p:PML"),
        (LOGISTIC, "RegressionModel", "NeuralNetwork"),
        (LOGISTIC, "RegressionModel", "MiningModel"),
        (LOGISTIC, "=\"logit\"", "=\"logit\" isScorable=\"false\""),
        (LOGISTIC, "intercept=\"0\"", "intercept=\"1\""),
        (LOGISTIC, " coefficient=\"2\"", ""),
        (LOGISTIC, "coefficient=\"2\"", "coefficient=\"NaN\""),
        (LOGISTIC, "coefficient=\"2\"", "coefficient=\"2\" coefficient=\"2\""),
        (LOGISTIC, "NumericPredictor name=\"c\"", "NumericPredictor name=\"d\""),
        (LOGISTIC, "NumericPredictor", "CategoricalPredictor"),
        (LOGISTIC, "<p:MiningField name=\"c\"/>", "<p:MiningField name=\"c\" outliers=\"asExtremeValues\"/>"),
        (LOGISTIC, "&amp;", "&secret;"),
        (LOGISTIC, "<!-- a comment -->", "<!DOCTYPE x [<!ENTITY secret SYSTEM \"file:///etc/passwd\">]>"),
        (LOGISTIC, "</p:RegressionModel>", ""),
        (LOGISTIC, "<p:Header/>", "<p:Header>"),
        (
            CARD,
            "<SimplePredicate field=\"x\" operator=\"isMissing\"/>",
            "<SimplePredicate field=\"y\" operator=\"isMissing\"/>",
        ),
        (CARD, "<SimplePredicate field=\"x\" operator=\"isMissing\"/>", "<SimpleSetPredicate field=\"x\"/>"),
        (CARD, "<SimplePredicate field=\"x\" operator=\"isMissing\"/>", ""),
        (CARD, " partialScore=\"3\"", ""),
        (CARD, "operator=\"equal\" value=\"3\"", "operator=\"equal\" value=\"three\""),
        (CARD, "initialScore=\"10\"", "initialScore=\"10\" reasonCodeAlgorithm=\"median\""),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let Err(Error::BadInput { reason, .. }) = read(&changed) else { panic!("{from} -> {to}") };
        assert!(reason.is_ascii() && !reason.contains("secret"), "{reason}");
    }
}

#[test]
fn hostile_xml_is_refused_in_time() {
    for text in [
        "<".repeat(100_000),
        "<a>".repeat(100_000),
        format!("<PMML>{}", "<a/>".repeat(1_000_001)),
        format!("<PMML {}/>", (0..100_000).map(|i| format!("a{i}=\"\" ")).collect::<String>()),
        format!("<PMML>{}", "text ".repeat(100_000)),
    ] {
        assert!(read(&text).is_err());
    }
    let nested = |depth: usize| {
        let (open, close) =
            ("<CompoundPredicate booleanOperator=\"and\">".repeat(depth), "</CompoundPredicate>".repeat(depth));
        let inner = "<SimplePredicate field=\"x\" operator=\"isMissing\"/>";
        read(&CARD.replace(inner, &format!("{open}{inner}{close}")))
    };
    assert!(nested(10).is_ok());
    assert!(nested(20).is_err() && nested(100).is_err());
}

#[test]
fn limits_of_a_field_are_checked_in_every_row() {
    let field = r#"<p:DataField name="c"/>"#;
    let limited = |limits: &str| LOGISTIC.replace(field, &format!(r#"<p:DataField name="c">{limits}</p:DataField>"#));
    for (limits, expected) in [
        (r#"<p:Interval closure="closedClosed" leftMargin="0" rightMargin="1"/>"#, [true, false, false]),
        (r#"<p:Value value="1"/>"#, [true, false, false]),
        (r#"<p:Value value="-9" property="invalid"/>"#, [true, true, false]),
        (r#"<p:Value value="-9" property="missing"/>"#, [true, true, false]),
        (r#"<p:Extension name="x"/>"#, [true, true, true]),
    ] {
        let model = read(&limited(limits)).unwrap();
        let answers = ["1", "2", "-9"].map(|c| assess(&model, &format!(r#"{{"a & b":1,"c":{c}}}"#)).is_ok());
        assert_eq!(answers, expected, "{limits}");
    }
    assert!(read(&limited("<p:Taxonomy/>")).is_err());
}

#[test]
fn unknown_elements_and_attributes_are_refused_by_name() {
    for (text, from, to, named) in [
        (LOGISTIC, "coefficient=\"2\"", "coefficient=\"2\" mean=\"3\"", "mean of NumericPredictor"),
        (LOGISTIC, "<p:MiningField name=\"c\"/>", "<p:MiningField name=\"c\" scale=\"3\"/>", "scale of MiningField"),
        (LOGISTIC, "<p:Header/>", "<p:Surprise/>", "Surprise in PMML"),
        (
            LOGISTIC,
            "<p:RegressionTable intercept=\"1\"",
            "<p:Rescale/><p:RegressionTable intercept=\"1\"",
            "Rescale in",
        ),
        (CARD, "initialScore=\"10\"", "initialScore=\"10\" factor=\"2\"", "factor of Scorecard"),
        (CARD, "<Characteristic name", "<Characteristic weight=\"2\" name", "weight of Characteristic"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let Err(Error::BadInput { reason, .. }) = read(&changed) else { panic!("{from} -> {to}") };
        assert!(reason.contains(named) && reason.is_ascii(), "{reason}");
    }
    // Parts that the standard reserves for other programs do not change a score.
    let marked = CARD.replace("initialScore=\"10\"", "initialScore=\"10\" x-tool=\"1\" t:mark=\"2\"");
    assert!(read(&marked.replace("<Characteristics>", "<Characteristics><Extension name=\"a\"/>")).is_ok());
}
