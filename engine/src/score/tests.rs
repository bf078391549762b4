//! What score models answer and what they refuse, with small models.

mod answers;
mod calibration;
mod outputs;

use std::time::Duration;

use serde_json::Value;

use super::{Decimals, Format, LoadOptions, MissingValue, Rows, ScoreDecoder, ScoreModel, load};
use crate::model::codec::MAX_FRAME;
use crate::model::{Identity, LabelSet, Model, Query};
use crate::{Error, Progress, Result};

/// A model of `LightGBM` with categories by name.
const NAMED: &str = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n\
    objective=regression\nfeature_names=c x\nfeature_infos=-1:0:1 [0:1]\n\nTree=0\nnum_leaves=2\nnum_cat=1\nsplit_feature=0\n\
    threshold=0\ndecision_type=1\nleft_child=-1\nright_child=-2\nleaf_value=1 2\nleaf_count=3 4\ncat_boundaries=0 1\n\
    cat_threshold=2\nis_linear=0\n\nend of trees\n\npandas_categorical:[[\"a\", \"b\", 7]]\n";

const LINEAR: &str = r#"{"format":"glm/1","link":"identity",
    "features":[{"name":"age","mean":10,"scale":2,"decimals":1},{"name":"a=b","decimals":0},{"name":"é\"x"}],
    "outputs":[{"label":"y","intercept":1.5,"coef":[4,1,-1]}]}"#;

const SOFTMAX: &str = r#"{"format":"glm/1","link":"softmax","features":[{"name":"x"}],
    "outputs":[{"label":"red","coef":[1]},{"label":"green","intercept":1,"coef":[0]},{"label":"blue","coef":[-1]}]}"#;

const CARD: &str = r#"{"format":"scorecard/1","initial_score":100,"attributes":[
    {"name":"x","missing_points":-5,"reason_code":"X1","baseline_points":20,
     "bins":[{"ge":null,"lt":1,"points":20},{"ge":1,"lt":2,"points":10},{"ge":3,"points":0}]},
    {"name":"z","reason_code":"Z1","baseline_points":20,"bins":[{"points":10}]}],
    "reason_codes":{"method":"pointsBelow","max":2},"probability":{"link":"logit","a":0,"b":0,"of":"good"},
    "bands":[{"lt":120,"label":"low"},{"lt":130,"label":"high"}]}"#;

const IDENTITY: Identity<'_> = Identity { name: b"m", version: 7 };

fn read(text: &str) -> Result<ScoreModel> {
    load(text.as_bytes(), &LoadOptions::default(), &Progress::default())
}

fn model(text: &str) -> ScoreModel {
    read(text).unwrap()
}

fn assess(model: &ScoreModel, words: &[&str]) -> Result<String> {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let mut out = b"before".to_vec();
    let result = model.assess(&IDENTITY, &words, &Query::default(), &mut out);
    let document = out.split_off(6);
    assert_eq!(out, b"before");
    assert!(result.is_ok() || document.is_empty(), "a failure appends nothing");
    result.map(|()| String::from_utf8(document).unwrap())
}

fn canonical(model: &ScoreModel, words: &[&str]) -> Result<String> {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let mut key = Vec::new();
    model.canonical(&words, &Query::default(), &mut key).map(|()| String::from_utf8(key).unwrap())
}

fn again(model: &ScoreModel) -> ScoreModel {
    let first = model.frame(0);
    let mut decoder = ScoreDecoder::begin(first[1], &first[2..]).unwrap();
    for index in 1..model.frames() {
        decoder.push(&model.frame(index)).unwrap();
    }
    assert!(decoder.bytes() > 0);
    decoder.finish().unwrap()
}

#[test]
fn the_document_of_a_linear_model() {
    let document = assess(&model(LINEAR), &["age=12.04", "a=b=2.5", "é\"x=-1e-3"]).unwrap();
    assert_eq!(
        document,
        r#"{"model":"m","version":7,"kind":"score","score":8.501,"contributions":[{"feature":"age","value":4.0},"#
            .to_owned()
            + r#"{"feature":"a=b","value":3.0},{"feature":"é\"x","value":0.001}],"inputs":{"age":12.0,"a=b":3.0,"é\"x":-0.001}}"#
    );
}

#[test]
fn the_document_of_several_classes() {
    let text = assess(&model(SOFTMAX), &[r#"{"x":0}"#]).unwrap();
    let e = std::f64::consts::E;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["class"], "green");
    assert_eq!(document["margin"], serde_json::json!([0.0, 1.0, 0.0]));
    let probability = document["score"].as_f64().unwrap();
    assert!((probability - e / (e + 2.0)).abs() < 1e-15);
    assert_eq!(document["probabilities"]["green"], document["score"]);
    let record = model(SOFTMAX).record(&[br#"{"x":0}"#], text.as_bytes());
    assert_eq!((record.subject.as_str(), record.status.as_str()), (r#"{"x":0.0}"#, "green"));
    assert_eq!(record.confidence, Some(probability));
}

#[test]
fn the_document_of_a_scorecard() {
    let card = model(CARD);
    let document = |words: &[&str]| assess(&card, words).unwrap();
    assert_eq!(
        document(&["x=1", "z=0"]),
        r#"{"model":"m","version":7,"kind":"score","score":120.0,"probabilities":{"good":0.5},"band":"high","#
            .to_owned()
            + r#""reasons":[{"code":"X1","feature":"x","points":10.0},{"code":"Z1","feature":"z","points":10.0}],"#
            + r#""contributions":[{"feature":"x","value":10.0},{"feature":"z","value":10.0}],"inputs":{"x":1.0,"z":0.0}}"#
    );
    let missing: Value = serde_json::from_str(&document(&["z=0"])).unwrap();
    assert_eq!((&missing["score"], &missing["band"]), (&105.0.into(), &"low".into()));
    assert_eq!(missing["reasons"][0]["points"], 25.0);
    // There is no band above the last one.
    assert!(!document(&["x=0.999", "z=0"]).contains("band"));
    assert_eq!(assess(&card, &["x=2.5", "z=0"]), Err(Error::Invalid("no bin holds the value of feature x".into())));
    assert_eq!(assess(&card, &["x=1"]), Err(Error::Invalid("feature z is missing".into())));
}

#[test]
fn equal_queries_have_the_same_name_and_the_same_answer() {
    let linear = model(LINEAR);
    let name = canonical(&linear, &["age=12", "a=b=3", "é\"x=0"]).unwrap();
    assert_eq!(name, "%7B\"age\"%3A12.0,\"a=b\"%3A3.0,\"é\\\"x\"%3A0.0%7D".replace('\\', "%5C"));
    for words in [
        &["a=b=2.5", "é\"x=-0", "age=12.04"][..],
        &[r#"{"age":12.01,"a=b":3,"\u00e9\"x":0.0}"#],
        &[r#"{"é\"x":-0.0,"a=b":3.4,"age":11.95}"#],
        &["age=1.2e1", "a=b=3.", "é\"x=+0"],
    ] {
        assert_eq!(canonical(&linear, words).unwrap(), name, "{words:?}");
        assert_eq!(assess(&linear, words), assess(&linear, &["age=12", "a=b=3", "é\"x=0"]), "{words:?}");
    }
    assert_ne!(canonical(&linear, &["age=12.1", "a=b=3", "é\"x=0"]).unwrap(), name);
    assert_ne!(canonical(&linear, &["age=12", "a=b=3", "é\"x=5e-324"]).unwrap(), name);
    // A long subject is named by its hash. Other spellings of it give the same hash.
    let card = model(&CARD.replace("\"z\"", "\"a name of some length\""));
    let long = canonical(&card, &["x=0.123456789012345", "a name of some length=-1.234567890123456e-300"]).unwrap();
    assert!(long.len() == 32 && long.bytes().all(|byte| byte.is_ascii_hexdigit()), "{long}");
    assert_eq!(
        long,
        canonical(&card, &[r#"{"a name of some length":-1234567890123456e-315,"x":0.1234567890123450}"#]).unwrap()
    );
}

#[test]
fn a_subject_ends_where_its_words_end() {
    let linear = model(LINEAR);
    let len = |words: &[&str], is_alone| {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        linear.subject_len(&words, is_alone)
    };
    assert_eq!(len(&["{}", "a=1"], true), Ok(1));
    assert_eq!(len(&["{", "{}"], false), Ok(1));
    assert_eq!(len(&["a=1", "b=", "TTL", "c=1"], true), Ok(2));
    for (words, is_alone) in [(&["a=1"][..], false), (&[], true), (&[], false), (&["TTL"], true), (&[""], true)] {
        assert!(matches!(len(words, is_alone), Err(Error::Invalid(_))), "{words:?}");
    }
}

#[test]
fn the_error_of_a_subject_does_not_quote_its_bytes() {
    let linear = model(LINEAR);
    for (words, reason) in [
        (&["age=1"][..], "feature number 2 is missing"),
        (&["age=1", "a=b=2"], "feature number 3 is missing"),
        (&["age=nan", "a=b=2", "é\"x=1"], "feature age is missing"),
        (&["secret=1"], "the model has no feature of that name, see MODEL.LABELS key FEATURES"),
        (&["age=1", "age=1"], "feature age is given twice"),
        (&[r#"{"age":null,"age":1}"#], "feature age is given twice"),
        (&["age=inf"], "a value must be a finite number, or empty or nan where it is missing"),
        (&["age=1e999"], "a value is too large"),
        (&["age=1e300"], "the value of feature age is too large for its decimals"),
        (&[r#"{"age":1e999}"#], "the subject is not JSON, or a number in it is too large"),
        (&[r#"{"age":"1"}"#], "feature age takes numbers, no text"),
        (&[r#"{"age":true}"#], "the subject must hold numbers, names of categories and null only"),
        (&[r#"{"age":{"secret":1}}"#], "the subject must hold numbers, names of categories and null only"),
        (&[r#"{"age":NaN}"#], "feature age is missing"),
        (&[r#"{"age":Infinity}"#], "the subject is not JSON, or a number in it is too large"),
        (&[r#"{"age":1} x"#], "the subject is not JSON, or a number in it is too large"),
        (&["{"], "the subject is not JSON, or a number in it is too large"),
        (&["age=1", "x"], "the subject of a score model is a JSON object or name=value arguments"),
    ] {
        let Err(Error::Invalid(error)) = assess(&linear, words) else { panic!("{words:?}") };
        assert_eq!(error, reason, "{words:?}");
        let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        assert!(linear.canonical(&bytes, &Query::default(), &mut Vec::new()).is_err(), "{words:?}");
    }
    let big = r#"{"format":"glm/1","link":"log","features":[{"name":"x"}],"outputs":[{"coef":[1]}]}"#;
    assert!(assess(&model(big), &["x=1000"]).is_err());
    assert!(assess(&model(big), &["x=-1000"]).unwrap().contains(r#""score":0.0,"margin":-1000.0"#));
}

#[test]
fn the_option_takes_precedence_over_declared_decimals() {
    let with = |decimals| {
        let options = LoadOptions { decimals: Some(decimals), ..LoadOptions::default() };
        load(LINEAR.as_bytes(), &options, &Progress::default())
    };
    let all = with(Decimals::All(0)).unwrap();
    assert!(
        assess(&all, &["age=12.5", "a=b=-0.5", "é\"x=0.49"]).unwrap().contains(r#"{"age":13.0,"a=b":-1.0,"é\"x":0.0}"#)
    );
    let each = with(Decimals::parse(br#"{"age":3}"#).unwrap()).unwrap();
    assert!(
        assess(&each, &["age=12.0005", "a=b=0.5", "é\"x=0.49"])
            .unwrap()
            .contains(r#"{"age":12.001,"a=b":1.0,"é\"x":0.49}"#)
    );
    assert!(matches!(with(Decimals::parse(br#"{"other":3}"#).unwrap()), Err(Error::Invalid(_))));
    // The step 0.1 is more than 2 / 500, and the step 1 is more than 1 / 500.
    assert_eq!(model(LINEAR).head.warnings.len(), 2);
    assert_ne!(all.digest(), each.digest());
}

#[test]
fn a_model_reads_back_from_its_frames() {
    for text in [LINEAR, SOFTMAX, CARD] {
        let first = model(text);
        let second = again(&first);
        assert_eq!(first.digest(), second.digest());
        assert!(first.ready() && second.ready());
        assert_eq!(first.info(), again(&first).info());
        assert_eq!(first.labels(LabelSet::Features), second.labels(LabelSet::Features));
        assert!((0..first.frames()).all(|index| first.frame(index) == second.frame(index)));
    }
    let linear = ["age=12.04", "a=b=2.5", "é\"x=-1e-3"];
    assert_eq!(assess(&model(LINEAR), &linear), assess(&again(&model(LINEAR)), &linear));
    assert_eq!(assess(&model(CARD), &["z=1"]), assess(&again(&model(CARD)), &["z=1"]));
}

#[test]
fn frames_of_a_large_model_are_small() {
    let features: Vec<String> = (0..4096).map(|i| format!(r#"{{"name":"feature {i:0200}"}}"#)).collect();
    let zeros = vec!["0.5"; 4096].join(",");
    let outputs = vec![format!(r#"{{"coef":[{zeros}]}}"#); 16].join(",");
    let text =
        format!(r#"{{"format":"glm/1","link":"softmax","features":[{}],"outputs":[{outputs}]}}"#, features.join(","));
    let large = model(&text);
    assert!(
        (0..large.frames()).all(|index| large.frame(index).len() <= 1 << 16 && large.frame(index).len() <= MAX_FRAME)
    );
    assert!(large.frame(large.frames()).is_empty());
    assert_eq!(again(&large).digest(), large.digest());
    assert!(large.row_cost() > Duration::from_micros(100));
    assert!(large.bytes() > 16 * 4096 * 8);
}

#[test]
fn damaged_frames_are_refused() {
    let marked = LoadOptions { missing: Some(MissingValue::Number(-999.0)), ..LoadOptions::default() };
    let named = load(NAMED.as_bytes(), &marked, &Progress::default());
    let named = named.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((named.frame(0)[1], model(LINEAR).frame(0)[1]), (3, 2), "models that an older module can read stay so");
    assert_eq!(again(&named).digest(), named.digest());
    assert!(assess(&again(&named), &[r#"{"c":"b","x":-999}"#]).unwrap().contains(r#""inputs":{"c":"b","x":null}"#));
    for whole in [model(LINEAR), model(SOFTMAX), model(CARD), named] {
        let frames: Vec<Vec<u8>> = (0..whole.frames()).map(|index| whole.frame(index)).collect();
        let decode = |frames: &[Vec<u8>]| -> Result<ScoreModel> {
            let &[_, version, ref rest @ ..] = &frames[0][..] else { return Err(Error::Corrupt("short")) };
            let mut decoder = ScoreDecoder::begin(version, rest)?;
            frames[1..].iter().try_for_each(|frame| decoder.push(frame))?;
            decoder.finish()
        };
        assert!(decode(&frames).is_ok());
        assert!(decode(&frames[..1]).is_err());
        assert!(decode(&[&frames[..], &frames[1..]].concat()).is_err());
        // Changes every byte and cuts at every place: the result is an error or a model, never a panic; such a model
        // answers or refuses.
        for (which, frame) in frames.iter().enumerate() {
            for at in if which == 0 { 2 } else { 0 }..frame.len() {
                for bit in [1, 16, 128] {
                    let mut damaged = frames.clone();
                    damaged[which][at] ^= bit;
                    if let Ok(model) = decode(&damaged) {
                        let _ = assess(&model, &[r#"{"age":1,"a=b":1,"x":1,"z":1}"#]);
                        let _ = assess(&model, &[r#"{"x":1}"#]);
                        let _ = assess(&model, &[r#"{"c":"b","x":1}"#]);
                        model.digest();
                    }
                }
                let mut cut = frames.clone();
                cut[which].truncate(at);
                assert!(matches!(decode(&cut), Err(Error::Corrupt(_))), "{which} {at}");
            }
        }
    }
}

#[test]
fn a_batch_takes_rows_in_every_form() {
    let card = model(CARD);
    let progress = Progress::default();
    let json = Rows::from_json(&card, br#"[[1,0],{"z":0},{"z":0,"x":1},[2.5,0],[NaN,null]]"#, 5).unwrap();
    let documents = card.batch_documents(&IDENTITY, &json, &progress).unwrap();
    let expected = [&["x=1", "z=0"][..], &["z=0"], &["x=1", "z=0"], &["x=2.5", "z=0"], &["x=", "z="]];
    for (document, words) in documents.into_iter().zip(expected) {
        assert_eq!(document.map(|document| String::from_utf8(document).unwrap()), assess(&card, words));
    }
    assert_eq!(
        card.batch_values(&json, &progress),
        Err(Error::Invalid("row 4: no bin holds the value of feature x".into()))
    );
    let numbers = [1.0, 0.0, f64::NAN, 0.0];
    let wide: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    let narrow: Vec<u8> = numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect();
    for rows in [Rows::from_f64(&card, &wide, 2).unwrap(), Rows::from_f32(&card, &narrow, 2).unwrap()] {
        assert_eq!(card.batch_values(&rows, &progress), Ok(vec![120.0, 105.0]));
    }
    assert!(Rows::from_f64(&card, &wide, 3).is_err() && Rows::from_f64(&card, &wide[1..], 2).is_err());
    let infinite = [f64::INFINITY.to_le_bytes(), 0f64.to_le_bytes()].concat();
    let rows = Rows::from_f64(&card, &infinite, 1).unwrap();
    assert_eq!(card.batch_values(&rows, &progress), Err(Error::Invalid("row 1: feature x is infinite".into())));
    assert!(card.batch_documents(&IDENTITY, &rows, &progress).unwrap()[0].is_err());
    let linear = model(LINEAR);
    let rows = Rows::from_json(&linear, b"[[1,2,3],[1,2,null]]", 2).unwrap();
    assert_eq!(linear.batch_values(&rows, &progress), Err(Error::Invalid("row 2: feature number 3 is missing".into())));
    let several = model(SOFTMAX);
    let values = several.batch_values(&Rows::from_json(&several, b"[[0],[1]]", 2).unwrap(), &progress).unwrap();
    assert_eq!((values.len(), several.outputs()), (6, 3));
    assert!((values[0..3].iter().sum::<f64>() - 1.0).abs() < 1e-15);
    progress.cancel();
    assert_eq!(linear.batch_values(&rows, &progress), Err(Error::Cancelled));
}

#[test]
fn a_malformed_batch_is_refused() {
    let card = model(CARD);
    for (json, n, reason) in [
        ("[[1,0]]", 2, "the batch must hold exactly 2 rows"),
        ("[[1,0],[1,0]]", 1, "the batch must hold exactly 1 rows"),
        ("{}", 1, "the batch must hold numbers, names of categories and null only"),
        ("[[1,0],{\"w\":1}]", 2, "row 2: the model has no feature of that name, see MODEL.LABELS key FEATURES"),
        (
            "[[1]]",
            1,
            "row 1: an array must have a number or null for each feature, in the order of MODEL.LABELS key FEATURES",
        ),
        (
            "[[1,2,3]]",
            1,
            "row 1: an array must have a number or null for each feature, in the order of MODEL.LABELS key FEATURES",
        ),
        // A value too many is no value of a feature, of whatever type it is.
        (
            "[[1,2,\"3\"]]",
            1,
            "row 1: an array must have a number or null for each feature, in the order of MODEL.LABELS key FEATURES",
        ),
        (
            "[[1,2,true]]",
            1,
            "row 1: an array must have a number or null for each feature, in the order of MODEL.LABELS key FEATURES",
        ),
        ("[[1,0]", 1, "the batch is not JSON, or a number in it is too large"),
        ("[[1,\"0\"]]", 1, "row 1: feature z takes numbers, no text"),
    ] {
        assert_eq!(Rows::from_json(&card, json.as_bytes(), n), Err(Error::Invalid(reason.into())), "{json}");
    }
    assert!(matches!(Rows::from_json(&card, b"[]", usize::MAX), Err(Error::TooBig { .. })));
    let none = Rows::from_json(&card, b"[]", 0).unwrap();
    assert!(none.is_empty());
    assert_eq!(card.batch_values(&none, &Progress::default()), Ok(vec![]));
}

#[test]
fn an_invalid_file_is_refused() {
    for text in [
        "",
        "hello",
        "{}",
        "{",
        "[]",
        r#"{"format":"glm/2"}"#,
        r#"{"format":1}"#,
        &LINEAR.replace("identity", "cauchit"),
        &LINEAR.replace("identity", "softmax"),
        &LINEAR.replace("\"scale\":2", "\"scale\":0"),
        &LINEAR.replace("\"scale\":2", "\"scale\":-1"),
        &LINEAR.replace("\"scale\":2", "\"scale\":1e-320"),
        &LINEAR.replace("\"scale\":2", "\"scale\":1e999"),
        &LINEAR.replace("\"decimals\":1", "\"decimals\":10"),
        &LINEAR.replace("\"decimals\":1", "\"decimals\":255"),
        &LINEAR.replace("a=b", "age"),
        &LINEAR.replace("a=b", ""),
        &LINEAR.replace("a=b", &"n".repeat(257)),
        &LINEAR.replace("[4,1,-1]", "[4,1]"),
        &LINEAR.replace("[4,1,-1]", "[4,1,null]"),
        &LINEAR.replace("\"link\"", "\"offset\":1,\"link\""),
        &LINEAR.replace("\"link\"", "\"link\":\"log\",\"link\""),
        &LINEAR.replace("\"link\"", "\"classes\":[\"a\",\"b\"],\"link\""),
        &SOFTMAX.replace("green", "red"),
        &CARD.replace("\"ge\":1,\"lt\":2", "\"ge\":0.5,\"lt\":2"),
        &CARD.replace("\"ge\":1,\"lt\":2", "\"ge\":2,\"lt\":1"),
        &CARD.replace("\"lt\":120", "\"lt\":140"),
        &CARD.replace("\"link\":\"logit\"", "\"link\":\"probit\""),
        &CARD.replace("pointsBelow", "weightedMean"),
        &CARD.replace("\"bins\":[{\"points\":10}]", "\"bins\":[]"),
        &CARD.replace("\"name\":\"z\"", "\"name\":\"x\""),
        &CARD.replace("Z1", &"Z".repeat(65)),
    ] {
        let start: String = text.chars().take(200).collect();
        assert!(matches!(read(text), Err(Error::BadInput { .. })), "{start}");
    }
    // An ignored field may have any depth, a field that is read may not.
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&LINEAR.replace("\"link\"", &format!("\"name\":{nested},\"link\""))).is_ok());
    assert!(read(&LINEAR.replace("1.5", &nested)).is_err());
    let glm = LoadOptions { format: Some(Format::Glm), ..LoadOptions::default() };
    assert!(load(CARD.as_bytes(), &glm, &Progress::default()).is_err());
}
