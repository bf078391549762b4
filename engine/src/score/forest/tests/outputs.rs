//! Forests that give several values: quantiles and targets.

use super::super::{Decoder, Forest, Task, catboost, xgboost};
use super::meaning::{tree, xgb};
use super::{margins_of, read};
use crate::Progress;
use crate::score::options::Trees;

const QUANTILES: &str =
    r#""objective":{"name":"reg:quantileerror","quantile_loss_param":{"quantile_alpha":"[1E-1,9.75E-1]"}}"#;

/// A model of two targets.
fn several(objective: &str, groups: &str, trees: &str) -> String {
    xgb(objective, 0, "[1E0,2E0]", groups, trees).replace(r#""num_target":"1""#, r#""num_target":"2""#)
}

/// A tree of one split of b, whose leaves have two values.
fn vector() -> String {
    tree("1,-1,-1", "2,0,1", "0.5,1e-45,1e-45", "0,0,0", 0)
        .replace(r#""size_leaf_vector":"1""#, r#""size_leaf_vector":"2""#)
        .replace(r#""sum_hessian":[1.5,1.5,1.5]"#, r#""leaf_weights":[10,20,0.1,40],"sum_hessian":[4,3,1]"#)
}

fn stump(leaves: &str) -> String {
    tree("1,-1,-1", "2,-1,-1", &format!("0.5,{leaves}"), "0,0,0", 0)
}

fn load(text: &str) -> Forest {
    read("x.json", text.as_bytes()).unwrap()
}

fn reason(text: &str) -> String {
    read("x.json", text.as_bytes()).err().map_or_else(String::new, |error| error.to_string())
}

fn again(forest: &Forest) -> Forest {
    let mut decoder = Decoder::new();
    forest.encode().iter().for_each(|record| decoder.push(record).unwrap());
    decoder.finish().unwrap()
}

fn labels(forest: &Forest) -> Vec<&str> {
    forest.labels().iter().map(|label| &**label).collect()
}

#[test]
fn each_quantile_has_its_trees_its_base_and_its_name() {
    let text = several("reg:quantileerror", "[0,1]", &format!("{},{}", stump("10,20"), stump("30,40")));
    let named = load(&text.replace(r#""objective":{"name":"reg:quantileerror"}"#, QUANTILES));
    for forest in [&named, &again(&named)] {
        assert_eq!(forest.task(), Task::Values(2));
        assert_eq!(labels(forest), ["0.1", "0.975"]);
        assert_eq!(margins_of(forest, &[0.0, 0.0]), [11.0, 32.0]);
        assert_eq!(margins_of(forest, &[0.0, 1.0]), [21.0, 42.0]);
    }
    assert_eq!(labels(&load(&text)), [""; 0]);
    for (from, to, expected) in [
        ("[1E-1,9.75E-1]", "[1E-1]", "a quantile for each target"),
        ("[1E-1,9.75E-1]", "[1E-1,5E-1,9E-1]", "a quantile for each target"),
        ("[1E-1,9.75E-1]", "[1E-1,2]", "from 0 to 1"),
        ("[1E-1,9.75E-1]", "[1E-1,1E-1]", "quantile_alpha has a quantile twice"),
        ("[1E-1,9.75E-1]", "[0.5,5.0E-1]", "quantile_alpha has a quantile twice"),
        ("[1E-1,9.75E-1]", "[x,y]", "from 0 to 1"),
    ] {
        let text = text.replace(r#""objective":{"name":"reg:quantileerror"}"#, &QUANTILES.replace(from, to));
        assert!(reason(&text).contains(expected), "{to}: {}", reason(&text));
    }
}

#[test]
fn targets_have_the_outputs_of_their_objective() {
    let trees = format!("{},{}", stump("1,-1"), stump("0,2"));
    let forest = load(&several("count:poisson", "[0,1]", &trees));
    let mut out = [0.0; 2];
    forest.outputs_of(&[0.0, 1.0], &mut out);
    assert_eq!(out, [1.0, f64::from(1.0_f32.exp())]);
    // Of two classes each: probabilities, and no class.
    let base = several("binary:logistic", "[0,1]", &trees).replace("[1E0,2E0]", "[5E-1,5E-1]");
    assert_eq!(load(&base).task(), Task::Values(2));
    for objective in ["rank:ndcg", "survival:cox"] {
        let found = reason(&several(objective, "[0,1]", &trees));
        assert!(found.contains("num_target does not fit"), "{found}");
    }
    let both = several("multi:softprob", "[0,1]", &trees).replace(r#""num_class":"0""#, r#""num_class":"2""#);
    assert!(reason(&both).contains("num_target does not fit"));
}

#[test]
fn leaves_with_several_values_become_a_tree_for_each() {
    let text = several("reg:squarederror", "[0,0]", &format!("{},{}", vector(), vector()));
    let file = xgboost(text.as_bytes(), None, &Progress::default()).unwrap();
    assert!(file.warnings.iter().any(|warning| warning.contains("sum of the hessians")), "{:?}", file.warnings);
    let tenth = 0.1_f32;
    for forest in [&file.forest, &again(&file.forest)] {
        assert_eq!(margins_of(forest, &[0.0, 0.0]), [21.0, 42.0]);
        assert_eq!(margins_of(forest, &[0.0, 1.0]), [f64::from(1.0 + tenth + tenth), 82.0]);
        // 3 of 4 rows have the first leaf; the mean of the second values is 25.
        let mut all = [f64::NAN; 4];
        forest.contributions_of_all(&[0.0, 1.0], &mut all);
        let mut one = [f64::NAN; 2];
        forest.contributions(&[0.0, 1.0], 1, &mut one);
        assert_eq!((all[2], all[3]), (one[0], one[1]));
        assert_eq!(all[3], 30.0);
        let mut shap = [f64::NAN; 4];
        let bases = forest.shap_of_all(&[0.0, 1.0], &mut shap, &Progress::default()).unwrap();
        assert!((bases[1] - 52.0).abs() < 1e-6 && (shap[3] - 30.0).abs() < 1e-6, "{bases:?} {shap:?}");
    }
    // Without weights of training rows there are no contributions.
    let text = text.replace(r#""sum_hessian":[4,3,1],"#, "");
    let file = xgboost(text.as_bytes(), None, &Progress::default()).unwrap();
    assert!(file.warnings.iter().any(|warning| warning.contains("no contributions")), "{:?}", file.warnings);
    let mut all = [f64::NAN; 4];
    file.forest.contributions_of_all(&[0.0, 1.0], &mut all);
    assert_eq!(all, [0.0; 4]);
}

#[test]
fn a_best_iteration_counts_trees_of_the_file() {
    let attribute = r#""attributes":{"best_iteration":"0"},"feature_names""#;
    let load = |text: String, trees| {
        let text = text.replace(r#""feature_names""#, attribute);
        xgboost(text.as_bytes(), Some(trees), &Progress::default()).unwrap().forest
    };
    let vectors = several("reg:squarederror", "[0,0]", &format!("{},{}", vector(), vector()));
    assert_eq!(margins_of(&load(vectors.clone(), Trees::Best), &[0.0, 0.0]), [11.0, 22.0]);
    assert_eq!(margins_of(&load(vectors, Trees::All), &[0.0, 0.0]), [21.0, 42.0]);
    let list = [stump("1,2"), stump("3,4"), stump("5,6"), stump("7,8")].join(",");
    let own = several("reg:squarederror", "[0,1,0,1]", &list);
    assert_eq!(margins_of(&load(own, Trees::Best), &[0.0, 0.0]), [2.0, 5.0]);
}

#[test]
fn contradictions_of_leaves_and_targets_are_refused() {
    let good = several("reg:squarederror", "[0]", &vector());
    assert_eq!(reason(&good), "");
    for (from, to, expected) in [
        (r#""num_target":"2""#, r#""num_target":"3""#, "one for each target"),
        (r#""num_target":"2""#, r#""num_target":"1""#, "one for each target"),
        (r#""tree_info":[0]"#, r#""tree_info":[1]"#, "do not fit together"),
        (r#""tree_info":[0]"#, r#""tree_info":[0,0]"#, "do not fit"),
        ("[10,20,0.1,40]", "[10,20,0.1]", "no values for a leaf"),
        ("[10,20,0.1,40]", "[10,20,0.1,1e39]", "finite"),
        ("[10,20,0.1,40]", "[]", "from 3.2 on"),
        (r#""right_children":[2,0,1]"#, r#""right_children":[2,0,2147483647]"#, "no values for a leaf"),
        (r#""right_children":[2,0,1]"#, r#""right_children":[2,0,-7]"#, "no values for a leaf"),
        (r#"vector":"2""#, r#"vector":"99999999999999999999""#, "size_leaf_vector"),
        (r#"vector":"2""#, r#"vector":"x""#, "size_leaf_vector"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        assert!(reason(&text).contains(expected), "{to}: {}", reason(&text));
    }
    let mixed = several("reg:squarederror", "[0,0]", &format!("{},{}", vector(), stump("1,2")));
    assert!(reason(&mixed).contains("different numbers of values"), "{}", reason(&mixed));
}

#[test]
fn catboost_has_several_quantiles_and_targets() {
    let file = |loss: &str, bias: &str| {
        let text = format!(
            r#"{{"features_info":{{"float_features":[{{"borders":[0.5],"feature_id":"x","feature_index":0,"flat_feature_index":0,
            "has_nans":false,"nan_value_treatment":"AsIs"}}]}},"model_info":{{"params":{{"loss_function":{loss}}}}},
            "oblivious_trees":[{{"leaf_values":[1,2,3,4],"leaf_weights":[1,1],"splits":[{{"border":0.5,"float_feature_index":0,
            "split_index":0,"split_type":"FloatFeature"}}]}}],"scale_and_bias":[1,{bias}]}}"#
        );
        catboost(text.as_bytes(), &Progress::default())
    };
    let quantiles = file(r#"{"type":"MultiQuantile","params":{"alpha":"0.1, 0.9"}}"#, "[10,20]").unwrap().forest;
    for forest in [&quantiles, &again(&quantiles)] {
        assert_eq!((forest.task(), labels(forest)), (Task::Values(2), vec!["0.1", "0.9"]));
        assert_eq!(margins_of(forest, &[0.0]), [11.0, 22.0]);
        assert_eq!(margins_of(forest, &[1.0]), [13.0, 24.0]);
    }
    assert_eq!(labels(&file(r#"{"type":"MultiRMSE","params":{}}"#, "[10,20]").unwrap().forest), [""; 0]);
    assert!(file(r#"{"type":"MultiQuantile","params":{"alpha":"0.1"}}"#, "[10,20]").is_err());
    assert!(file(r#"{"type":"RMSE"}"#, "[10,20]").is_err(), "one target");
}
