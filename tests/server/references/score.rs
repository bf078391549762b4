//! Score models trained by scikit-learn, XGBoost and LightGBM, through Redis: 200 inputs each, compared with the
//! results of the library.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Client, Server, document, reference};

/// The required precision of a figure.
#[derive(Clone, Copy)]
enum Precision {
    Exact,
    Relative(f64),
}

/// A model's file, and the precision of its scores and of its margins.
const MODELS: [(&str, Precision, Precision); 14] = [
    ("diabetes_linear.json", Precision::Relative(1e-12), Precision::Relative(1e-12)),
    ("diabetes_linear.pmml", Precision::Relative(1e-12), Precision::Relative(1e-12)),
    ("diabetes_poisson.json", Precision::Relative(1e-12), Precision::Relative(1e-12)),
    ("diabetes_gamma.json", Precision::Relative(1e-12), Precision::Relative(1e-12)),
    ("breast_logistic.json", Precision::Relative(1e-12), Precision::Relative(1e-12)),
    ("breast_scorecard.json", Precision::Exact, Precision::Exact),
    ("breast_scorecard.pmml", Precision::Exact, Precision::Exact),
    ("xgb_diabetes_reg.json", Precision::Exact, Precision::Exact),
    ("xgb_diabetes_poisson.json", Precision::Relative(1e-6), Precision::Exact),
    ("xgb_breast_binary.json", Precision::Relative(1e-6), Precision::Exact),
    ("lgb_diabetes_reg.txt", Precision::Relative(1e-12), Precision::Exact),
    ("lgb_breast_binary.txt", Precision::Relative(1e-12), Precision::Exact),
    ("lgb_wine_multi.txt", Precision::Relative(1e-12), Precision::Exact),
    ("lgb_categorical.txt", Precision::Relative(1e-12), Precision::Exact),
];

#[track_caller]
fn assert_is(what: &str, found: &Value, expected: &Value, precision: Precision) {
    match (found, expected) {
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{what}");
            found.iter().zip(expected).for_each(|(found, expected)| assert_is(what, found, expected, precision));
        }
        _ => {
            let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{what}: {value} is not a number"));
            let (found, expected) = (number(found), number(expected));
            let is_near = match precision {
                Precision::Exact => found.to_bits() == expected.to_bits(),
                Precision::Relative(error) => (found - expected).abs() <= error * expected.abs(),
            };
            assert!(is_near, "{what}: {found:?} where {expected:?} is expected");
        }
    }
}

/// The figure of a document for a name in the cases.
fn figure(document: &Value, name: &str) -> Value {
    match (name, &document["margin"]) {
        ("y", Value::Array(_)) => document["probabilities"].as_object().expect("classes").values().cloned().collect(),
        ("y" | "p1" | "score", _) => document["score"].clone(),
        // A model whose link is the identity has one figure.
        ("raw" | "margin", Value::Null) => document["score"].clone(),
        ("raw" | "margin", margin) => margin.clone(),
        ("p_good", _) => document["probabilities"]["good"].clone(),
        ("reasons", _) => {
            document["reasons"].as_array().expect("reasons").iter().map(|reason| reason["code"].clone()).collect()
        }
        ("band", _) => document["band"].clone(),
        _ => panic!("unknown figure {name}"),
    }
}

fn assert_expected(what: &str, document: &Value, expected: &Value, row: usize, precisions: (Precision, Precision)) {
    for (name, values) in expected.as_object().expect("expected figures") {
        let (what, found, value) = (format!("{what}, row {row}, {name}"), figure(document, name), &values[row]);
        // PMML has no limit of reason codes, no bands and no probabilities.
        if found.is_null() && what.contains(".pmml") {
            continue;
        }
        match name.as_str() {
            "band" => assert_eq!(&found, value, "{what}"),
            "reasons" if what.contains(".pmml") => {}
            "reasons" => assert_eq!(&found, value, "{what}"),
            "raw" | "margin" => assert_is(&what, &found, value, precisions.1),
            "p_good" => assert_is(&what, &found, value, Precision::Relative(1e-12)),
            _ => assert_is(&what, &found, value, precisions.0),
        }
    }
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn cases(folder: &Path, file: &str) -> Value {
    let name = file.split('.').next().expect("a name");
    parsed(&fs::read(folder.join(format!("{name}.cases.json"))).expect("the cases"))
}

/// The subject of a row: features by name.
fn subject(cases: &Value, row: usize) -> String {
    let names = cases["features"].as_array().expect("features").iter();
    let values = cases["inputs"][row].as_array().expect("inputs");
    let fields = names.zip(values).map(|(name, value)| (name.as_str().expect("a name").to_owned(), value.clone()));
    Value::Object(fields.collect()).to_string()
}

fn little_endian(cases: &Value, rows: usize) -> Vec<u8> {
    let numbers = (0..rows).flat_map(|row| cases["inputs"][row].as_array().expect("inputs"));
    numbers.flat_map(|value| value.as_f64().unwrap_or(f64::NAN).to_le_bytes()).collect()
}

#[test]
fn every_model_scores_as_its_library_does() {
    let Some(folder) = reference::folder("every_model_scores_as_its_library_does", "models") else { return };
    let server =
        Server::with(&[&format!("assess.data-dir {}", folder.display()), "assess.max-batch 200", "maxmemory 0"]);
    let mut client = server.client();
    let mut rows_compared = 0;
    for (file, scores, margins) in MODELS {
        client.call(&["MODEL.LOAD", "m", "SCORE", "FILE", file]).good();
        let cases = cases(&folder, file);
        let rows = cases["inputs"].as_array().expect("inputs").len();
        assert_eq!(rows, 200);
        let subjects: Vec<String> = (0..rows).map(|row| subject(&cases, row)).collect();
        for (row, subject) in subjects.iter().enumerate() {
            let document = document::parsed(client.call(&["ASSESS.GET", "m", subject]).good().bytes());
            assert_expected(file, &document, &cases["expected"], row, (scores, margins));
        }
        assert_batches_agree(&mut client, file, &cases, &subjects);
        rows_compared += rows;
    }
    assert_eq!(rows_compared, 2800);
}

/// MGET and BATCH reply the same bytes as GET; binary rows give the scores of the documents.
fn assert_batches_agree(client: &mut Client, file: &str, cases: &Value, subjects: &[String]) {
    let count = subjects.len().to_string();
    let mut words = vec!["ASSESS.MGET", "m", &count];
    words.extend(subjects.iter().map(String::as_str));
    words.push("NOCACHE");
    let documents = client.call(&words).good();
    let alone = |client: &mut Client, subject: &str| client.call(&["ASSESS.GET", "m", subject, "NOCACHE"]);
    for (subject, document) in subjects.iter().zip(documents.array()) {
        assert_eq!(&alone(client, subject), document, "{file}: {subject}");
    }
    let rows = json!(cases["inputs"]).to_string();
    assert_eq!(client.call(&["ASSESS.BATCH", "m", &count, &rows]), documents, "{file}: rows as arrays");
    let objects = format!("[{}]", subjects.join(","));
    assert_eq!(client.call(&["ASSESS.BATCH", "m", &count, &objects]), documents, "{file}: rows as objects");
    let blob = little_endian(cases, subjects.len());
    let words: [&[u8]; 6] = [b"ASSESS.BATCH", b"m", count.as_bytes(), &blob, b"FORMAT", b"f64"];
    let reply = client.call(&words).good();
    let (values, _) = reply.bytes().as_chunks::<8>();
    let mut values = values.iter().map(|bytes| f64::from_le_bytes(*bytes));
    for document in documents.array() {
        let document = parsed(document.bytes());
        let expected: Vec<f64> = match (&document["margin"], &document["probabilities"]) {
            (Value::Array(_), Value::Object(classes)) => classes.values().filter_map(Value::as_f64).collect(),
            _ => document["score"].as_f64().into_iter().collect(),
        };
        for expected in expected {
            assert_eq!(values.next().map(f64::to_bits), Some(expected.to_bits()), "{file}");
        }
    }
    assert_eq!(values.next(), None);
}
