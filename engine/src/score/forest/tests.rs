//! Compares forests with the libraries: models that the libraries trained, and their results for 200 rows.

use serde_json::Value;

mod blocks;
mod boosters;
mod hostile;
mod meaning;
mod outputs;
mod random;
mod shap;

use super::{Decoder, Forest, lightgbm, xgboost};
use crate::{Progress, reference};

/// A reference model, its rows and the results of its library.
struct Case {
    name: &'static str,
    forest: Forest,
    rows: Vec<Vec<f64>>,
    margins: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
}

const MODELS: [&str; 7] = [
    "xgb_breast_binary.json",
    "xgb_diabetes_poisson.json",
    "xgb_diabetes_reg.json",
    "lgb_breast_binary.txt",
    "lgb_categorical.txt",
    "lgb_diabetes_reg.txt",
    "lgb_wine_multi.txt",
];

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

fn read(name: &str, bytes: &[u8]) -> crate::Result<Forest> {
    let progress = Progress::default();
    let read = if name.ends_with(".json") { xgboost(bytes, None, &progress) } else { lightgbm(bytes, &progress) };
    read.map(|file| file.forest)
}

fn cases(test: &str) -> Vec<Case> {
    let Some(folder) = reference::find(test, "models") else { return Vec::new() };
    let case = |&name: &&'static str| {
        let forest = read(name, &std::fs::read(folder.join(name)).unwrap()).unwrap();
        let stem = name.split('.').next().unwrap();
        let cases = std::fs::read(folder.join(format!("{stem}.cases.json"))).unwrap();
        let cases: Value = serde_json::from_slice(&cases).unwrap();
        let list = |value: &Value| value.as_array().unwrap().iter().map(numbers).collect::<Vec<_>>();
        let names: Vec<&str> = cases["features"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert!(forest.features().iter().map(AsRef::as_ref).eq(names));
        let expected = &cases["expected"];
        let margins = expected.get("margin").or(expected.get("raw")).unwrap();
        Case { name, forest, rows: list(&cases["inputs"]), margins: list(margins), outputs: list(&expected["y"]) }
    };
    MODELS.iter().map(case).collect()
}

fn margins_of(forest: &Forest, row: &[f64]) -> Vec<f64> {
    let mut margins = vec![0.0; forest.groups()];
    forest.margins_of_row(row, &mut margins);
    margins
}

#[test]
fn margins_equal_those_of_the_libraries_bit_for_bit() {
    for Case { name, forest, rows, margins, .. } in cases("margins") {
        for (row, expected) in rows.iter().zip(&margins) {
            assert_eq!(margins_of(&forest, row), *expected, "{name}");
        }
    }
}

#[test]
fn outputs_equal_those_of_the_libraries() {
    for Case { name, forest, margins, outputs, .. } in cases("outputs") {
        let bound = if name.starts_with("xgb") { 1e-6 } else { 1e-12 };
        for (margins, expected) in margins.iter().zip(&outputs) {
            let mut out = vec![0.0; forest.outputs()];
            forest.outputs_of(margins, &mut out);
            for (out, expected) in out.iter().zip(expected) {
                assert!((out - expected).abs() <= bound * expected.abs(), "{name}: {out} {expected}");
            }
        }
    }
}

#[test]
fn rows_have_the_same_margins_alone_and_in_blocks_of_any_size() {
    for Case { name, forest, rows, .. } in cases("blocks") {
        for count in [0, 1, 7, 8, 9, 63, 64, 65, 200] {
            let flat: Vec<f64> = rows[..count].concat();
            let mut margins = vec![f64::NAN; count * forest.groups()];
            forest.margins(&flat, &mut margins, &Progress::default()).unwrap();
            let alone: Vec<f64> = rows[..count].iter().flat_map(|row| margins_of(&forest, row)).collect();
            assert_eq!(margins, alone, "{name}, {count} rows");
        }
    }
}

#[test]
fn contributions_and_the_bias_sum_up_to_the_margin() {
    for Case { name, forest, rows, .. } in cases("contributions") {
        for group in 0..forest.groups() {
            let bias = |row: &[f64]| {
                let mut out = vec![0.0; row.len()];
                forest.contributions(row, group, &mut out);
                margins_of(&forest, row)[group] - out.iter().sum::<f64>()
            };
            let first = bias(&rows[0]);
            for row in &rows {
                assert!((bias(row) - first).abs() <= 1e-4 * first.abs().max(1.0), "{name}");
            }
        }
    }
}

#[test]
fn a_forest_survives_its_byte_form() {
    for Case { name, forest, rows, margins, .. } in cases("codec") {
        let records = forest.encode();
        let mut decoder = Decoder::new();
        for record in &records {
            assert!(record.len() <= 60 << 10);
            decoder.push(record).unwrap();
        }
        assert!(decoder.bytes() > 0);
        let decoded = decoder.finish().unwrap();
        assert_eq!(decoded.encode(), records, "{name}");
        assert_eq!((decoded.task(), decoded.objective()), (forest.task(), forest.objective()));
        for (row, expected) in rows.iter().zip(&margins) {
            assert_eq!(margins_of(&decoded, row), *expected, "{name}");
        }
    }
}
