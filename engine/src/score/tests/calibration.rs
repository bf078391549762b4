//! Calibration after a model, against the formulas of scikit-learn.

use serde_json::Value;

use super::super::{Calibration, LoadOptions, Rows, ScoreDecoder, ScoreModel, load};
use super::CARD;
use crate::model::{Field, Identity, Model, Query};
use crate::{Error, Progress};

const LOGIT: &str =
    r#"{"format":"glm/1","link":"logit","features":[{"name":"a"}],"outputs":[{"intercept":0.5,"coef":[2]}]}"#;
const LINE: &str =
    r#"{"format":"glm/1","link":"identity","features":[{"name":"a"}],"outputs":[{"intercept":0.5,"coef":[2]}]}"#;
const SOFTMAX: &str = r#"{"format":"glm/1","link":"softmax","features":[{"name":"a"}],"outputs":[{"label":"p","coef":[1]},{"label":"q","coef":[2]},{"label":"r","coef":[3]}]}"#;
const ISOTONIC: &str = r#"{"method":"isotonic","x":[-1,0.25,3],"y":[0.1,0.2,0.8]}"#;

fn calibrated(text: &str, calibration: &str) -> crate::Result<ScoreModel> {
    let calibration = Some(Calibration::parse(calibration.as_bytes())?);
    load(text.as_bytes(), &LoadOptions { calibration, ..LoadOptions::default() }, &Progress::default())
}

fn assess(model: &ScoreModel, a: f64) -> Value {
    let mut out = Vec::new();
    let subject = format!(r#"{{"a":{a}}}"#);
    model.assess(&Identity { name: b"m", version: 1 }, &[subject.as_bytes()], &Query::default(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// The document of a row, which has the score that a batch gives.
fn answer(model: &ScoreModel, a: f64) -> Value {
    let document = assess(model, a);
    let rows = Rows::from_f64(model, &[a.to_le_bytes(), 0.5_f64.to_le_bytes()].concat(), 2).unwrap();
    assert_eq!(model.batch_values(&rows, &Progress::default()).unwrap()[0], document["score"], "{document}");
    assert_eq!(document["calibrated"], true);
    document
}

#[test]
fn a_sigmoid_is_that_of_the_margin_or_of_the_score() {
    let of_margin = calibrated(LOGIT, r#"{"method":"sigmoid","a":-1.5,"b":0.25}"#).unwrap();
    let document = answer(&of_margin, 1.0);
    let expected = 1.0 / (1.0 + (-1.5 * 2.5 + 0.25_f64).exp());
    assert_eq!((&document["score"], &document["margin"]), (&Value::from(expected), &Value::from(2.5)));
    assert_eq!((&document["class"], &document["probabilities"]["1"]), (&Value::from("1"), &Value::from(expected)));
    // The margin is above 0, and the probability is not above 0.5.
    let low = answer(&of_margin, -0.2);
    assert_eq!((&low["class"], low["margin"].as_f64().map(|margin| margin > 0.0)), (&Value::from("0"), Some(true)));
    let of_score = calibrated(LOGIT, r#"{"method":"sigmoid","a":-4,"b":2,"of":"score"}"#).unwrap();
    let plain = 1.0 / (1.0 + (-2.5_f64).exp());
    let expected = 1.0 / (1.0 + (-4.0 * plain + 2.0_f64).exp());
    assert!((answer(&of_score, 1.0)["score"].as_f64().unwrap() - expected).abs() < 1e-15);
}

#[test]
fn isotonic_points_are_joined_by_lines_and_end_flat() {
    let model = calibrated(LINE, ISOTONIC).unwrap();
    // The margin is 2a + 0.5.
    for (a, expected) in
        [(-5.0, 0.1), (-0.75, 0.1), (-0.125, 0.2), (0.5625, 0.2 + 0.6 * 1.375 / 2.75), (1.25, 0.8), (9.0, 0.8)]
    {
        let document = answer(&model, a);
        assert!((document["score"].as_f64().unwrap() - expected).abs() < 1e-12, "{document}");
        assert_eq!(document["margin"], 2.0 * a + 0.5);
        assert!(document.get("class").is_none());
    }
    let one = calibrated(LINE, r#"{"method":"isotonic","x":[0],"y":[0.5]}"#).unwrap();
    assert_eq!(answer(&one, 7.0)["score"], 0.5);
}

#[test]
fn a_calibrated_model_survives_its_byte_form() {
    let points: Vec<String> = (0..4_500).map(|i| i.to_string()).collect();
    let zeros = vec!["0.5"; 4_500].join(",");
    let many = format!(r#"{{"method":"isotonic","x":[{}],"y":[{zeros}],"of":"score"}}"#, points.join(","));
    for calibration in [ISOTONIC, &many, r#"{"method":"sigmoid","a":-1,"b":0}"#] {
        let model = calibrated(LOGIT, calibration).unwrap();
        let frames: Vec<Vec<u8>> = (0..model.frames()).map(|index| model.frame(index)).collect();
        let decode = |frames: &[Vec<u8>]| {
            let mut decoder = ScoreDecoder::begin(frames[0][1], &frames[0][2..])?;
            frames[1..].iter().try_for_each(|frame| decoder.push(frame))?;
            decoder.finish()
        };
        let again = decode(&frames).unwrap();
        assert_eq!((again.digest(), again.bytes()), (model.digest(), model.bytes()));
        assert_eq!(answer(&again, 0.3), answer(&model, 0.3));
        assert_ne!(model.digest(), calibrated(LOGIT, r#"{"method":"sigmoid","a":-2,"b":0}"#).unwrap().digest());
        // A damaged byte is refused, or the model still answers finite numbers.
        for at in 0..frames[1].len().min(400) {
            let mut damaged = frames.clone();
            damaged[1][at] ^= 0x81;
            if let Ok(model) = decode(&damaged) {
                let name = &model.features()[0];
                let subject = serde_json::json!({ &**name: 1 }).to_string();
                let mut out = Vec::new();
                let identity = Identity { name: b"m", version: 1 };
                if model.assess(&identity, &[subject.as_bytes()], &Query::default(), &mut out).is_ok() {
                    let document: Value = serde_json::from_slice(&out).unwrap();
                    assert!(document["score"].as_f64().is_some(), "byte {at}: {document}");
                }
            }
        }
    }
}

/// One tree of LightGBM: a <= 1 gives -2, other numbers 3.
fn lightgbm(objective: &str) -> String {
    format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=0\nobjective={objective}\nfeature_names=a\n\n\
         Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=1\ndecision_type=2\nleft_child=-1\nright_child=-2\n\
         leaf_value=-2 3\nleaf_count=3 1\nis_linear=0\nshrinkage=1\n\n\nend of trees\n"
    )
}

/// A regression of PMML over a derived field, so that it is a program.
fn pmml(normalization: &str, tables: &str) -> String {
    let (function, target) = if tables.contains("targetCategory") {
        let values = r#"<Value value="p"/><Value value="q"/>"#;
        (
            "classification",
            format!(r#"<DataField name="y" optype="categorical" dataType="string">{values}</DataField>"#),
        )
    } else {
        ("regression", r#"<DataField name="y" optype="continuous" dataType="double"/>"#.to_owned())
    };
    format!(
        r#"<PMML version="4.4"><Header/><DataDictionary><DataField name="a" optype="continuous" dataType="double"/>{target}
        </DataDictionary><RegressionModel functionName="{function}" normalizationMethod="{normalization}"><MiningSchema>
        <MiningField name="a"/><MiningField name="y" usageType="target"/></MiningSchema><LocalTransformations>
        <DerivedField name="d" optype="continuous" dataType="double"><Apply function="*"><FieldRef field="a"/><Constant>2</Constant>
        </Apply></DerivedField></LocalTransformations>{tables}</RegressionModel></PMML>"#
    )
}

const TABLE: &str =
    r#"<RegressionTable intercept="0.5"><NumericPredictor name="d" coefficient="1"/></RegressionTable>"#;

#[test]
fn forests_and_programs_are_calibrated_by_margin_and_by_score_in_batches_too() {
    let sigmoid = |of: &str| format!(r#"{{"method":"sigmoid","a":-1,"b":0.5,"of":"{of}"}}"#);
    let of = |f: f64| 1.0 / (1.0 + (-f + 0.5).exp());
    let logistic = |f: f64| 1.0 / (1.0 + (-f).exp());
    for (text, margins) in [(lightgbm("binary sigmoid:1"), [-2.0, 3.0]), (pmml("logit", TABLE), [0.5, 8.5])] {
        for (a, margin) in [0.0, 4.0].into_iter().zip(margins) {
            let by_margin = answer(&calibrated(&text, &sigmoid("margin")).unwrap(), a);
            assert!((by_margin["score"].as_f64().unwrap() - of(margin)).abs() < 1e-14, "{by_margin}");
            let by_score = answer(&calibrated(&text, &sigmoid("score")).unwrap(), a);
            assert!((by_score["score"].as_f64().unwrap() - of(logistic(margin))).abs() < 1e-14, "{by_score}");
        }
    }
    let plain = calibrated(&pmml("none", TABLE), &sigmoid("margin")).unwrap();
    assert!((answer(&plain, 1.0)["score"].as_f64().unwrap() - of(2.5)).abs() < 1e-14);
}

#[test]
fn the_margin_of_two_sums_is_not_that_of_a_class() {
    let table = |class: &str, weight: i32| {
        let term = format!(r#"<NumericPredictor name="d" exponent="2" coefficient="{weight}"/>"#);
        format!(r#"<RegressionTable intercept="1" targetCategory="{class}">{term}</RegressionTable>"#)
    };
    let text = pmml("softmax", &(table("p", 1) + &table("q", -2)));
    let error = calibrated(&text, ISOTONIC).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains(r#""of":"score""#), "{error}");
    assert!(calibrated(&text, r#"{"method":"sigmoid","a":-1,"b":0,"of":"score"}"#).is_ok());
}

#[test]
fn a_row_without_a_finite_score_is_refused_in_a_batch_as_alone() {
    let log = LOGIT.replace("logit", "log");
    for calibration in [ISOTONIC, r#"{"method":"sigmoid","a":-1,"b":0,"of":"score"}"#] {
        let model = calibrated(&log, calibration).unwrap();
        let rows = Rows::from_f64(&model, &[1.0_f64.to_le_bytes(), 800.0_f64.to_le_bytes()].concat(), 2).unwrap();
        let error = model.batch_values(&rows, &Progress::default()).unwrap_err();
        assert!(matches!(&error, Error::Invalid(reason) if reason.starts_with("row 2: ")), "{error}");
        let mut out = Vec::new();
        let alone = model.assess(&Identity { name: b"m", version: 1 }, &[br#"{"a":800}"#], &Query::default(), &mut out);
        assert!(alone.is_err() && out.is_empty());
    }
}

#[test]
fn a_probability_does_not_leave_the_points_by_rounding() {
    for (x, y) in [([-0.22, 0.48], [0.21, 1.0]), ([0.38, 1.11], [0.23, 1.0]), ([-2.1, -0.74], [0.11, 1.0])] {
        let text = format!(r#"{{"method":"isotonic","x":{x:?},"y":{y:?}}}"#);
        let calibration = Calibration::parse(text.as_bytes()).unwrap();
        assert!(calibration.apply(x[0]) == y[0] && calibration.apply(x[1]) == y[1], "{text}");
        assert!(calibration.apply(x[0].next_up()) >= y[0] && calibration.apply(x[1].next_down()) <= 1.0, "{text}");
    }
    for x in ["[0,1e-310]", "[-1e308,1.7e308]"] {
        let text = format!(r#"{{"method":"isotonic","x":{x},"y":[0,1]}}"#);
        assert!(Calibration::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn what_cannot_be_calibrated_is_an_error_that_says_why() {
    for (text, calibration, reason) in [
        (SOFTMAX, ISOTONIC, "two classes or of one number"),
        (CARD, ISOTONIC, "the points of a scorecard are not calibrated"),
        (LOGIT, r#"{"method":"platt","a":1,"b":1}"#, "CALIBRATION must be"),
        (LOGIT, r#"{"method":"sigmoid","a":1}"#, "missing field `b`"),
        (LOGIT, r#"{"method":"sigmoid","a":1,"b":2,"c":3}"#, "CALIBRATION must be"),
        (LOGIT, r#"{"method":"sigmoid","a":1e999,"b":2}"#, "CALIBRATION"),
        (LOGIT, r#"{"method":"isotonic","x":[],"y":[]}"#, "the same length"),
        (LOGIT, r#"{"method":"isotonic","x":[1,2],"y":[0]}"#, "the same length"),
        (LOGIT, r#"{"method":"isotonic","x":[2,1],"y":[0,1]}"#, "ascending"),
        (LOGIT, r#"{"method":"isotonic","x":[1,1],"y":[0,1]}"#, "ascending"),
        (LOGIT, r#"{"method":"isotonic","x":[1,2,3],"y":[0,1,0.5]}"#, "only rise"),
        (LOGIT, r#"{"method":"isotonic","x":[1,2],"y":[0,1.5]}"#, "from 0 to 1"),
    ] {
        let error = calibrated(text, calibration).map(|_| ()).unwrap_err();
        assert!(matches!(&error, Error::Invalid(text) if text.contains(reason)), "{calibration}: {error}");
    }
}

#[test]
fn the_fields_of_a_model_have_the_numbers_of_its_calibration() {
    let fields = |calibration: &str| -> Vec<(&'static str, Field)> {
        let info = calibrated(LOGIT, calibration).unwrap().info();
        info.into_iter().filter(|(name, _)| name.starts_with("calibration")).collect()
    };
    let text = |text: &str| Field::Text(text.into());
    assert_eq!(
        fields(r#"{"method":"sigmoid","a":-1.5,"b":1e-300,"of":"score"}"#),
        [
            ("calibration", text("sigmoid")),
            ("calibration_of", text("score")),
            ("calibration_a", text("-1.5")),
            ("calibration_b", text("1e-300")),
        ]
    );
    let points = r#"{"method":"isotonic","x":[0,1,3],"y":[0,0.5,1]}"#;
    let expected = [
        ("calibration", text("isotonic")),
        ("calibration_of", text("margin")),
        ("calibration_points", Field::Integer(3)),
    ];
    assert_eq!(fields(points), expected);
    let plain = load(LOGIT.as_bytes(), &LoadOptions::default(), &Progress::default()).unwrap().info();
    assert_eq!(plain.iter().filter(|(name, _)| name.starts_with("calibration")).count(), 1);
}
