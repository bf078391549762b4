//! Answers of several numbers, and names of classes from the load.

use serde_json::{Value, json};

use super::super::{Classes, LoadOptions, Rows, ScoreModel, load};
use super::{CARD, IDENTITY, LINEAR, SOFTMAX, again, assess, model};
use crate::model::{Attribution, LabelSet, Model, Query};
use crate::{Error, Progress};

const TARGETS: &str = r#"{"format":"glm/1","link":"LINK","features":[{"name":"x"},{"name":"y","mean":1}],
    "outputs":[{"label":"low","intercept":1,"coef":[2,3]},{"label":"high","intercept":0.5,"coef":[0,-1]}]}"#;

fn targets(link: &str) -> ScoreModel {
    model(&TARGETS.replace("LINK", link))
}

fn named(text: &str, classes: &str) -> Result<ScoreModel, Error> {
    let classes = Some(Classes::parse(classes.as_bytes())?);
    load(text.as_bytes(), &LoadOptions { classes, ..LoadOptions::default() }, &Progress::default())
}

#[test]
fn the_document_of_several_numbers_has_no_score() {
    let linear = targets("identity");
    for model in [&linear, &again(&linear)] {
        assert_eq!(
            assess(model, &["x=1", "y=2"]).unwrap(),
            r#"{"model":"m","version":7,"kind":"score","scores":{"low":6.0,"high":-0.5},"contributions":{"low":["#
                .to_owned()
                + r#"{"feature":"x","value":2.0},{"feature":"y","value":3.0}],"high":[{"feature":"x","value":0.0},"#
                + r#"{"feature":"y","value":-1.0}]},"inputs":{"x":1.0,"y":2.0}}"#
        );
        assert_eq!(model.labels(LabelSet::Outputs).unwrap(), ["low", "high"]);
        assert_eq!(model.labels(LabelSet::Classes), None);
        assert_eq!(model.digest(), linear.digest());
    }
    assert_eq!(linear.frame(0)[1], 4, "older modules refuse it by its version");
    let log: Value = serde_json::from_str(&assess(&targets("log"), &["x=0", "y=1"]).unwrap()).unwrap();
    assert_eq!(log["margin"], json!([1.0, 0.5]));
    assert_eq!(log["scores"], json!({"low": 1.0_f64.exp(), "high": 0.5_f64.exp()}));
    // The history has no status of such an answer.
    let record = linear.record(&[b"x=1", b"y=2"], assess(&linear, &["x=1", "y=2"]).unwrap().as_bytes());
    assert_eq!((record.status.as_str(), record.confidence), ("", None));
}

#[test]
fn shap_values_have_a_base_value_for_each_number() {
    let mut out = Vec::new();
    let query = Query { attribution: Attribution::Shap, ..Query::default() };
    targets("identity").assess(&IDENTITY, &[b"x=1", b"y=2"], &query, &mut out).unwrap();
    let document: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(document["base_value"], json!({"low": 1.0, "high": 0.5}));
    assert_eq!(document["contributions"]["high"], json!([{"feature": "y", "value": -1.0}]));
}

#[test]
fn a_batch_has_the_numbers_of_the_documents_in_their_order() {
    let model = targets("identity");
    let rows = Rows::from_json(&model, b"[[1,2],[0,1]]", 2).unwrap();
    assert_eq!(model.batch_values(&rows, &Progress::default()).unwrap(), [6.0, -0.5, 1.0, 0.5]);
    let documents = model.batch_documents(&IDENTITY, &rows, &Progress::default()).unwrap();
    assert_eq!(documents[0].as_ref().unwrap(), assess(&model, &["x=1", "y=2"]).unwrap().as_bytes());
}

#[test]
fn links_of_two_classes_have_one_output() {
    for link in ["logit", "probit", "cloglog"] {
        let refused = load(TARGETS.replace("LINK", link).as_bytes(), &LoadOptions::default(), &Progress::default());
        assert!(
            matches!(&refused, Err(Error::BadInput { reason, .. }) if reason.contains("one")),
            "{link}: {refused:?}"
        );
    }
}

#[test]
fn contributions_to_very_many_numbers_are_left_out_with_a_warning() {
    let features: Vec<String> = (0..200).map(|i| format!(r#"{{"name":"x{i}"}}"#)).collect();
    let output = format!(r#"{{"coef":[{}]}}"#, vec!["1"; 200].join(","));
    let file = |outputs: usize| {
        model(&format!(
            r#"{{"format":"glm/1","link":"identity","features":[{}],"outputs":[{}]}}"#,
            features.join(","),
            vec![output.as_str(); outputs].join(",")
        ))
    };
    let row = format!("{{{}}}", (0..200).map(|i| format!("\"x{i}\":1")).collect::<Vec<_>>().join(","));
    let (few, many) = (file(500), file(501));
    assert!(few.head.warnings.is_empty() && assess(&few, &[&row]).unwrap().contains("contributions"));
    assert!(many.head.warnings.iter().any(|warning| warning.contains("no contributions")), "{:?}", many.head.warnings);
    assert!(!assess(&many, &[&row]).unwrap().contains("contributions"));
    let query = Query { attribution: Attribution::Shap, ..Query::default() };
    assert!(many.assess(&IDENTITY, &[row.as_bytes()], &query, &mut Vec::new()).is_err());
}

#[test]
fn classes_of_the_load_replace_those_of_the_file_and_are_stored() {
    let three = named(SOFTMAX, r#"["a, b","c"," d"]"#).unwrap();
    for model in [&three, &again(&three)] {
        let document: Value = serde_json::from_str(&assess(model, &["x=0"]).unwrap()).unwrap();
        assert_eq!(document["class"], "c");
        assert!(document["probabilities"].get(" d").is_some(), "{document}");
        assert_eq!(model.labels(LabelSet::Classes).unwrap(), ["a, b", "c", " d"]);
        assert_eq!(model.labels(LabelSet::Outputs), None);
        assert_eq!(model.digest(), three.digest());
    }
    assert_ne!(three.digest(), model(SOFTMAX).digest());
    assert_eq!((three.frame(0)[1], model(SOFTMAX).frame(0)[1]), (4, 2));
    let logit = LINEAR.replace("identity", "logit");
    let two = named(&logit, " no , yes ").unwrap();
    assert_eq!(two.labels(LabelSet::Classes).unwrap(), ["no", "yes"]);
    for (file, classes, expected) in [
        (SOFTMAX, "a,b", "CLASSES has 2 names, and the model has 3 classes"),
        (SOFTMAX, "a,b,c,d", "CLASSES has 4 names"),
        (&logit, "a", "CLASSES has 1 names"),
        (LINEAR, "a,b", "is a number"),
        (CARD, "a,b", "is a number"),
        (&TARGETS.replace("LINK", "identity"), "a,b", "is a number"),
        (SOFTMAX, "a,,b", "1 to 256 bytes"),
        (SOFTMAX, "", "1 to 256 bytes"),
        (SOFTMAX, "a\u{7},b,c", "no control characters"),
        (SOFTMAX, r#"["a","b\n","c"]"#, "no control characters"),
        (SOFTMAX, "a,b,a", "same name"),
        (SOFTMAX, &format!("a,b,{}", "c".repeat(257)), "1 to 256 bytes"),
        (SOFTMAX, r#"["a","b",3]"#, "JSON array of texts"),
        (SOFTMAX, r#"["a","b""#, "JSON array of texts"),
    ] {
        let refused = named(file, classes).map(|_| ());
        assert!(matches!(&refused, Err(Error::Invalid(reason)) if reason.contains(expected)), "{classes}: {refused:?}");
    }
    assert!(matches!(Classes::parse(&vec![b'a'; 300 << 10]), Err(Error::TooBig { .. })));
    assert!(matches!(Classes::parse(&b"a,".repeat(2_000)), Err(Error::TooBig { .. })));
    assert!(matches!(Classes::parse(b"a,\xff"), Err(Error::Invalid(_))));
}
