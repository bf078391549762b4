//! Links of linear models, bins of categories, SHAP values.

use serde_json::Value;

use super::super::{LoadOptions, ScoreModel, load};
use super::{CARD, IDENTITY, LINEAR, NAMED, again, assess, model};
use crate::model::{Attribution, Model, Query};
use crate::{Error, Progress, Result};

/// Reference figures of Python: `statistics.NormalDist().cdf`, `math.expm1` and plain arithmetic.
#[test]
fn links_give_the_figures_of_their_definitions() {
    let file = |link: &str| {
        let text =
            r#"{"format":"glm/1","link":"LINK","features":[{"name":"x"}],"outputs":[{"intercept":0.5,"coef":[2]}]}"#;
        model(&text.replace("LINK", link))
    };
    for (link, x, expected) in [
        ("probit", -0.25, 0.5),
        ("probit", 0.5, 0.933_192_798_731_141_9),
        ("probit", -3.0, 1.898_956_246_588_773e-8),
        ("probit", 4.0, 1.0),
        ("cloglog", 0.0, 0.807_704_354_452_035),
        ("cloglog", -10.0, 3.398_267_813_720_959e-9),
        ("inverse", 0.75, 0.5),
        ("inverse_squared", 1.75, 0.5),
        ("sqrt", -1.0, 2.25),
    ] {
        let document: serde_json::Value =
            serde_json::from_str(&assess(&file(link), &[&format!("x={x}")]).unwrap()).unwrap();
        let score = document["score"].as_f64().unwrap();
        assert!((score - expected).abs() <= 1e-14 * expected, "{link} {x}: {score:e} is not {expected:e}");
        assert_eq!(document["margin"].as_f64(), Some(0.5 + 2.0 * x), "{link}");
        assert_eq!(document.get("class").is_some(), link == "probit" || link == "cloglog");
        assert_eq!(again(&file(link)).digest(), file(link).digest());
    }
    // No number is the inverse of 0, none the root of -1.
    for (link, x) in [("inverse", -0.25), ("inverse_squared", -1.0)] {
        assert!(
            matches!(assess(&file(link), &[&format!("x={x}")]), Err(Error::Invalid(reason)) if reason.contains("link"))
        );
    }
}

/// As scikit-learn: the second class where `decision_function` is above 0, also if the probability is rounded to 0.5.
#[test]
fn of_two_equal_probabilities_a_linear_model_answers_with_the_first_class() {
    let of = |link: &str| {
        model(&format!(
            r#"{{"format":"glm/1","link":"{link}","features":[{{"name":"x"}}],"outputs":[{{"coef":[1]}}]}}"#
        ))
    };
    for (link, x, class) in [
        ("logit", "0", "0"),
        ("logit", "-1e-30", "0"),
        ("logit", "1e-30", "1"),
        ("probit", "0", "0"),
        ("probit", "1", "1"),
    ] {
        let document: Value = serde_json::from_str(&assess(&of(link), &[&format!("x={x}")]).unwrap()).unwrap();
        assert_eq!(document["class"], class, "{link} {x}: {document}");
    }
}

#[test]
fn names_of_features_and_of_categories_may_contain_an_equals_sign() {
    let named = NAMED.replace(r#"["a", "b", 7]"#, r#"["a=b", "b", "=c="]"#);
    let named = load(named.as_bytes(), &LoadOptions::default(), &Progress::default()).unwrap();
    let score = |word: &str| {
        let document: Value = serde_json::from_str(&assess(&named, &[word, "x=1"]).unwrap()).unwrap();
        (document["score"].as_f64().unwrap(), document["inputs"]["c"].as_str().map(ToOwned::to_owned))
    };
    assert_eq!(score("c=a=b"), (2.0, Some("a=b".into())));
    assert_eq!(score("c==c="), (2.0, Some("=c=".into())));
    assert_eq!(score("c=b"), (1.0, Some("b".into())));
    let linear = |names: [&str; 2]| {
        model(&format!(
            r#"{{"format":"glm/1","link":"identity","features":[{{"name":"{}"}},{{"name":"{}"}}],"outputs":[{{"coef":[1,10]}}]}}"#,
            names[0], names[1]
        ))
    };
    let document: Value = serde_json::from_str(&assess(&linear(["a=b", "c"]), &["a=b=1", "c=2"]).unwrap()).unwrap();
    assert_eq!(document["score"], 21.0);
    let refused = assess(&linear(["a", "a=b"]), &["a=b=1", "a=2"]).unwrap_err();
    assert!(matches!(&refused, Error::Invalid(reason) if reason.contains("two features")), "{refused:?}");
}

/// A place of a category is at most the largest number of 64 bits.
#[test]
fn a_huge_place_of_a_category_is_refused() {
    let text = NAMED.replace("feature_infos=-1:0:1", "feature_infos=-1:0:9223372036854775807");
    let refused = load(text.as_bytes(), &LoadOptions::default(), &Progress::default()).unwrap_err();
    assert!(matches!(&refused, Error::BadInput { reason, .. } if reason.contains("pandas_categorical")), "{refused:?}");
}

#[test]
fn a_scorecard_has_bins_of_categories() {
    let file = |bins: &str| {
        let text = r#"{"format":"scorecard/1","attributes":[{"name":"job","missing_points":1,"bins":BINS},
            {"name":"age","bins":[{"lt":30,"points":0},{"ge":30,"points":5}]}]}"#;
        load(text.replace("BINS", bins).as_bytes(), &LoadOptions::default(), &Progress::default())
    };
    let card =
        file(r#"[{"in":["nurse","it, other"],"points":10},{"points":20},{"in":[7,"teacher"],"points":30}]"#).unwrap();
    let strict = file(r#"[{"in":["nurse"],"points":10}]"#).unwrap();
    let score = |model: &ScoreModel, job: &str| -> Result<f64> {
        let document: Value =
            serde_json::from_str(&assess(model, &[&format!(r#"{{"job":{job},"age":40}}"#)])?).unwrap();
        Ok(document["score"].as_f64().unwrap() - 5.0)
    };
    for model in [&card, &again(&card)] {
        for (job, points) in
            [(r#""it, other""#, 10.0), ("7", 30.0), (r#""7""#, 30.0), (r#""pilot""#, 20.0), ("0", 20.0), ("null", 1.0)]
        {
            assert_eq!(score(model, job), Ok(points), "{job}");
        }
    }
    // All other categories are one: they share a key.
    let key = |job: &str| {
        let mut key = Vec::new();
        card.canonical(&[format!(r#"{{"job":{job},"age":40}}"#).as_bytes()], &Query::default(), &mut key).unwrap();
        key
    };
    assert_eq!(key(r#""pilot""#), key("0"));
    assert_ne!(key(r#""pilot""#), key("null"));
    assert_eq!(score(&strict, r#""nurse""#), Ok(10.0));
    assert_eq!(score(&strict, r#""pilot""#), Err(Error::Invalid("feature job has no such category".into())));
    for (bins, words) in [
        (r#"[{"in":["a"],"points":1},{"in":["a"],"points":2}]"#, "same name"),
        (r#"[{"in":[],"points":1}]"#, "empty list"),
        (r#"[{"in":["a"],"lt":3,"points":1}]"#, "either in"),
        (r#"[{"in":["a"],"points":1},{"points":1},{"points":2}]"#, "two bins"),
        (r#"[{"in":[true],"points":1}]"#, "not of the form"),
    ] {
        let refused = file(bins).map(|_| ());
        assert!(
            matches!(&refused, Err(Error::BadInput { reason, .. }) if reason.contains(words)),
            "{bins}: {refused:?}"
        );
    }
}

#[test]
fn shap_values_have_a_name_of_their_own_and_sum_to_the_margin() {
    let shap = Query { attribution: Attribution::Shap, ..Query::default() };
    let row = r#"{"c":"b","x":1}"#;
    let named = load(NAMED.as_bytes(), &LoadOptions::default(), &Progress::default()).unwrap();
    let ask = |model: &ScoreModel, row: &str, query: &Query<'_>| -> Result<Value> {
        let mut out = Vec::new();
        model.assess(&IDENTITY, &[row.as_bytes()], query, &mut out)?;
        Ok(serde_json::from_slice(&out).unwrap())
    };
    for model in [&named, &again(&named)] {
        let document = ask(model, row, &shap).unwrap();
        // 3 of 7 training rows have the category b, with the leaf 1; the others have the leaf 2.
        let base = (3.0 + 8.0) / 7.0;
        assert_eq!(document["attribution"], "shap");
        assert!((document["base_value"].as_f64().unwrap() - base).abs() < 1e-7, "{document}");
        assert_eq!(document["contributions"].as_array().unwrap().len(), 1);
        let value = document["contributions"][0]["value"].as_f64().unwrap();
        assert!((value - (1.0 - base)).abs() < 1e-7, "{document}");
        assert!(ask(model, row, &Query::default()).unwrap().get("attribution").is_none());
    }
    // A key of its own, which names the request.
    let key = |query: &Query<'_>| {
        let mut key = Vec::new();
        named.canonical(&[row.as_bytes()], query, &mut key).unwrap();
        key
    };
    assert_ne!(key(&shap), key(&Query::default()));
    let request = named.request_of(&key(&shap)).unwrap();
    assert_eq!(request[1..], [b"CONTRIBUTIONS".to_vec(), b"shap".to_vec()]);
    assert_eq!(named.request_of(&key(&Query::default())).unwrap().len(), 1);
    // Linear models have them too, scorecards do not.
    let linear = ask(&model(LINEAR), r#"{"age":12,"a=b":1,"é\"x":2}"#, &shap).unwrap();
    assert_eq!(linear["base_value"].as_f64(), Some(1.5));
    let card = ask(&model(CARD), r#"{"x":1,"z":0}"#, &shap);
    assert!(matches!(card, Err(Error::Invalid(reason)) if reason.contains("scorecard")));
}
