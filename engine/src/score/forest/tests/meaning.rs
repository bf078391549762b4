//! The meaning of single splits and headers of the two formats, shown with small models.

use super::super::{Forest, Task};
use super::{margins_of, read};

const NAN: f64 = f64::NAN;
const TINY: f64 = 1e-35_f32 as f64;

/// An XGBoost model with the features a and b.
pub(super) fn xgb(objective: &str, classes: u32, base: &str, groups: &str, trees: &str) -> String {
    format!(
        r#"{{"learner":{{"feature_names":["a","b"],"gradient_booster":{{"model":{{"cats":{{"enc":[]}},
        "tree_info":{groups},"trees":[{trees}]}},"name":"gbtree"}},"learner_model_param":{{"base_score":"{base}",
        "num_class":"{classes}","num_feature":"2","num_target":"1"}},"objective":{{"name":"{objective}"}}}},
        "version":[3,2,0]}}"#
    )
}

/// A tree; its splits are of feature b.
pub(super) fn tree(left: &str, right: &str, conditions: &str, default_left: &str, deleted: u32) -> String {
    let each = |value: &str| vec![value; left.split(',').count()].join(",");
    format!(
        r#"{{"left_children":[{left}],"right_children":[{right}],"split_conditions":[{conditions}],
        "default_left":[{default_left}],"split_indices":[{}],"split_type":[{}],"sum_hessian":[{}],"categories":[],
        "tree_param":{{"num_deleted":"{deleted}","size_leaf_vector":"1"}}}}"#,
        each("1"),
        each("0"),
        each("1.5")
    )
}

/// The tree: 1 if b < `threshold`, else 2.
fn stump(threshold: &str, default_left: u8) -> String {
    tree("1,-1,-1", "2,-1,-1", &format!("{threshold},1,2"), &format!("{default_left},0,0"), 0)
}

/// A `LightGBM` model with the features a and b and one tree.
pub(super) fn lgb(tree: &str) -> String {
    format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=1\nobjective=regression\n\
         feature_names=a b\n\nTree=0\n{tree}\n\n\nend of trees\n\nparameters:\n[objective: rf]\nend of parameters\n"
    )
}

/// A model with one split of b: 1 on the left, 2 on the right.
pub(super) fn decision(decision: u8, threshold: &str) -> String {
    lgb(&format!(
        "num_leaves=2\nnum_cat=1\nsplit_feature=1\nthreshold={threshold}\ndecision_type={decision}\nleft_child=-1\n\
         right_child=-2\nleaf_value=1 2\nleaf_count=3 1\ncat_boundaries=0 2\ncat_threshold=9 2147483648\nis_linear=0"
    ))
}

/// The margins of the forest for values of b.
fn margins_for(forest: &Forest, values: &[f64]) -> Vec<f64> {
    values.iter().map(|&b| margins_of(forest, &[0.0, b])[0]).collect()
}

fn load(text: &str) -> Forest {
    read(if text.starts_with('{') { "x.json" } else { "x.txt" }, text.as_bytes()).unwrap()
}

#[test]
fn xgboost_compares_in_f32_and_sends_smaller_values_to_the_left() {
    let t = f64::from(0.1_f32);
    let forest = load(&xgb("reg:squarederror", 0, "0E0", "[0]", &stump("0.1", 0)));
    // The f64 before the threshold is rounded to the threshold in f32.
    let below = f64::from(0.1_f32.next_down());
    assert_eq!(margins_for(&forest, &[t, t.next_down(), below, 0.1, NAN, 1e300]), [2.0, 2.0, 1.0, 2.0, 2.0, 2.0]);
    let forest = load(&xgb("reg:squarederror", 0, "0E0", "[0]", &stump("0.1", 1)));
    assert_eq!(margins_for(&forest, &[t, t.next_down(), below, 0.1, NAN, 1e300]), [2.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    for default_left in [0, 1] {
        let forest = load(&xgb("reg:squarederror", 0, "0E0", "[0]", &stump("-0.0", default_left)));
        assert_eq!(margins_for(&forest, &[0.0, -0.0, 1e-45, -1e-45, -1e-60]), [2.0, 2.0, 2.0, 1.0, 2.0]);
    }
}

#[test]
fn default_left_may_be_a_boolean_as_in_earlier_versions() {
    let tree = stump("0.5", 1).replace("[1,0,0]", "[true,false,false]");
    assert_eq!(margins_for(&load(&xgb("reg:squarederror", 0, "0E0", "[0]", &tree)), &[NAN]), [1.0]);
}

#[test]
fn a_base_score_is_one_output_for_all_classes_or_one_for_each() {
    let base = |objective: &str, classes: u32, base: &str| {
        let groups = if classes > 1 { "[1]" } else { "[0]" };
        margins_of(&load(&xgb(objective, classes, base, groups, &stump("0.5", 1))), &[0.0, 0.0])
    };
    assert_eq!(base("reg:squarederror", 0, "5E-1"), [1.5]);
    assert_eq!(base("binary:logitraw", 0, "[5E-1]"), [1.5]);
    assert_eq!(base("binary:logistic", 0, "[5E-1]"), [1.0]);
    assert_eq!(base("count:poisson", 0, "1"), [1.0]);
    assert_eq!(base("multi:softprob", 3, "5E-1"), [0.5, 1.5, 0.5]);
    assert_eq!(base("multi:softprob", 3, "[1E0, 2,-3]"), [1.0, 3.0, -3.0]);
}

#[test]
fn lightgbm_sends_values_up_to_the_threshold_to_the_left() {
    let values = [0.5, 0.5_f64.next_up(), 0.5_f64.next_down(), -1e300];
    for decided in [0, 2, 8, 10] {
        assert_eq!(margins_for(&load(&decision(decided, "0.5")), &values), [1.0, 2.0, 1.0, 1.0], "{decided}");
    }
}

#[test]
fn missing_values_go_where_the_decision_type_says() {
    let values = [NAN, 0.0, -0.0, TINY, -TINY, 1e-34, -1e-34];
    let cases = [
        // No value is missing: NaN counts as 0.
        (0, "-0.5", [2.0; 7]),
        (2, "0.5", [1.0; 7]),
        // Zeros and numbers that are almost 0 are missing.
        (4, "0.5", [2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0]),
        (6, "-0.5", [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]),
        // NaN is missing; numbers that are almost 0 count as 0.
        (8, "0", [2.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0]),
        (10, "0", [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0]),
        // All numbers go to the left.
        (8, "inf", [2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        (10, "inf", [1.0; 7]),
    ];
    for (decided, threshold, expected) in cases {
        assert_eq!(margins_for(&load(&decision(decided, threshold)), &values), expected, "{decided} {threshold}");
    }
}

#[test]
fn a_category_is_the_integer_part_and_all_others_go_to_the_right() {
    // The set is {0, 3, 63}.
    let left = [0.0, -0.0, -0.5, 0.9, 3.0, 3.99, 63.0];
    let right = [1.0, 64.0, -1.0, -3.0, NAN, 2_147_483_647.0, 2_147_483_648.0, 4_294_967_299.0, 1e300, -1e300];
    for decided in [1, 9] {
        let forest = load(&decision(decided, "0"));
        assert_eq!(margins_for(&forest, &left), [1.0; 7]);
        assert_eq!(margins_for(&forest, &right), [2.0; 10]);
    }
}

#[test]
fn a_tree_can_be_a_single_leaf() {
    let forest = load(&lgb("num_leaves=1\nnum_cat=0\nsplit_feature=\nthreshold=\nleaf_value=0.25\nis_linear=0"));
    assert_eq!(margins_for(&forest, &[0.0, NAN]), [0.25, 0.25]);
    let forest = load(&xgb("reg:squarederror", 0, "1", "[0]", &tree("-1", "-1", "0.25", "0", 0)));
    assert_eq!(margins_for(&forest, &[0.0, NAN]), [1.25, 1.25]);
}

#[test]
fn objectives_determine_the_type_of_the_output() {
    let task = |objective: &str, groups: u32| {
        let text = decision(8, "0").replace("objective=regression", &format!("objective={objective}"));
        let text = text.replace("num_tree_per_iteration=1", &format!("num_tree_per_iteration={groups}"));
        read("x.txt", text.as_bytes()).map(|forest| (forest.task(), forest.objective(), forest.outputs()))
    };
    assert_eq!(task("huber", 1), Ok((Task::Value, "huber", 1)));
    assert_eq!(task("binary sigmoid:2", 1), Ok((Task::Binary, "binary", 1)));
    assert!(task("binary sigmoid:0", 1).is_err());
    assert!(task("binary", 2).is_err());
    assert!(task("multiclass num_class:2", 2).is_err(), "one tree for two classes");
    let forest = load(&xgb("multi:softmax", 3, "0", "[2]", &stump("0", 0)));
    assert_eq!((forest.task(), forest.groups(), forest.outputs()), (Task::Multi(3), 3, 3));
}

#[test]
fn a_steepness_is_a_factor_of_the_margin() {
    let text = decision(8, "0").replace("objective=regression", "objective=binary sigmoid:2");
    let mut out = [0.0];
    load(&text).outputs_of(&[1.5], &mut out);
    assert_eq!(out, [1.0 / (1.0 + (-3.0_f64).exp())]);
}

#[test]
fn contributions_follow_the_path_by_the_weights_of_the_leaves() {
    let forest = load(&decision(8, "0"));
    // The mean of three leaves of 1 and one leaf of 2 is 1.25.
    let mut out = [NAN; 2];
    forest.contributions(&[5.0, -1.0], 0, &mut out);
    assert_eq!(out, [0.0, -0.25]);
    forest.contributions(&[5.0, 1.0], 0, &mut out);
    assert_eq!(out, [0.0, 0.75]);
}

#[test]
fn thresholds_are_returned_as_in_the_file() {
    for default_left in [0, 1] {
        let trees = [stump("0.1", default_left), stump("-7", 0), stump("0.1", 0)].join(",");
        let forest = load(&xgb("reg:squarederror", 0, "0", "[0,0,0]", &trees));
        assert_eq!(forest.thresholds().collect::<Vec<_>>(), [(1, vec![-7.0, f64::from(0.1_f32)])]);
    }
    for decided in [0, 2, 4, 6, 8, 10] {
        let of = |threshold: &str| load(&decision(decided, threshold)).thresholds().collect::<Vec<_>>();
        assert_eq!(of("0.1"), [(1, vec![0.1])]);
        assert_eq!(of("0"), [(1, vec![0.0])]);
        assert_eq!(of("inf"), []);
    }
    assert_eq!(load(&decision(9, "0")).thresholds().count(), 0);
}

#[test]
fn files_with_windows_line_ends_are_read() {
    assert_eq!(margins_for(&load(&decision(8, "0.5").replace('\n', "\r\n")), &[0.5]), [1.0]);
}
