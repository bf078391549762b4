//! Boosters beside plain trees: weighted trees, linear boosters, linear leaves, oblivious trees.

use super::super::{Decoder, Forest, ForestFile, Task, catboost};
use super::meaning::{lgb, tree, xgb};
use super::{margins_of, read};
use crate::model::{Identity, Model, Query};
use crate::score::LoadOptions;
use crate::{Error, Progress};

const NAN: f64 = f64::NAN;

/// A booster of XGBoost with the features a and b.
fn booster(objective: &str, classes: u32, base: &str, fields: &str) -> String {
    format!(
        r#"{{"learner":{{"feature_names":["a","b"],"gradient_booster":{{{fields}}},"learner_model_param":
        {{"base_score":"{base}","num_class":"{classes}","num_feature":"2","num_target":"1"}},
        "objective":{{"name":"{objective}"}}}},"version":[3,2,0]}}"#
    )
}

fn linear(classes: u32, base: &str, weights: &str) -> String {
    let objective = if classes > 0 { "multi:softprob" } else { "reg:squarederror" };
    booster(
        objective,
        classes,
        base,
        &format!(r#""model":{{"boosted_rounds":3,"weights":[{weights}]}},"name":"gblinear""#),
    )
}

/// Two trees: 1 or 2, and 4 or 8, by b < 0.5.
fn dart(weights: &str) -> String {
    let of = |leaves: &str| tree("1,-1,-1", "2,-1,-1", &format!("0.5,{leaves}"), "0,0,0", 0);
    booster(
        "reg:squarederror",
        0,
        "0",
        &format!(
            r#""gbtree":{{"model":{{"tree_info":[0,0],"trees":[{},{}]}},"name":"gbtree"}},"name":"dart","weight_drop":[{weights}]"#,
            of("1,2"),
            of("4,8")
        ),
    )
}

/// A linear tree: 10 + 2a + 3b where b <= 0.5, else 7 without terms; 5 and 6 where a value is missing.
fn linear_tree() -> String {
    lgb("num_leaves=2\nnum_cat=0\nsplit_feature=1\nthreshold=0.5\ndecision_type=2\nleft_child=-1\nright_child=-2\n\
         leaf_value=5 6\nleaf_count=3 1\nis_linear=1\nleaf_const=10 7\nnum_features=2 0\nleaf_features=0 1  \n\
         leaf_coeff=2 3  \nshrinkage=1")
}

/// An oblivious tree of two levels for each class; `leaves` has the values of its four leaves.
fn oblivious(loss: &str, classes: &str, bias: &str, nan: &str, leaves: &str) -> String {
    format!(
        r#"{{"features_info":{{"categorical_features":[{{"feature_id":"c","feature_index":0,"flat_feature_index":1,
        "values":[-1242798403,-863087293]}}],"cat_features_hash":[{{"hash":3052168893,"value":"red"}},
        {{"hash":3431880003,"value":"blue"}}],"float_features":[{{"borders":[0.5],"feature_id":"","feature_index":0,
        "flat_feature_index":0,"has_nans":true,"nan_value_treatment":"{nan}"}}]}},
        "model_info":{{"class_params":{{"class_names":{classes}}},"params":{{"loss_function":{{"params":{{}},"type":"{loss}"}}}}}},
        "oblivious_trees":[{{"leaf_values":[{leaves}],"leaf_weights":[1,1,1,5],"splits":[
        {{"border":0.5,"float_feature_index":0,"split_index":0,"split_type":"FloatFeature"}},
        {{"cat_feature_index":0,"split_index":1,"split_type":"OneHotFeature","value":-863087293}}]}}],
        "scale_and_bias":[2,{bias}]}}"#
    )
}

fn parts(file: ForestFile) -> (Forest, Vec<String>) {
    (file.forest, file.warnings)
}

fn cat(text: &str) -> crate::Result<(Forest, Vec<String>)> {
    catboost(text.as_bytes(), &Progress::default()).map(parts)
}

fn load(text: &str) -> Forest {
    match text {
        _ if text.contains("features_info") => cat(text).unwrap().0,
        _ => read(if text.starts_with('{') { "x.json" } else { "x.txt" }, text.as_bytes()).unwrap(),
    }
}

fn reason(text: &str) -> String {
    let error = match text.contains("features_info") {
        true => cat(text).err(),
        false => read(if text.starts_with('{') { "x.json" } else { "x.txt" }, text.as_bytes()).err(),
    };
    error.map_or_else(String::new, |error| {
        assert!(matches!(error, Error::BadInput { .. }) && error.to_string().is_ascii(), "{error}");
        error.to_string()
    })
}

fn contributions(forest: &Forest, row: &[f64], group: usize) -> Vec<f64> {
    let mut out = vec![NAN; row.len()];
    forest.contributions(row, group, &mut out);
    out
}

#[test]
fn the_trees_of_dart_are_multiplied_by_their_weights_in_f32() {
    let forest = load(&dart("0.1,0.5"));
    let tenth = 0.1_f32;
    assert_eq!(margins_of(&forest, &[0.0, 0.0]), [f64::from(tenth + 2.0)]);
    assert_eq!(margins_of(&forest, &[0.0, 1.0]), [f64::from(tenth * 2.0 + 4.0)]);
    let change = contributions(&forest, &[0.0, 1.0], 0)[1];
    assert!((change - (0.05 + 1.0)).abs() < 1e-6, "{change}");
    for (weights, expected) in
        [("0.1", "each tree"), ("1,2,3", "each tree"), ("3e38,3e38", "finite"), ("1,1e39", "finite")]
    {
        assert!(reason(&dart(weights)).contains(expected), "{weights}: {}", reason(&dart(weights)));
    }
}

#[test]
fn a_linear_booster_adds_products_in_f32_and_skips_missing_values() {
    // A weight of each feature for each class, then the biases. All classes have the base score of the first.
    let forest = load(&linear(3, "[1E0,2E0,3E0]", "1,2,3,4,5,6,7,8,9"));
    assert_eq!(forest.task(), Task::Multi(3));
    assert_eq!(forest.trees(), 0);
    assert_eq!(margins_of(&forest, &[10.0, 100.0]), [8.0 + 10.0 + 400.0, 9.0 + 20.0 + 500.0, 10.0 + 30.0 + 600.0]);
    assert_eq!(margins_of(&forest, &[NAN, 100.0]), [408.0, 509.0, 610.0]);
    assert_eq!(contributions(&forest, &[10.0, 100.0], 1), [20.0, 500.0]);
    assert_eq!(contributions(&forest, &[NAN, 100.0], 1), [0.0, 500.0]);
    let single = load(&linear(0, "1E-1", "0.3,0.7,0.2"));
    let expected = (0.2_f32 + 0.1) + 1.1_f32 * 0.3 + 1.3_f32 * 0.7;
    assert_eq!(margins_of(&single, &[1.1, 1.3]), [f64::from(expected)]);
    for (weights, expected) in [("1,2", "for each feature and class"), ("1,2,1e39", "finite"), ("1e39,2,3", "finite")] {
        assert!(reason(&linear(0, "0", weights)).contains(expected), "{weights}: {}", reason(&linear(0, "0", weights)));
    }
}

#[test]
fn a_booster_and_its_fields_must_fit_together() {
    for (text, expected) in [
        (dart("1,1").replace(r#""name":"dart""#, r#""name":"gbtree""#), "do not fit together"),
        (dart("1,1").replace(r#""name":"dart""#, r#""name":"gblinear""#), "do not fit together"),
        (dart("1,1").replace(r#""name":"dart""#, r#""name":"other""#), "no booster"),
        (linear(0, "0", "1,2,3").replace("gblinear", "gbtree"), "do not fit together"),
        (linear(0, "0", "1,2,3").replace("gblinear", "dart"), "do not fit together"),
    ] {
        assert!(reason(&text).contains(expected), "{}", reason(&text));
    }
}

#[test]
fn a_negative_hessian_leaves_the_scores_and_no_contributions() {
    let trees = tree("1,-1,-1", "2,-1,-1", "0.5,1,2", "0,0,0", 0).replace("1.5,1.5,1.5", "-0.5,1,-1.5");
    let text = xgb("survival:cox", 0, "1", "[0]", &trees);
    let (forest, notes) = super::xgboost(text.as_bytes(), None, &Progress::default()).map(parts).unwrap();
    assert!(notes.iter().any(|note| note.contains("negative sum_hessian")), "{notes:?}");
    assert_eq!(margins_of(&forest, &[0.0, 0.0]), [1.0]);
    assert_eq!(contributions(&forest, &[0.0, 0.0], 0), [0.0, 0.0]);
}

#[test]
fn a_linear_leaf_adds_its_terms_in_order_and_has_another_value_for_missing_features() {
    let forest = load(&linear_tree());
    assert_eq!(margins_of(&forest, &[1.5, 0.25]), [10.0 + 3.0 + 0.75]);
    assert_eq!(margins_of(&forest, &[1.5, 1.0]), [7.0]);
    // A missing b counts as 0 in the split, and is missing in the leaf.
    assert_eq!(margins_of(&forest, &[1.5, NAN]), [5.0]);
    assert_eq!(margins_of(&forest, &[NAN, 0.0]), [5.0]);
    assert_eq!(margins_of(&forest, &[NAN, 1.0]), [7.0]);
    // The mean of the constants is 9.25.
    assert_eq!(contributions(&forest, &[1.5, 0.25], 0), [3.0, 0.75 + 0.75]);
    assert_eq!(contributions(&forest, &[1.5, NAN], 0), [0.0, 0.75 - 5.0]);
    let rows = [1.5, 0.25, 1.5, 1.0, 1.5, NAN, NAN, 0.0].repeat(9);
    let mut margins = vec![0.0; 36];
    forest.margins(&rows, &mut margins, &Progress::default()).unwrap();
    assert_eq!(margins, [13.75, 7.0, 5.0, 5.0].repeat(9));
}

#[test]
fn a_faulty_linear_tree_is_refused_by_name() {
    let good = linear_tree();
    for (from, to, expected) in [
        ("is_linear=1", "is_linear=2", "is_linear must be"),
        ("leaf_const=10 7", "leaf_const=10", "for each leaf"),
        ("leaf_const=10 7", "leaf_const=10 nan", "not a finite"),
        ("num_features=2 0", "num_features=1 0", "as many numbers"),
        ("num_features=2 0", "num_features=2 4294967295", "as many numbers"),
        ("leaf_features=0 1", "leaf_features=0 2", "does not have"),
        ("leaf_features=0 1", "leaf_features=0", "as many numbers"),
        ("leaf_coeff=2 3", "leaf_coeff=2", "as many numbers"),
        ("leaf_coeff=2 3", "leaf_coeff=2 inf", "not a finite"),
        ("leaf_value=5 6", "leaf_value=nan 6", "not a finite"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        assert!(reason(&text).contains(expected), "{to}: {}", reason(&text));
    }
}

#[test]
fn a_lightgbm_file_without_objective_gives_the_raw_sum_with_a_warning() {
    let text = lgb("num_leaves=1\nnum_cat=0\nleaf_value=0.25").replace("objective=regression\n", "");
    for text in [text.clone(), text.replace("version=v4", "version=v4\nobjective=none")] {
        let (forest, notes) = super::lightgbm(text.as_bytes(), &Progress::default()).map(parts).unwrap();
        assert_eq!((forest.objective(), margins_of(&forest, &[0.0, 0.0])), ("none", vec![0.25]));
        assert!(notes.iter().any(|note| note.contains("no objective")), "{notes:?}");
    }
    let several = text.replace("num_tree_per_iteration=1", "num_tree_per_iteration=2");
    assert!(reason(&several).contains("no objective"), "{}", reason(&several));
}

#[test]
fn lightgbm_files_of_versions_2_to_4_have_the_same_form() {
    for version in ["v2", "v3", "v4"] {
        let text = lgb("num_leaves=1\nnum_cat=0\nleaf_value=0.25").replace("v4", version);
        assert_eq!(margins_of(&load(&text), &[0.0, 0.0]), [0.25]);
    }
}

#[test]
fn an_oblivious_tree_has_a_bit_of_the_leaf_for_each_level() {
    let forest = load(&oblivious("RMSE", "[]", "[100]", "AsIs", "1,2,3,4"));
    assert_eq!(forest.features(), ["0".into(), "c".into()]);
    // The category blue is place 1 in the list.
    let of = |a: f64, c: f64| margins_of(&forest, &[a, c])[0];
    assert_eq!([of(0.0, 0.0), of(0.6, 0.0), of(0.0, 1.0), of(0.6, 1.0)], [102.0, 104.0, 106.0, 108.0]);
    assert_eq!([of(0.5, 0.0), of(0.5 + 1e-12, 0.0), of(0.5_f64 + 1e-7, 0.0)], [102.0, 102.0, 104.0]);
    assert_eq!([of(0.0, NAN), of(0.0, 1.5), of(0.0, 7.0), of(0.0, -1.0)], [102.0; 4]);
    for (treatment, expected) in [("AsIs", 102.0), ("AsFalse", 102.0), ("AsTrue", 104.0)] {
        let forest = load(&oblivious("RMSE", "[]", "[100]", treatment, "1,2,3,4"));
        assert_eq!(margins_of(&forest, &[NAN, 0.0]), [expected], "{treatment}");
    }
    // The last split is the root. The mean of the leaves is (1 + 2 + 3 + 5 * 4) * 2 / 8; of the category (3 + 5 * 4) * 2 / 6.
    let parts = contributions(&forest, &[0.6, 1.0], 0);
    assert!(
        (parts[1] - (46.0 / 6.0 - 6.5)).abs() < 1e-12 && (parts[0] - (8.0 - 46.0 / 6.0)).abs() < 1e-12,
        "{parts:?}"
    );
    // With the number alone, 2 of 8 rows are of the other category: (2 * 2 + 6 * 4) * 2 / 8 = 7.
    let mut values = [0.0; 2];
    assert_eq!(forest.shap(&[0.6, 1.0], 0, &mut values, &Progress::default()), Ok(106.5));
    let [of_number, of_category] = values;
    assert!((of_number - (0.5 + 8.0 - 46.0 / 6.0) / 2.0).abs() < 1e-7, "{values:?}");
    assert!((of_category - (46.0 / 6.0 - 6.5 + 1.0) / 2.0).abs() < 1e-7, "{values:?}");
}

#[test]
fn rows_move_through_an_oblivious_tree_level_by_level_as_they_do_alone() {
    for treatment in ["AsIs", "AsTrue"] {
        let text = oblivious("RMSE", "[]", "[100]", treatment, "1,2,3,4");
        let by_category = r#"{"cat_feature_index":0,"split_index":1,"split_type":"OneHotFeature","value":-863087293}"#;
        let by_number = r#"{"border":1.5,"float_feature_index":0,"split_index":1,"split_type":"FloatFeature"}"#;
        let other = text.replace(by_category, by_number);
        assert_ne!(other, text);
        let forest = load(&other);
        assert!(forest.grown.trees[0].is_oblivious && !load(&text).grown.trees[0].is_oblivious);
        let values = [0.0, 0.5, 0.6, 1.5, 1.6, NAN, -1.0, 1e30, 0.7];
        let rows: Vec<f64> = values.iter().flat_map(|&a| [a, 0.0]).collect();
        let mut margins = vec![NAN; values.len()];
        forest.margins(&rows, &mut margins, &Progress::default()).unwrap();
        let alone: Vec<f64> = rows.chunks(2).map(|row| margins_of(&forest, row)[0]).collect();
        assert_eq!(margins, alone);
        let of_missing = if treatment == "AsIs" { 102.0 } else { 108.0 };
        assert_eq!(margins, [102.0, 102.0, 104.0, 104.0, 108.0, of_missing, 102.0, 108.0, 104.0]);
    }
}

#[test]
fn catboost_answers_by_its_loss_function() {
    let task = |loss: &str, classes: &str, bias: &str, leaves: &str| {
        let forest = load(&oblivious(loss, classes, bias, "AsIs", leaves));
        (forest.task(), forest.labels().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(task("Poisson", "[]", "0", "1,2,3,4"), (Task::Value, vec![]));
    assert_eq!(task("Logloss", r#"["no","yes"]"#, "[0]", "1,2,3,4"), (Task::Binary, vec!["no".into(), "yes".into()]));
    assert_eq!(task("CrossEntropy", "[]", "[0]", "1,2,3,4"), (Task::Binary, vec![]));
    let several = task("MultiClass", "[4,5,6]", "[0,0,0]", "1,2,3,4,5,6,7,8,9,10,11,12");
    assert_eq!(several, (Task::Multi(3), vec!["4".into(), "5".into(), "6".into()]));
    let forest = load(&oblivious("MultiClass", "[4,5,6]", "[0,0,0]", "AsIs", "1,2,3,4,5,6,7,8,9,10,11,12"));
    assert_eq!(margins_of(&forest, &[0.6, 0.0]), [8.0, 10.0, 12.0]);
}

/// As `predict` of each library: XGBoost 3.2, LightGBM 4.7 and CatBoost 1.2.10 answer with the first class.
#[test]
fn of_two_equal_probabilities_the_first_class_counts() {
    let leaf = |value: &str| tree("-1", "-1", value, "0", 0);
    let binary = |value: &str| {
        lgb(&format!(
            "num_leaves=2\nnum_cat=0\nsplit_feature=1\nthreshold=0.5\ndecision_type=2\nleft_child=-1\nright_child=-2\n\
             leaf_value={value} {value}\nleaf_count=3 1\nis_linear=0"
        ))
        .replace("objective=regression", "objective=binary sigmoid:1")
    };
    let files = |value: &str| {
        let leaves = format!("{value},{value},{value},{value}");
        [
            xgb("binary:logistic", 0, "5E-1", "[0]", &leaf(value)),
            binary(value),
            oblivious("Logloss", r#"["0","1"]"#, "[0]", "AsIs", &leaves),
        ]
    };
    for (value, class) in [("0", "0"), ("0.001", "1"), ("-0.001", "0")] {
        for text in files(value) {
            let model = crate::score::load(text.as_bytes(), &LoadOptions::default(), &Progress::default()).unwrap();
            let mut out = Vec::new();
            model.assess(&Identity { name: b"m", version: 1 }, &[b"{}"], &Query::default(), &mut out).unwrap();
            let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(document["class"], class, "{value}: {document}");
            assert_eq!(document["score"] == 0.5, value == "0", "{document}");
        }
    }
}

#[test]
fn trees_of_nested_objects_are_read() {
    let good = oblivious("RMSE", "[]", "[0]", "AsIs", "1,2,3,4");
    let start = good.find("\"oblivious_trees\"").unwrap();
    let end = good.find("\"scale_and_bias\"").unwrap();
    let nested = |tree: &str| format!("{}\"trees\":[{tree}],{}", &good[..start], &good[end..]);
    let split = r#"{"border":0.5,"float_feature_index":0,"split_index":0,"split_type":"FloatFeature"}"#;
    let tree = format!(r#"{{"left":{{"value":1,"weight":3}},"right":{{"value":[2],"weight":1}},"split":{split}}}"#);
    let forest = load(&nested(&tree));
    assert_eq!([margins_of(&forest, &[0.0, 0.0])[0], margins_of(&forest, &[1.0, 0.0])[0]], [2.0, 4.0]);
    assert_eq!(contributions(&forest, &[1.0, 0.0], 0), [1.5, 0.0]);
    for (text, expected) in [
        (nested(r#"{"value":1}"#), ""),
        (nested(&format!(r#"{{"left":{{"value":1}},"split":{split}}}"#)), "two children"),
        (nested(r#"{"value":[1,2]}"#), "each class"),
        (nested(r#"{"value":1,"weight":-1}"#), "weight"),
        (nested(""), "no trees"),
        (good.replace("\"scale_and_bias\"", r#""trees":[],"scale_and_bias""#), "either"),
        (nested(&format!("{}1{}", "{\"left\":".repeat(200), "}".repeat(200))), "nested"),
    ] {
        assert!(reason(&text).contains(expected), "{text}: {}", reason(&text));
        assert_eq!(expected.is_empty(), reason(&text).is_empty());
    }
}

#[test]
fn a_catboost_file_that_is_not_evaluated_exactly_is_refused_with_the_cause() {
    let good = oblivious("RMSE", "[]", "[0]", "AsIs", "1,2,3,4");
    assert_eq!(reason(&good), "");
    for (from, to, expected) in [
        ("\"RMSE\"", "\"RMSEWithUncertainty\"", "RMSEWithUncertainty is not supported"),
        ("\"RMSE\"", "\"MultiClass\"", "does not fit the loss"),
        (r#"{"hash":3431880003,"value":"blue"}"#, r#"{"hash":1,"value":"blue"}"#, "pool="),
        ("\"OneHotFeature\"", "\"OnlineCtr\"", "CTR"),
        ("\"OneHotFeature\"", "\"Other\"", "not known"),
        ("\"features_info\"", "\"ctr_data\":{},\"features_info\"", "one_hot_max_size"),
        ("\"float_features\":", "\"text_features\":[{}],\"float_features\":", "text features"),
        ("\"float_features\":", "\"embedding_features\":[{}],\"float_features\":", "embedding features"),
        ("\"flat_feature_index\":1", "\"flat_feature_index\":0", "numbered"),
        ("\"flat_feature_index\":1", "\"flat_feature_index\":2", "numbered"),
        ("\"AsIs\"", "\"AsWas\"", "nan_value_treatment"),
        ("\"leaf_values\":[1,", "\"leaf_values\":[", "each leaf and class"),
        ("\"leaf_weights\":[1,", "\"leaf_weights\":[-1,", "leaf_weights"),
        ("\"leaf_weights\":[1,", "\"leaf_weights\":[", "leaf_weights"),
        ("\"border\":0.5", "\"border\":1e39", "border"),
        ("\"float_feature_index\":0", "\"float_feature_index\":1", "does not have"),
        ("\"cat_feature_index\":0", "\"cat_feature_index\":1", "does not have"),
        ("\"value\":-863087293", "\"value\":-863087294", "not among the values"),
        ("[2,[0]]", "[2,[]]", "1 to 1024"),
        ("[2,[0]]", "[1e999,[0]]", "not JSON"),
        ("[2,[0]]", "[2]", "not of the form"),
        ("1,2,3,4", "1,2,3,1.7e308", "finite"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        assert!(reason(&text).contains(expected), "{to}: {}", reason(&text));
    }
    // CatBoost writes null for a list that it does not have.
    let without = good.replace("\"float_features\":", "\"text_features\":null,\"ctrs\":null,\"float_features\":");
    assert_eq!(reason(&without), "");
    for cut in 0..good.len() {
        assert!(cat(&good[..cut]).is_err(), "{cut}");
    }
    let labels = oblivious("Logloss", r#"["a","a"]"#, "[0]", "AsIs", "1,2,3,4");
    assert!(reason(&labels).contains("no label may occur twice"), "{}", reason(&labels));
}

#[test]
fn categories_of_catboost_have_names() {
    let text = oblivious("RMSE", "[]", "[0]", "AsIs", "1,2,3,4").replace("\"blue\"", "\"-40\"");
    let file = catboost(text.as_bytes(), &Progress::default()).unwrap();
    assert!(file.warnings.iter().any(|note| note.contains("1 features of categories")), "{:?}", file.warnings);
    assert!(file.categories[0].is_none());
    let categories = file.categories[1].as_ref().unwrap();
    let of = |c: f64| margins_of(&file.forest, &[0.0, c])[0];
    // The category -40 is place 1 in the list. What is not in the list is one other category.
    for (number, expected) in [(-40.0, 6.0), (12.0, 2.0), (1.0, 2.0)] {
        assert_eq!(of(categories.number(number).unwrap().value()), expected, "{number}");
    }
    assert_eq!(of(categories.text("red").unwrap().value()), 2.0);
    assert_eq!(of(NAN), 2.0);
}

#[test]
fn weights_of_leaves_that_are_missing_leave_no_contributions() {
    let text = oblivious("RMSE", "[]", "[0]", "AsIs", "1,2,3,4").replace("\"leaf_weights\":[1,1,1,5],", "");
    let (forest, notes) = cat(&text).unwrap();
    assert!(notes.iter().any(|note| note.contains("no weights of leaves")), "{notes:?}");
    assert_eq!(contributions(&forest, &[0.6, 1.0], 0), [0.0, 0.0]);
    assert_eq!(margins_of(&forest, &[0.6, 1.0]), [8.0]);
}

fn decode(records: &[Vec<u8>]) -> crate::Result<Forest> {
    let mut decoder = Decoder::new();
    records.iter().try_for_each(|record| decoder.push(record))?;
    decoder.finish()
}

#[test]
fn damaged_records_of_these_boosters_are_refused_or_harmless() {
    let cox = tree("1,-1,-1", "2,-1,-1", "0.5,1,2", "0,0,0", 0).replace("1.5,1.5,1.5", "-0.5,1,-1.5");
    for text in [
        dart("0.1,0.5"),
        linear(3, "[1E0,2E0,3E0]", "1,2,3,4,5,6,7,8,9"),
        linear_tree(),
        oblivious("Logloss", r#"["no","yes"]"#, "[0.5]", "AsTrue", "1,2,3,4"),
        oblivious("MultiClass", "[4,5,6]", "[0,0,0]", "AsIs", "1,2,3,4,5,6,7,8,9,10,11,12"),
        xgb("survival:cox", 0, "1", "[0]", &cox),
    ] {
        let forest = load(&text);
        let records = forest.encode();
        let decoded = decode(&records).unwrap();
        assert_eq!(decoded.encode(), records);
        assert_eq!(
            (decoded.task(), decoded.labels(), decoded.trees()),
            (forest.task(), forest.labels(), forest.trees())
        );
        for row in [[0.6, 1.0], [0.0, 0.0], [NAN, NAN], [1e6, -1.0]] {
            assert_eq!(margins_of(&decoded, &row), margins_of(&forest, &row));
            assert_eq!(contributions(&decoded, &row, 0), contributions(&forest, &row, 0));
        }
        for record in 0..records.len() {
            let mut fewer = records.clone();
            fewer.remove(record);
            assert!(matches!(decode(&fewer), Err(Error::Corrupt(_))));
            for byte in 0..records[record].len() {
                let mut shorter = records.clone();
                shorter[record].truncate(byte);
                assert!(matches!(decode(&shorter), Err(Error::Corrupt(_))), "record {record} cut at {byte}");
                for bit in 0..8 {
                    let mut damaged = records.clone();
                    damaged[record][byte] ^= 1 << bit;
                    let Ok(forest) = decode(&damaged) else { continue };
                    for b in [NAN, 0.0, 3.0, -1e300] {
                        let row = vec![b; forest.features().len()];
                        margins_of(&forest, &row);
                        forest.contributions(&row, 0, &mut vec![0.0; row.len()]);
                    }
                    assert_eq!(decode(&forest.encode()).unwrap().encode(), forest.encode());
                }
            }
        }
    }
}
