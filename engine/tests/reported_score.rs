//! Files that users reported because of wrong answers or none (`data/reported/score`): each gives the figures of its
//! library, or is refused with a reason that names the cause, or has a warning that names it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assess_engine::io::Input;
use assess_engine::model::load::{Part, Recipe};
use assess_engine::model::{AnyModel, Field, Identity, Model, Query};
use assess_engine::score::{LoadOptions, MissingValue, Rows, ScoreModel, Trees};
use assess_engine::{Budget, Error, Progress, Result};
use serde_json::Value;

/// The expected outcome of a file.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// The figures of its library for every row, without a warning.
    Right,
    /// Like `Right`, where the library gives the class of each row and no figure.
    Classes,
    /// The figures of this name for every row, to 12 digits; a warning may say that there are no contributions.
    Figures(&'static str),
    /// The scores and reasons of JPMML's evaluator for every row; an error where it gives none.
    Jpmml,
    /// The requests of the folder are refused with these texts.
    Answers(&'static [&'static str]),
    /// Refused at load, with this text in the reason.
    Refused(&'static str),
    /// Loaded with this text in a warning; the figures of this name are compared, for the rows of this name.
    Warned { warning: &'static str, rows: &'static str, figures: &'static str },
}

use Outcome::{Answers, Classes, Figures, Jpmml, Refused, Right, Warned};

const ESTIMATOR: Outcome = Warned { warning: "parameter missing", rows: "", figures: "" };
const EARLY: Outcome = Warned { warning: "best_iteration 5", rows: "rows", figures: "booster_predict (all trees)" };
const NAMED: Outcome = Warned { warning: "parameter missing", rows: "rows", figures: "predict_proba_1" };

const TREES_OF_ONNX: Outcome = Warned { warning: "training rows", rows: "rows", figures: "predict_proba" };

/// Every file of every folder.
const FILES: &[(&str, Outcome)] = &[
    ("b-01-xgb-early-stopping/x10-early-stopping.json", EARLY),
    ("b-02-xgb-missing-999/x11-missing-999.json", ESTIMATOR),
    ("b-04-xgb-categories/x13-cat.json", NAMED),
    ("b-06-xgb-names/x07-names.json", Right),
    ("b-08-lgb-rf/l06-rf.txt", Right),
    ("b-09-lgb-pandas-categories/l20-pandas-cat.txt", Right),
    ("b-10-lgb-rank/l04-lambdarank.txt", Right),
    ("b-11-lgb-categories-100/l01-cat100.txt", Right),
    ("b-14-pmml-optbinning/p15-optbinning.pmml", Figures("want")),
    ("b-15-pmml-features/q01-missing-code.pmml", Jpmml),
    ("b-15-pmml-features/q03-interval-asmissing.pmml", Jpmml),
    ("b-15-pmml-features/q06-reg-logit.pmml", Jpmml),
    ("b-15-pmml-features/q07-exponent.pmml", Jpmml),
    ("b-15-pmml-features/q08-term.pmml", Jpmml),
    ("b-15-pmml-features/q13-score-complex.pmml", Jpmml),
    ("b-15-pmml-features/q14-score-two-fields.pmml", Jpmml),
    ("b-15-pmml-features/q15-score-set.pmml", Jpmml),
    ("b-15-pmml-features/q16-score-xor.pmml", Jpmml),
    ("b-15-pmml-features/q18-glm-R.pmml", Jpmml),
    ("b-16-glm-links/sm-binomial-cloglog.json", Right),
    ("b-16-glm-links/sm-binomial-probit.json", Right),
    ("b-16-glm-links/sm-binomial.json", Right),
    ("b-16-glm-links/sm-gamma-default.json", Right),
    ("b-16-glm-links/sm-gamma-log.json", Right),
    ("b-16-glm-links/sm-invgauss-default.json", Right),
    ("b-16-glm-links/sm-negbin.json", Right),
    ("b-16-glm-links/sm-poisson.json", Right),
    ("b-16-glm-links/sm-tweedie.json", Right),
    ("b-17-xgb-file-kinds/x12-bom.json", Right),
    ("b-17-xgb-file-kinds/x12-dump.json", Refused("save_model")),
    ("b-17-xgb-file-kinds/x12.json", Right),
    ("b-17-xgb-file-kinds/x12.json.gz", Right),
    ("b-17-xgb-file-kinds/x12.ubj", Right),
    ("c1-catboost-json/c1.json", Right),
    ("l01-cat100/l01-cat100.txt", Right),
    ("l02-cat-zeromiss/l02-cat-zeromiss.txt", Right),
    ("l03-ova/l03-ova.txt", Right),
    ("l04-lambdarank/l04-lambdarank.txt", Right),
    ("l05-xendcg/l05-xendcg.txt", Right),
    ("l06-rf/l06-rf.txt", Right),
    ("l07-linear/l07-linear.txt", Right),
    ("l08-dart/l08-dart.txt", Right),
    ("l09-sqrt/l09-sqrt.txt", Right),
    ("l10-quantile/l10-quantile.txt", Right),
    ("l11-xentlambda/l11-xentlambda.txt", Right),
    ("l12-xent/l12-xent.txt", Right),
    ("l13-crlf/l13-crlf.txt", Right),
    ("l14-stumps/l14-stumps.txt", Right),
    ("l15-const0/l15-const0.txt", Right),
    ("l16-bigvals/l16-bigvals.txt", Right),
    ("l17-nomissing/l17-nomissing.txt", Right),
    ("l18-nonan-train/l18-nonan-train.txt", Right),
    ("l20-pandas-cat/l20-pandas-cat.txt", Right),
    ("o1-lr-onnx/o1-lr.onnx", Right),
    ("o2-rf-onnx/o2-rf.onnx", TREES_OF_ONNX),
    ("p01-lr/p01-lr.pmml", Right),
    ("p02-iris/p02-iris.pmml", Right),
    ("p03-lin/p03-lin.pmml", Right),
    ("p04-scaled/p04-scaled.pmml", Figures("predict")),
    ("p07-poly/p07-poly.pmml", Figures("predict")),
    ("p08-poisson/p08-poisson.pmml", Right),
    ("p09-tree/p09-tree.pmml", Figures("predict")),
    ("p10-rf/p10-rf.pmml", Figures("predict")),
    ("p11-ova/p11-ova.pmml", Figures("predict")),
    ("p12-ridge/p12-ridge.pmml", Classes),
    ("p18-domain/p18-domain.pmml", Answers(&["declares invalid", "declares invalid"])),
    ("p19-missing999/p19-missing999.pmml", Answers(&["is missing", "declares invalid"])),
    ("x01-poisson-base3000/x01-poisson-base3000.json", Right),
    ("x02-gamma-base/x02-gamma-base.json", Right),
    ("x03-tweedie/x03-tweedie.json", Right),
    ("x04-softprob-base/x04-softprob-base.json", Right),
    ("x05-softmax/x05-softmax.json", Right),
    ("x06-threshold-edge/x06-threshold-edge.json", Right),
    ("x07-names/x07-names.json", Right),
    ("x08-rf/x08-rf.json", Right),
    ("x09-ndcg/x09-ndcg.json", Right),
    ("x09-pairwise/x09-pairwise.json", Right),
    ("x10-early-stopping/x10-early-stopping.json", EARLY),
    ("x11-missing-999/x11-missing-999.json", ESTIMATOR),
    ("x13-xgb-cat/x13-cat.json", NAMED),
];

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn warnings(model: &ScoreModel) -> Vec<String> {
    let field = model.info().into_iter().find(|(name, _)| *name == "warnings").unwrap().1;
    let Field::List(list) = field else { panic!("warnings are a list") };
    list
}

/// The document of a row, given by its features' names.
fn document(model: &ScoreModel, row: &Value) -> Value {
    let fields = model.features().iter().zip(array(row)).map(|(name, value)| (name.to_string(), value.clone()));
    let subject = Value::Object(fields.collect()).to_string();
    let mut out = Vec::new();
    let identity = Identity { name: b"m", version: 1 };
    model.assess(&identity, &[subject.as_bytes()], &Query::default(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// The document of a row of named values; names that the model does not have are left out.
fn assess<'v>(model: &ScoreModel, row: impl Iterator<Item = (&'v str, &'v Value)>) -> Result<Value> {
    let fields = row.filter(|(name, _)| model.features().iter().any(|known| **known == **name));
    let subject = Value::Object(fields.map(|(name, value)| (name.to_owned(), value.clone())).collect()).to_string();
    let mut out = Vec::new();
    let identity = Identity { name: b"m", version: 1 };
    model.assess(&identity, &[subject.as_bytes()], &Query::default(), &mut out)?;
    Ok(serde_json::from_slice(&out).unwrap())
}

/// Whether a document has a score, or the probabilities of a list of classes, to 12 digits.
fn is_exact(document: &Value, expected: &Value) -> bool {
    let is_same = |mine: &Value, theirs: &Value| {
        let (Some(mine), Some(theirs)) = (mine.as_f64(), theirs.as_f64()) else { return false };
        (mine - theirs).abs() <= 1e-12 * mine.abs().max(theirs.abs()).max(1e-3)
    };
    match expected {
        Value::Array(list) => {
            let probabilities = document["probabilities"].as_object().unwrap();
            probabilities.len() == list.len()
                && list.iter().enumerate().all(|(class, theirs)| is_same(&probabilities[&class.to_string()], theirs))
        }
        number => is_same(&document["score"], number),
    }
}

fn is_near(mine: Option<f64>, expected: &Value, what: &str) -> bool {
    let (Some(mine), Some(expected)) = (mine, expected.as_f64()) else { return false };
    let size = mine.abs().max(expected.abs());
    // The graph computes in f32, scikit-learn in f64.
    let tolerance = if what.ends_with(".onnx") { 1e-5 * size.max(1.0) } else { 2e-6 * size.max(1e-3) };
    (mine - expected).abs() <= tolerance
}

/// Whether a document agrees with the library: a number is its score or its class, a list has one probability per
/// class, in the order of the class numbers.
fn agrees(document: &Value, expected: &Value, what: &str) -> bool {
    let mut probabilities: Vec<(u64, Option<f64>)> =
        document["probabilities"].as_object().map_or_else(Vec::new, |of| {
            let number = |label: &str| {
                label.parse().unwrap_or_else(|_| panic!("{label} is not the number of a class: {document}"))
            };
            of.iter().map(|(label, value)| (number(label), value.as_f64())).collect()
        });
    probabilities.sort_by_key(|(label, _)| *label);
    match expected {
        Value::Array(list) => {
            probabilities.len() == list.len()
                && probabilities.iter().zip(list).all(|((_, mine), theirs)| is_near(*mine, theirs, what))
        }
        number => {
            let class = document["class"].as_str().and_then(|class| class.parse().ok());
            let of_several = probabilities.len() > 2;
            is_near(if of_several { class } else { document["score"].as_f64() }, number, what)
        }
    }
}

/// Compares figures with those of the library for each row; returns how many were compared.
fn compare(model: &ScoreModel, expected: &Value, rows: &str, names: &[&str], what: &str) -> usize {
    let mut compared = 0;
    for (i, row) in array(&expected[rows]).iter().enumerate() {
        let document = document(model, row);
        for name in names {
            if let Some(theirs) = expected[*name].get(i) {
                assert!(agrees(&document, theirs, what), "{what} row {i} {name}: {document} is not {theirs}");
                compared += 1;
            }
        }
        for name in ["margin", "raw_score"] {
            if let Some(theirs) = expected[name].get(i) {
                let margin = document.get("margin").unwrap_or(&document["score"]);
                match (margin, theirs) {
                    (Value::Array(mine), Value::Array(theirs)) => {
                        assert_eq!(mine.len(), theirs.len(), "{what} row {i}");
                        for (mine, theirs) in mine.iter().zip(theirs) {
                            assert!(is_near(mine.as_f64(), theirs, what), "{what} row {i}: {mine} is not {theirs}");
                        }
                    }
                    (mine, theirs) => {
                        let theirs = if theirs.is_array() { &theirs[0] } else { theirs };
                        assert!(is_near(mine.as_f64(), theirs, what), "{what} row {i} {name}: {mine} is not {theirs}");
                    }
                }
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn every_reported_file_is_right_or_refused_by_name_or_gives_a_warning() {
    let Some(folder) = reference::find("reported score models", "reported/score") else { return };
    let mut failed = Vec::new();
    for (path, outcome) in FILES {
        // Every file is checked, whatever the outcome of the files before it.
        if std::panic::catch_unwind(|| check(&folder, path, *outcome)).is_err() {
            failed.push(*path);
        }
    }
    assert_eq!(failed, [""; 0]);
}

/// Loads a file, which may be compressed.
fn load_as(bytes: &[u8], options: LoadOptions) -> Result<Arc<ScoreModel>> {
    let recipe = Recipe::Score(options);
    match recipe.read(Input::Bytes(bytes), &Budget::UNLIMITED, &Progress::default())? {
        Part::Model(AnyModel::Score(model)) => Ok(model),
        other => panic!("{other:?} is no score model"),
    }
}

/// With the option that the warning names, the figures are those of the library for either choice.
#[test]
fn the_trees_of_a_model_that_stopped_early_are_chosen() {
    let Some(folder) = reference::find("models that stopped early", "reported/score") else { return };
    let folder = folder.join("x10-early-stopping");
    let bytes = fs::read(folder.join("x10-early-stopping.json")).unwrap();
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    for (trees, figures) in [
        (Trees::All, "booster_predict (all trees)"),
        (Trees::Best, "predict_proba_1 (best_iteration, what people see in Python)"),
    ] {
        let model = load_as(&bytes, LoadOptions { trees: Some(trees), ..LoadOptions::default() }).unwrap();
        assert!(!warnings(&model).iter().any(|warning| warning.contains("best_iteration")), "{:?}", warnings(&model));
        assert!(compare(&model, &expected, "rows", &[figures], figures) > 0);
    }
    // XGBoost 1 did not write the end of each iteration.
    let mut older: Value = serde_json::from_slice(&bytes).unwrap();
    older["version"] = serde_json::json!([1, 7, 6]);
    let booster = older["learner"]["gradient_booster"]["model"].as_object_mut().unwrap();
    booster.remove("iteration_indptr").unwrap();
    let best = LoadOptions { trees: Some(Trees::Best), ..LoadOptions::default() };
    let older = load_as(older.to_string().as_bytes(), best.clone()).unwrap();
    assert_eq!(older.digest(), load_as(&bytes, best).unwrap().digest());
    let other = fs::read(folder.join("../x07-names/x07-names.json")).unwrap();
    let best = LoadOptions { trees: Some(Trees::Best), ..LoadOptions::default() };
    assert!(matches!(load_as(&other, best), Err(Error::BadInput { .. })), "it did not stop early");
}

/// What XGBoost would read in another way, or not at all: lists of categories that overlap, categories that are numbers, trees
/// in another order, flags that are none.
#[test]
fn fields_that_contradict_each_other_are_refused() {
    let Some(folder) = reference::find("categories of XGBoost", "reported/score") else { return };
    let bytes = fs::read(folder.join("x13-xgb-cat/x13-cat.json")).unwrap();
    let good: Value = serde_json::from_slice(&bytes).unwrap();
    let refused = |change: &dyn Fn(&mut Value), words: &str| {
        let mut model = good.clone();
        change(&mut model["learner"]["gradient_booster"]["model"]);
        let refused = load_as(model.to_string().as_bytes(), LoadOptions::default());
        let Err(Error::BadInput { reason, .. }) = refused else { panic!("{words}: {refused:?}") };
        assert!(reason.contains(words), "{reason}");
    };
    let lists = "the categories of a tree and its splits by category do not fit together";
    for starts in [[0, 0, 90, 150], [0, 3, 90, u64::MAX], [1, 3, 90, 150]] {
        refused(&|model| model["trees"][0]["categories_segments"] = serde_json::json!(starts), lists);
    }
    refused(&|model| model["trees"][0]["categories_nodes"] = serde_json::json!([0, 2, 4, 4]), lists);
    refused(&|model| model["cats"]["enc"][0]["offsets"][1] = serde_json::json!(99), "a list of categories (cats)");
    refused(&|model| model["cats"]["enc"][0]["values"][0] = serde_json::json!(256), "a list of categories (cats)");
    refused(&|model| _ = model["cats"]["enc"].as_array_mut().unwrap().pop(), "do not fit the features");
    refused(&|model| model["iteration_indptr"][0] = serde_json::json!(1), "iteration_indptr");
    refused(&|model| _ = model["iteration_indptr"].as_array_mut().unwrap().pop(), "iteration_indptr");
    refused(&|model| model["trees"][0]["id"] = serde_json::json!(1), "order of their ids");
    refused(&|model| model["trees"][0]["default_left"][0] = serde_json::json!(2), "not of the form");
}

/// Names of categories: in an object, in an array, as `name=value`, in a batch; what the libraries do with unseen ones.
#[test]
fn rows_have_categories_by_name() {
    let Some(folder) = reference::find("models with names of categories", "reported/score") else { return };
    let load = |path: &str| load_as(&fs::read(folder.join(path)).unwrap(), LoadOptions::default()).unwrap();
    let assess = |model: &ScoreModel, words: &[&str]| -> Result<Value> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let mut out = Vec::new();
        model.assess(&Identity { name: b"m", version: 1 }, &words, &Query::default(), &mut out)?;
        Ok(serde_json::from_slice(&out).unwrap())
    };
    for (path, refuses) in [("l20-pandas-cat/l20-pandas-cat.txt", false), ("x13-xgb-cat/x13-cat.json", true)] {
        let model = load(path);
        let object = assess(&model, &[r#"{"job":"it, other","city":"1003","v":14.5}"#]).unwrap();
        assert_eq!(object["inputs"], serde_json::json!({"job":"it, other","city":"1003","v":14.5}));
        // A number finds the category with that text.
        assert_eq!(assess(&model, &[r#"{"job":"it, other","city":1003,"v":14.5}"#]).unwrap(), object);
        assert_eq!(assess(&model, &["job=it, other", "city=1003", "v=14.5"]).unwrap(), object);
        let rows = r#"[{"job":"it, other","city":"1003","v":14.5},["it, other",1003,14.5]]"#;
        let rows = Rows::from_json(&model, rows.as_bytes(), 2).unwrap();
        let scores = model.batch_values(&rows, &Progress::default()).unwrap();
        assert_eq!(scores, vec![object["score"].as_f64().unwrap(); 2]);
        // A number is never a place in the list, and is not taken for one.
        for unseen in [r#"{"job":"pilot","v":1}"#, r#"{"job":3,"v":1}"#] {
            match assess(&model, &[unseen]) {
                Ok(document) if !refuses => {
                    assert_eq!(document["inputs"]["job"], Value::Null);
                    assert_eq!(document, assess(&model, &[r#"{"v":1}"#]).unwrap());
                }
                Err(Error::Invalid(reason)) if refuses => assert!(reason.contains("job has no such category")),
                other => panic!("{path}: {other:?}"),
            }
        }
        assert!(
            matches!(assess(&model, &[r#"{"v":"a"}"#]), Err(Error::Invalid(reason)) if reason.contains("v takes numbers"))
        );
        assert!(matches!(assess(&model, &[r#"{"v":true}"#]), Err(Error::Invalid(_))));
        let reason = Rows::from_f64(&model, &[0; 24], 1).unwrap_err().to_string();
        assert!(reason.contains("feature job has categories that are texts"), "{reason}");
    }
}

/// One model, saved in several forms.
#[test]
fn a_model_is_the_same_as_json_compressed_and_as_ubjson() {
    let Some(folder) = reference::find("forms of one XGBoost model", "reported/score") else { return };
    let frames = |name: &str| {
        let bytes = fs::read(folder.join("b-17-xgb-file-kinds").join(name)).unwrap();
        let model = load_as(&bytes, LoadOptions::default()).unwrap();
        (0..model.frames()).map(|index| model.frame(index)).collect::<Vec<_>>()
    };
    let json = frames("x12.json");
    for other in ["x12-bom.json", "x12.json.gz", "x12.ubj"] {
        assert!(frames(other) == json, "{other}");
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each outcome")]
fn check(folder: &Path, path: &str, outcome: Outcome) {
    let bytes = fs::read(folder.join(path)).unwrap();
    // Python writes a missing value as NaN, which is not JSON.
    let expected = fs::read_to_string(folder.join(path).with_file_name("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected.replace("NaN", "null")).unwrap();
    let loaded = load_as(&bytes, LoadOptions::default());
    match (outcome, loaded) {
        (Refused(words), Err(Error::BadInput { reason, .. })) => {
            assert!(reason.contains(words) && reason.is_ascii(), "{path}: {reason}");
        }
        (Right, Ok(model)) => {
            assert_eq!(warnings(&model), [""; 0], "{path}");
            let compared = compare(&model, &expected, "rows", &["predict", "predict_proba", "predict_proba_1"], path);
            // Two folders have no rows: one has a formula, the other one model saved in several formats.
            assert!(compared > 0 || path.starts_with("b-16") || path.starts_with("b-17"), "{path}");
        }
        (Classes, Ok(model)) => {
            assert_eq!(warnings(&model), [""; 0], "{path}");
            let rows = array(&expected["rows"]);
            assert!(!rows.is_empty(), "{path}");
            for (row, class) in rows.iter().zip(array(&expected["predict"])) {
                let document = document(&model, row);
                assert_eq!(document["class"].as_str(), Some(&*class.to_string()), "{path}: {document}");
            }
        }
        (Warned { warning, rows, figures }, Ok(model)) => {
            assert!(warnings(&model).iter().any(|text| text.contains(warning)), "{path}: {:?}", warnings(&model));
            if !rows.is_empty() {
                assert!(compare(&model, &expected, rows, &[figures], path) > 0, "{path}");
            } else {
                // Following the advice of the warning gives the figures, without a warning.
                let marked = LoadOptions { missing: Some(MissingValue::Number(-999.0)), ..LoadOptions::default() };
                let model = load_as(&bytes, marked).unwrap();
                assert_eq!(warnings(&model), [""; 0], "{path}");
                assert!(compare(&model, &expected, "rows", &["predict_proba_1"], path) > 0, "{path}");
            }
        }
        (Figures(name), Ok(model)) => {
            assert!(warnings(&model).iter().all(|warning| warning.contains("no contributions")), "{path}");
            let rows = array(&expected["rows"]);
            assert!(!rows.is_empty(), "{path}");
            for (row, theirs) in rows.iter().zip(array(&expected[name])) {
                let fields = array(&expected["features"]).iter().zip(array(row));
                let document = assess(&model, fields.map(|(name, value)| (name.as_str().unwrap(), value))).unwrap();
                assert!(is_exact(&document, theirs), "{path}: {document} is not {theirs}");
            }
        }
        (Jpmml, Ok(model)) => {
            let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
            let wanted = array(&expected["want"][name]["jpmml"]);
            assert_eq!(wanted.len(), array(&expected["rows"]).len(), "{path}");
            for (row, wanted) in array(&expected["rows"]).iter().zip(wanted) {
                let document = assess(&model, row.as_object().unwrap().iter().map(|(name, value)| (&**name, value)));
                let Some(score) = wanted["y"].as_f64() else {
                    assert!(document.is_err(), "{path} {row}: {document:?}");
                    continue;
                };
                let document = document.unwrap();
                assert!(is_exact(&document, &Value::from(score)), "{path} {row}: {document} is not {wanted}");
                let codes: Vec<&Value> = array(&document["reasons"]).iter().map(|reason| &reason["code"]).collect();
                let theirs = ["r1", "r2"].map(|rank| &wanted[rank]);
                let theirs: Vec<&Value> = theirs.into_iter().filter(|code| !code.is_null()).collect();
                assert_eq!(codes, theirs, "{path} {row}");
            }
        }
        (Answers(texts), Ok(model)) => {
            let requests = fs::read_to_string(folder.join(path).with_file_name("ask.txt")).unwrap();
            let subjects: Vec<&str> = requests.lines().filter_map(|line| line.strip_prefix("ASSESS.GET m ")).collect();
            assert_eq!(subjects.len(), texts.len(), "{path}");
            for (subject, text) in subjects.into_iter().zip(texts) {
                let subject: Value = serde_json::from_str(subject).unwrap();
                let answer = assess(&model, subject.as_object().unwrap().iter().map(|(name, value)| (&**name, value)));
                let Err(Error::Invalid(reason)) = answer else { panic!("{path} {subject}: {answer:?}") };
                assert!(reason.contains(text), "{path} {subject}: {reason}");
            }
        }
        (outcome, loaded) => panic!("{path}: {outcome:?}, but {:?}", loaded.map(|model| warnings(&model))),
    }
}

#[test]
fn no_reported_file_is_left_out() {
    let Some(folder) = reference::find("list of reported score models", "reported/score") else { return };
    let known: BTreeSet<&str> = FILES.iter().map(|(path, _)| *path).collect();
    for case in fs::read_dir(folder).unwrap() {
        let case = case.unwrap().path();
        for file in fs::read_dir(&case).unwrap() {
            let file = file.unwrap().path();
            let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            let path = format!("{}/{}", name(&case), name(&file));
            let is_input = !path.ends_with("ask.txt") && !path.ends_with("expected.json");
            assert!(!is_input || known.contains(&*path), "{path} has no outcome");
        }
    }
}
