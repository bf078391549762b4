//! Score models of public data sets, trained with scikit-learn, XGBoost and LightGBM, compared with those libraries.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

use std::fs;
use std::path::Path;

use assess_engine::Progress;
use assess_engine::model::{Identity, Model, Query};
use assess_engine::score::{Format, LoadOptions, Rows, ScoreDecoder, ScoreModel, load};
use serde_json::Value;

/// The required precision of a number.
#[derive(Debug, Clone, Copy)]
enum Near {
    Exactly,
    /// The difference over the larger of the two.
    Relative(f64),
    /// The difference over the larger of the two, or over 1 where both are smaller.
    Scaled(f64),
}

/// A value that a file of cases expects, and its place in the document.
struct Expected {
    /// The name in the cases.
    name: &'static str,
    /// The path in the document.
    path: &'static str,
    near: Near,
}

/// A model file and the cases that it must pass.
struct Reference {
    file: &'static str,
    cases: &'static str,
    format: Format,
    expected: &'static [Expected],
}

const fn expect(name: &'static str, path: &'static str, near: Near) -> Expected {
    Expected { name, path, near }
}

const TIGHT: Near = Near::Relative(1e-12);

/// Margins that are sums of large terms of both signs: relative to the terms, not to their small sum.
const SUM: Near = Near::Scaled(1e-12);

const POINTS: &[Expected] = &[expect("score", "/score", Near::Exactly)];

const F32: Near = Near::Relative(1e-6);

/// Every model.
const MODELS: &[Reference] = &[
    Reference {
        file: "diabetes_linear.json",
        cases: "diabetes_linear",
        format: Format::Glm,
        expected: &[expect("y", "/score", TIGHT)],
    },
    Reference {
        file: "diabetes_linear.pmml",
        cases: "diabetes_linear",
        format: Format::Pmml,
        expected: &[expect("y", "/score", TIGHT)],
    },
    Reference {
        file: "diabetes_poisson.json",
        cases: "diabetes_poisson",
        format: Format::Glm,
        expected: &[expect("y", "/score", TIGHT)],
    },
    Reference {
        file: "diabetes_gamma.json",
        cases: "diabetes_gamma",
        format: Format::Glm,
        expected: &[expect("y", "/score", TIGHT)],
    },
    Reference {
        file: "breast_logistic.json",
        cases: "breast_logistic",
        format: Format::Glm,
        expected: &[
            expect("p1", "/score", TIGHT),
            expect("p1", "/probabilities/1", TIGHT),
            expect("margin", "/margin", SUM),
        ],
    },
    Reference {
        file: "breast_scorecard.json",
        cases: "breast_scorecard",
        format: Format::Scorecard,
        expected: &[
            expect("score", "/score", Near::Exactly),
            expect("p_good", "/probabilities/good", TIGHT),
            expect("band", "/band", Near::Exactly),
            expect("reasons", "/reasons/*/code", Near::Exactly),
        ],
    },
    Reference { file: "breast_scorecard.pmml", cases: "breast_scorecard", format: Format::Pmml, expected: POINTS },
    Reference {
        file: "xgb_diabetes_reg.json",
        cases: "xgb_diabetes_reg",
        format: Format::Xgboost,
        expected: &[expect("y", "/score", Near::Exactly), expect("margin", "/score", Near::Exactly)],
    },
    Reference {
        file: "xgb_diabetes_poisson.json",
        cases: "xgb_diabetes_poisson",
        format: Format::Xgboost,
        expected: &[expect("y", "/score", F32), expect("margin", "/margin", Near::Exactly)],
    },
    Reference {
        file: "xgb_breast_binary.json",
        cases: "xgb_breast_binary",
        format: Format::Xgboost,
        expected: &[expect("y", "/score", F32), expect("margin", "/margin", Near::Exactly)],
    },
    Reference {
        file: "lgb_diabetes_reg.txt",
        cases: "lgb_diabetes_reg",
        format: Format::Lightgbm,
        expected: &[expect("y", "/score", TIGHT), expect("raw", "/score", Near::Exactly)],
    },
    Reference {
        file: "lgb_breast_binary.txt",
        cases: "lgb_breast_binary",
        format: Format::Lightgbm,
        expected: &[expect("y", "/score", TIGHT), expect("raw", "/margin", Near::Exactly)],
    },
    Reference {
        file: "lgb_wine_multi.txt",
        cases: "lgb_wine_multi",
        format: Format::Lightgbm,
        expected: &[expect("y", "/probabilities", TIGHT), expect("raw", "/margin", Near::Exactly)],
    },
    Reference {
        file: "lgb_categorical.txt",
        cases: "lgb_categorical",
        format: Format::Lightgbm,
        expected: &[expect("y", "/score", TIGHT), expect("raw", "/margin", Near::Exactly)],
    },
];

const IDENTITY: Identity<'_> = Identity { name: b"m", version: 7 };

fn read(folder: &Path, reference: &Reference) -> (ScoreModel, Value) {
    let bytes = fs::read(folder.join(reference.file)).unwrap();
    let model = load(&bytes, &LoadOptions::default(), &Progress::default()).unwrap();
    assert_eq!(model.format(), reference.format, "{}", reference.file);
    let cases = fs::read(folder.join(format!("{}.cases.json", reference.cases))).unwrap();
    (model, serde_json::from_slice(&cases).unwrap())
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// The values of a case by name, as a JSON object and as words.
fn subject(cases: &Value, case: usize) -> (String, Vec<String>) {
    let named = || array(&cases["features"]).iter().zip(array(&cases["inputs"][case]));
    let fields: Vec<String> = named().map(|(name, value)| format!("{name}:{value}")).collect();
    let written = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    let words = named().map(|(name, value)| format!("{}={}", name.as_str().unwrap(), written(value)));
    (format!("{{{}}}", fields.join(",")), words.collect())
}

fn assess(model: &ScoreModel, subject: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    model.assess(&IDENTITY, subject, &Query::default(), &mut out).unwrap();
    out
}

/// The value at a path; `*` stands for every element of an array.
fn at(document: &Value, path: &str) -> Value {
    match path.split_once("/*") {
        Some((list, rest)) => array(document.pointer(list).unwrap()).iter().map(|item| at(item, rest)).collect(),
        None => document.pointer(path).unwrap().clone(),
    }
}

fn compare(mine: &Value, expected: &Value, near: Near, what: &str) {
    if let (Some(mine), Some(expected)) = (mine.as_array(), expected.as_array()) {
        assert_eq!(mine.len(), expected.len(), "{what}");
        mine.iter().zip(expected).for_each(|(mine, expected)| compare(mine, expected, near, what));
        return;
    }
    if let (Some(mine), Some(expected)) = (mine.as_f64(), expected.as_f64()) {
        let (difference, size) = ((mine - expected).abs(), mine.abs().max(expected.abs()));
        let is_near = match near {
            Near::Exactly => mine == expected,
            Near::Relative(bound) => difference <= bound * size,
            Near::Scaled(bound) => difference <= bound * size.max(1.0),
        };
        assert!(is_near, "{what}: {mine} is not {expected}");
        return;
    }
    assert_eq!(mine, expected, "{what}");
}

/// Multiclass probabilities are an array in the cases, and an object in the same order in the document.
fn values(found: Value) -> Value {
    match found {
        Value::Object(object) => {
            let mut pairs: Vec<(u64, Value)> =
                object.into_iter().map(|(key, value)| (key.parse().unwrap(), value)).collect();
            pairs.sort_by_key(|(key, _)| *key);
            pairs.into_iter().map(|(_, value)| value).collect()
        }
        other => other,
    }
}

#[test]
fn every_case_of_every_model_has_the_figures_of_its_library() {
    let Some(folder) = reference::find("score models", "models") else { return };
    for reference in MODELS {
        let (model, cases) = read(&folder, reference);
        for case in 0..array(&cases["inputs"]).len() {
            let (json, words) = subject(&cases, case);
            let document = assess(&model, &[json.as_bytes()]);
            let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            assert_eq!(document, assess(&model, &words), "{} case {case}: JSON and words", reference.file);
            let document: Value = serde_json::from_slice(&document).unwrap();
            for expected in reference.expected {
                let what = format!("{} case {case} {}", reference.file, expected.name);
                let mine = values(at(&document, expected.path));
                compare(&mine, &cases["expected"][expected.name][case], expected.near, &what);
            }
        }
    }
}

#[test]
fn a_batch_has_the_figures_of_single_assessments_bit_for_bit() {
    let Some(folder) = reference::find("batches of score models", "models") else { return };
    for reference in MODELS {
        let (model, cases) = read(&folder, reference);
        let inputs = array(&cases["inputs"]);
        let blob: Vec<u8> = inputs
            .iter()
            .flat_map(|row| array(row).iter().flat_map(|value| value.as_f64().unwrap_or(f64::NAN).to_le_bytes()))
            .collect();
        let rows = Rows::from_f64(&model, &blob, inputs.len()).unwrap();
        let json = Rows::from_json(&model, cases["inputs"].to_string().as_bytes(), inputs.len()).unwrap();
        let progress = Progress::default();
        let documents = model.batch_documents(&IDENTITY, &rows, &progress).unwrap();
        assert_eq!(documents, model.batch_documents(&IDENTITY, &json, &progress).unwrap());
        let values = model.batch_values(&rows, &progress).unwrap();
        for (case, document) in documents.iter().enumerate() {
            let document = document.as_ref().unwrap();
            assert_eq!(*document, assess(&model, &[subject(&cases, case).0.as_bytes()]), "{}", reference.file);
            let document: Value = serde_json::from_slice(document).unwrap();
            let single = match model.outputs() {
                1 => vec![document["score"].as_f64().unwrap()],
                _ => array(&self::values(document["probabilities"].clone()))
                    .iter()
                    .map(|p| p.as_f64().unwrap())
                    .collect(),
            };
            assert_eq!(values[case * model.outputs()..][..model.outputs()], single, "{} case {case}", reference.file);
        }
    }
}

#[test]
fn every_model_reads_back_from_its_frames_and_answers_the_same() {
    let Some(folder) = reference::find("frames of score models", "models") else { return };
    for reference in MODELS {
        let (model, cases) = read(&folder, reference);
        let mut decoder = ScoreDecoder::begin(model.frame(0)[1], &model.frame(0)[2..]).unwrap();
        for index in 1..model.frames() {
            assert!(model.frame(index).len() <= 1 << 16);
            decoder.push(&model.frame(index)).unwrap();
        }
        let again = decoder.finish().unwrap();
        assert_eq!(model.digest(), again.digest(), "{}", reference.file);
        assert_eq!(model.frames(), again.frames());
        for case in 0..array(&cases["inputs"]).len() {
            let subject = subject(&cases, case).0;
            assert_eq!(assess(&model, &[subject.as_bytes()]), assess(&again, &[subject.as_bytes()]));
        }
    }
}

/// The contributions of a linear model or a forest, with the bias, add up to the margin; those of a scorecard to its
/// points.
#[test]
fn contributions_add_up() {
    let Some(folder) = reference::find("contributions of score models", "models") else { return };
    for reference in MODELS {
        let (model, cases) = read(&folder, reference);
        let mut biases = Vec::new();
        for case in 0..array(&cases["inputs"]).len() {
            let document: Value =
                serde_json::from_slice(&assess(&model, &[subject(&cases, case).0.as_bytes()])).unwrap();
            let sum: f64 = array(&document["contributions"]).iter().map(|part| part["value"].as_f64().unwrap()).sum();
            let whole = document.get("margin").unwrap_or(&document["score"]);
            // Each of several classes has its own bias.
            if let Some(whole) = whole.as_f64() {
                biases.push(whole - sum);
            }
        }
        for bias in &biases {
            assert!(
                (bias - biases[0]).abs() < 1e-3 * (1.0 + biases[0].abs()),
                "{}: {bias} {}",
                reference.file,
                biases[0]
            );
        }
    }
}
