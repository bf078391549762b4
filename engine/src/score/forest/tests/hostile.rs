//! Damaged and malicious models: each is refused with a reason, or harmless.

use super::super::{Decoder, Forest};
use super::meaning::{decision, lgb, tree, xgb};
use super::{margins_of, read};
use crate::{Error, Progress};

fn reason(text: &str) -> String {
    let name = if text.starts_with('{') { "x.json" } else { "x.txt" };
    match read(name, text.as_bytes()) {
        Ok(_) => String::new(),
        Err(error) => {
            assert!(matches!(error, Error::BadInput { .. }), "{error}");
            assert!(error.to_string().is_ascii());
            error.to_string()
        }
    }
}

/// The reason for which an XGBoost tree is refused.
fn of_tree(left: &str, right: &str, deleted: u32) -> String {
    let count = left.split(',').count();
    let each = vec!["0"; count].join(",");
    reason(&xgb("reg:squarederror", 0, "0", "[0]", &tree(left, right, &each, &each, deleted)))
}

#[test]
fn references_between_nodes_must_form_a_tree() {
    assert_eq!(of_tree("1,-1,-1", "2,-1,-1", 0), "");
    for (left, right, expected) in [
        ("1,0,-1", "2,2,-1", "reached on two paths"),
        ("0", "0", "reached on two paths"),
        ("1,-1,-1", "1,-1,-1", "reached on two paths"),
        ("1,-1,-1", "3,-1,-1", "does not have"),
        ("1,-1,-1", "-1,-1,-1", "one child"),
        ("1,-1,-1", "-2,-1,-1", "one child"),
        ("1,-1,-1,-1", "2,-1,-1,-1", "never reached"),
        ("-1,2,1", "-1,1,2", "never reached"),
    ] {
        assert!(of_tree(left, right, 0).contains(expected), "{left} {right}: {}", of_tree(left, right, 0));
    }
}

#[test]
fn the_number_of_pruned_nodes_must_be_the_number_in_the_file() {
    assert_eq!(of_tree("1,-1,-1,-1,-1", "2,-1,-1,-1,-1", 2), "");
    for deleted in [0, 1, 3, 4, 5, 6] {
        assert_ne!(of_tree("1,-1,-1,-1,-1", "2,-1,-1,-1,-1", deleted), "", "{deleted}");
    }
}

#[test]
fn a_tree_may_be_1024_splits_deep() {
    let chain = |splits: i64| {
        let one = |i: i64, child: i64| if i % 2 == 0 && i < 2 * splits { child } else { -1 };
        let list = |first: i64| {
            let children = (0..=2 * splits).map(|i| one(i, i + first).to_string());
            children.collect::<Vec<_>>().join(",")
        };
        of_tree(&list(1), &list(2), 0)
    };
    assert_eq!(chain(1_024), "");
    assert!(chain(1_025).contains("deeper"), "{}", chain(1_025));
}

#[test]
fn a_file_that_is_not_evaluated_exactly_is_refused_with_the_cause() {
    let good = xgb("reg:squarederror", 0, "0", "[0]", &tree("1,-1,-1", "2,-1,-1", "0,1,2", "0,0,0", 0));
    assert_eq!(reason(&good), "");
    for (from, to, expected) in [
        ("gbtree", "dart", "weight_drop"),
        ("gbtree", "gblinear", "do not fit together"),
        ("reg:squarederror", "rank:unknown", "rank:unknown"),
        ("reg:squarederror", "evil\\n\\u0007", "the objective is not supported"),
        (r#""split_type":[0,"#, r#""split_type":[1,"#, "splits by category do not fit"),
        (r#""split_type":[0,"#, r#""split_type":[2,"#, "split_type is not known"),
        (r#""split_type":[0,"#, r#""split_type":["#, "split_type must have"),
        (r#"vector":"1""#, r#"vector":"2""#, "several values"),
        (r#"num_target":"1""#, r#"num_target":"1025""#, "num_target"),
        ("[3,2,0]", "[0,9,0]", "versions 1 to 3"),
        ("[3,2,0]", "[4,0,0]", "versions 1 to 3"),
        ("[3,2,0]", "[]", "no version"),
        (r#""base_score":"0""#, r#""base_score":"x""#, "base_score"),
        (r#""base_score":"0""#, r#""base_score":"[1,2]""#, "base_score"),
        (r#""base_score":"0""#, r#""base_score":"1e39""#, "base_score"),
        (r#"num_class":"0""#, r#"num_class":"3""#, "num_class"),
        (r#""tree_info":[0]"#, r#""tree_info":[1]"#, "do not fit"),
        (r#""tree_info":[0]"#, r#""tree_info":[]"#, "do not fit"),
        (r#"num_feature":"2""#, r#"num_feature":"1""#, "num_feature"),
        (r#"num_feature":"2""#, r#"num_feature":"99999999999""#, "4096"),
        (r#"["a","b"]"#, r#"["a","a"]"#, "twice"),
        (r#"["a","b"]"#, r#"["a",""]"#, "1 to 256 bytes"),
        (r#""split_indices":[1"#, r#""split_indices":[2"#, "does not have"),
        (r#""split_indices":[1,"#, r#""split_indices":["#, "same length"),
        (r#""sum_hessian":[1.5,"#, r#""sum_hessian":["#, "sum_hessian"),
        (r#""split_conditions":[0,"#, r#""split_conditions":[1e39,"#, "not a finite"),
        (r#""split_conditions":[0,1,"#, r#""split_conditions":[0,3e38,"#, "too large"),
        (r#""name":"gbtree""#, r#""name":7"#, "not of the form"),
        ("{\"learner\"", "[\"learner\"", "JSON"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let found = if to.starts_with('[') && from.starts_with('{') { reason_of_json(&text) } else { reason(&text) };
        assert!(found.contains(expected), "{to}: {found}");
    }
}

fn reason_of_json(text: &str) -> String {
    read("x.json", text.as_bytes()).unwrap_err().to_string().replace("this is not of the form", "JSON")
}

#[test]
fn a_faulty_lightgbm_text_is_refused_by_name() {
    let good = decision(9, "0");
    for (from, to, expected) in [
        ("tree\n", "", "begins with"),
        ("v4", "v1", "v2, v3 and v4"),
        ("objective=regression", "objective=custom", "custom"),
        ("objective=regression", "objective=huber sqrt", "is not supported"),
        ("objective=regression", "objective=binary sigmoid:nan", "sigmoid"),
        ("is_linear=0", "is_linear=1", "leaf_const"),
        ("leaf_value=1 2", "leaf_value=1", "each leaf"),
        ("leaf_value=1 2", "leaf_value=1 nan", "not a finite"),
        ("leaf_value=1 2", "leaf_value=1 1.7e308", "too large"),
        ("leaf_count=3 1", "leaf_count=3 -1", "leaf_count"),
        ("left_child=-1", "left_child=0", "two paths"),
        ("left_child=-1", "left_child=1", "does not have"),
        ("left_child=-1", "left_child=-2", "two paths"),
        ("left_child=-1", "left_child=-3", "does not have"),
        ("left_child=-1", "left_child=-2147483648", "does not have"),
        ("split_feature=1", "split_feature=2", "does not have"),
        ("split_feature=1", "split_feature=-1", "each split"),
        ("threshold=0", "threshold=nan", "not a number"),
        ("threshold=0", "threshold=1", "set of categories"),
        ("threshold=0", "threshold=-1", "set of categories"),
        ("threshold=0", "threshold=0.5", "set of categories"),
        ("decision_type=9", "decision_type=12", "decision_type"),
        ("decision_type=9", "decision_type=300", "each split"),
        ("cat_boundaries=0 2", "cat_boundaries=0 3", "num_cat"),
        ("cat_boundaries=0 2", "cat_boundaries=2 0", "num_cat"),
        ("num_cat=1", "num_cat=18446744073709551615", "num_cat"),
        ("num_leaves=2", "num_leaves=99999999999", "out of range"),
        ("num_leaves=2", "num_leaves=0", "out of range"),
        ("num_leaves=2", "num_leaves=2\nnum_leaves=2", "twice"),
        ("max_feature_idx=1", "max_feature_idx=18446744073709551615", "max_feature_idx"),
        ("end of trees", "", "cut off"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        assert!(reason(&text).contains(expected), "{to}: {}", reason(&text));
    }
    assert!(reason(&lgb("")).contains("num_leaves"));
}

#[test]
fn a_truncated_model_is_refused() {
    let text = decision(9, "0");
    let end = text.find("end of trees").unwrap() + "end of trees".len();
    for cut in 0..end {
        assert_ne!(reason(&text[..cut]), "", "{cut}");
    }
    let text = xgb("reg:squarederror", 0, "0", "[0]", &tree("1,-1,-1", "2,-1,-1", "0,1,2", "0,0,0", 0));
    for cut in 0..text.len() {
        assert!(read("x.json", &text.as_bytes()[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn a_cancelled_read_stops() {
    let progress = Progress::default();
    progress.cancel();
    assert_eq!(super::super::lightgbm(decision(9, "0").as_bytes(), &progress).unwrap_err(), Error::Cancelled);
    let text = xgb("reg:squarederror", 0, "0", "[0]", &tree("-1", "-1", "0", "0", 0));
    assert_eq!(super::super::xgboost(text.as_bytes(), None, &progress).unwrap_err(), Error::Cancelled);
    let forest = read("x.txt", decision(9, "0").as_bytes()).unwrap();
    assert_eq!(forest.margins(&[0.0; 2], &mut [0.0], &progress), Err(Error::Cancelled));
}

fn decode(records: &[Vec<u8>]) -> crate::Result<Forest> {
    let mut decoder = Decoder::new();
    records.iter().try_for_each(|record| decoder.push(record))?;
    decoder.finish()
}

#[test]
fn damaged_records_are_refused_or_harmless() {
    let mean = decision(10, "0.5").replacen("feature_names", "average_output\nfeature_names", 1);
    let twice = mean.replacen("end of trees", &format!("Tree=1{}", &mean[mean.find("\nnum_leaves").unwrap()..]), 1);
    for text in [decision(9, "0"), decision(10, "0.5"), twice] {
        let forest = read("x.txt", text.as_bytes()).unwrap();
        let records = forest.encode();
        assert_eq!(decode(&records).unwrap().encode(), records);
        for record in 0..records.len() {
            let mut fewer = records.clone();
            fewer.remove(record);
            assert!(matches!(decode(&fewer), Err(Error::Corrupt(_))));
            let mut more = records.clone();
            more.insert(record, records[record].clone());
            assert!(matches!(decode(&more), Err(Error::Corrupt(_))));
            for byte in 0..records[record].len() {
                let mut shorter = records.clone();
                shorter[record].truncate(byte);
                assert!(matches!(decode(&shorter), Err(Error::Corrupt(_))), "record {record} cut at {byte}");
                for bit in 0..8 {
                    let mut damaged = records.clone();
                    damaged[record][byte] ^= 1 << bit;
                    let Ok(forest) = decode(&damaged) else { continue };
                    for b in [f64::NAN, 0.0, 3.0, -1e300] {
                        let row = vec![b; forest.features().len()];
                        assert!(margins_of(&forest, &row).iter().all(|margin| margin.is_finite()));
                        forest.contributions(&row, 0, &mut vec![0.0; row.len()]);
                    }
                    assert_eq!(decode(&forest.encode()).unwrap().encode(), forest.encode());
                }
            }
        }
    }
}

#[test]
fn a_large_forest_is_divided_into_records() {
    let chain: String = {
        let leaves = 900;
        let list = |f: &dyn Fn(i32) -> String, count: i32| (0..count).map(f).collect::<Vec<_>>().join(" ");
        let right = |i: i32| if i + 1 < leaves - 1 { (i + 1).to_string() } else { (-leaves).to_string() };
        format!(
            "num_leaves={leaves}\nnum_cat=0\nsplit_feature={}\nthreshold={}\ndecision_type={}\nleft_child={}\n\
             right_child={}\nleaf_value={}\nis_linear=0\n\n\nTree=1\n",
            list(&|i| (i % 2).to_string(), leaves - 1),
            list(&|i| i.to_string(), leaves - 1),
            list(&|_| "10".into(), leaves - 1),
            list(&|i| (-1 - i).to_string(), leaves - 1),
            list(&right, leaves - 1),
            list(&|i| i.to_string(), leaves),
        )
    };
    let forest = read("x.txt", lgb(&format!("{}num_leaves=1\nleaf_value=0", chain.repeat(5))).as_bytes()).unwrap();
    assert_eq!(forest.trees(), 6);
    let records = forest.encode();
    assert!(records.len() > 4 && records.iter().all(|record| record.len() <= 60 << 10));
    assert!(forest.record(records.len()).is_empty());
    let decoded = decode(&records).unwrap();
    let row = [700.5, 700.5];
    assert_eq!(margins_of(&forest, &row), [5.0 * 701.0]);
    assert_eq!(margins_of(&decoded, &row), [5.0 * 701.0]);
}
