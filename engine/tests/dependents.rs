//! Dependents of a supplier, compared with the inverse of small random tables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;
mod random_tables;

use std::collections::HashMap;

use std::time::Duration;

use assess_engine::io::dependents::Dependence;
use assess_engine::io::{IoModel, LeontiefMode};
use assess_engine::model::DependentsBy;
use assess_engine::model::{Identity, Model};
use assess_engine::{Budget, Error, Progress, Result};
use fixtures::{close, derived, indicator, items, number};
use proptest::prelude::*;
use random_tables::{RandomTable, tables};
use serde_json::Value;

const ALL: usize = usize::MAX;

fn text(model: &IoModel, node: usize, dependence: &Dependence<'_>) -> Result<String> {
    let (region, sector) = model.table().labels.names(node);
    let subject = (region.as_bytes(), sector.as_bytes());
    let mut out = Vec::new();
    model.check_dependents(subject, dependence)?;
    model.dependents(&Identity { name: b"icio", version: 3 }, subject, dependence, &Progress::default(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn ask(model: &IoModel, node: usize, indicator: &str, by: DependentsBy, limit: usize) -> Value {
    let dependence = Dependence { indicator: Some(indicator.as_bytes()), by, limit };
    serde_json::from_str(&text(model, node, &dependence).unwrap()).unwrap()
}

fn model(case: &RandomTable, mode: LeontiefMode) -> IoModel {
    let values = |values: &[f64]| values.to_vec();
    derived(case.table(mode), [indicator("risk", values(&case.r)), indicator("change", values(&case.signed))])
}

/// The shares of a document by label.
fn shares(document: &Value) -> HashMap<String, f64> {
    let list = document["dependents"].as_array().unwrap();
    items(&document["dependents"]).into_iter().zip(list).map(|((l, _), item)| (l, number(&item["share"]))).collect()
}

fn label(case: &RandomTable, j: usize) -> String {
    format!("{}.{}", case.nodes[j].0, case.nodes[j].1)
}

/// Whether two numbers agree within 1e-11 of `scale`.
#[track_caller]
fn near(a: f64, b: f64, scale: f64) {
    assert!((a - b).abs() <= 1e-11 * scale, "{a} and {b}");
}

fn check_case(case: &RandomTable, mode: LeontiefMode) {
    let (model, inverse) = (model(case, mode), case.inverse());
    let totals: Vec<f64> = (0..case.n()).map(|j| (0..case.n()).map(|i| case.r[i] * inverse[i][j]).sum()).collect();
    let empty = totals.iter().filter(|total| **total == 0.0).count();
    let mut sums: HashMap<String, f64> = HashMap::new();
    for (i, row) in inverse.iter().enumerate() {
        let by_value = ask(&model, i, "risk", DependentsBy::Value, ALL);
        let values: HashMap<String, f64> = items(&by_value["dependents"]).into_iter().collect();
        assert_eq!(values.len(), case.n());
        for j in 0..case.n() {
            near(values[&label(case, j)], case.r[i] * row[j], totals[j]);
        }
        assert_eq!(number(&by_value["direct"]), case.r[i]);
        let by_share = ask(&model, i, "risk", DependentsBy::Share, ALL);
        let shares = shares(&by_share);
        assert_eq!(shares.len(), case.n() - empty);
        for document in [&by_value, &by_share] {
            assert_eq!(document["without_share"].as_u64().unwrap_or(0), empty as u64);
        }
        for j in (0..case.n()).filter(|&j| totals[j] != 0.0) {
            let share = shares[&label(case, j)];
            near(share, case.r[i] * row[j] / totals[j], 1.0);
            *sums.entry(label(case, j)).or_default() += share;
        }
    }
    assert_eq!(sums.len(), case.n() - empty);
    sums.values().for_each(|&sum| near(sum, 1.0, 1.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn values_and_shares_equal_those_of_the_inverse_and_shares_of_a_buyer_sum_to_1(case in tables()) {
        check_case(&case, LeontiefMode::Full);
        check_case(&case, LeontiefMode::Lazy);
    }

    #[test]
    fn lists_are_sorted_largest_first_with_ties_by_label_and_a_shorter_list_is_a_prefix(case in tables()) {
        let model = model(&case, LeontiefMode::Full);
        for (by, figure) in [(DependentsBy::Share, "share"), (DependentsBy::Value, "value")] {
            let all = ask(&model, 0, "risk", by, ALL);
            let list = all["dependents"].as_array().unwrap();
            let key = |item: &Value| (number(&item[figure]), item["region"].clone(), item["sector"].clone());
            for pair in list.windows(2) {
                let (first, second) = (key(&pair[0]), key(&pair[1]));
                let names = |k: &(f64, Value, Value)| (k.1.as_str().unwrap().to_owned(), k.2.as_str().unwrap().to_owned());
                prop_assert!(first.0 > second.0 || (first.0 == second.0 && names(&first) < names(&second)));
            }
            for limit in 0..=case.n() {
                let document = ask(&model, 0, "risk", by, limit);
                prop_assert_eq!(document["dependents"].as_array().unwrap(), &list[..limit.min(list.len())]);
            }
        }
    }

    #[test]
    fn values_of_both_signs_are_sorted_by_size_and_have_no_shares(case in tables()) {
        let inverse = case.inverse();
        for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
            let model = model(&case, mode);
            for (i, row) in inverse.iter().enumerate() {
                // A draw without values below 0 is not an indicator of both signs.
                if !case.signed.iter().any(|value| *value < 0.0) {
                    continue;
                }
                let document = ask(&model, i, "change", DependentsBy::Value, ALL);
                let list = document["dependents"].as_array().unwrap();
                prop_assert!(list.iter().all(|item| item["share"].is_null()));
                prop_assert_eq!(document["without_share"].as_u64(), Some(case.n() as u64));
                let values = items(&document["dependents"]);
                prop_assert!(values.windows(2).all(|pair| pair[0].1.abs() >= pair[1].1.abs()));
                for (name, value) in values {
                    let j = (0..case.n()).find(|&j| label(&case, j) == name).unwrap();
                    near(value, case.signed[i] * row[j], 100.0);
                }
            }
        }
    }
}

/// `A = [[.2,.3],[.4,.1]]`, whose inverse is `[[1.5,.5],[2/3,4/3]]`.
fn by_hand(values: [f64; 2]) -> IoModel {
    let table = fixtures::table(&[("A", "x"), ("B", "x")], |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j]);
    derived(table, [indicator("r", values)])
}

#[test]
fn the_document_has_the_fields_of_the_contract_in_order() {
    let document = text(&by_hand([0.0, 2.0]), 1, &Dependence::default()).unwrap();
    let head = "{\"model\":\"icio\",\"version\":3,\"kind\":\"io\",\"indicator\":\"r\",\"unit\":\"\",\
                \"subject\":{\"region\":\"B\",\"sector\":\"x\"},\"direct\":2.0,\"by\":\"share\",\"dependents\":[\
                {\"region\":\"A\",\"sector\":\"x\",\"value\":1.333";
    assert!(document.starts_with(head), "{document}");
    assert!(document.ends_with("}]}"), "{document}");
    let value: Value = serde_json::from_str(&document).unwrap();
    let values = items(&value["dependents"]);
    close(values[0].1, 4.0 / 3.0, 1e-14);
    close(values[1].1, 8.0 / 3.0, 1e-14);
    for dependent in value["dependents"].as_array().unwrap() {
        close(number(&dependent["share"]), 1.0, 1e-14);
    }
}

#[test]
fn nodes_with_a_total_of_0_are_left_out_of_shares_and_counted() {
    let table =
        || fixtures::table(&[("A", "x"), ("B", "x"), ("C", "x")], |i, j| if (i, j) == (0, 1) { 0.5 } else { 0.0 });
    let model = derived(table(), [indicator("r", [4.0, 0.0, 0.0])]);
    let document = ask(&model, 0, "r", DependentsBy::Share, 10);
    assert_eq!(items(&document["dependents"]), [("A.x".to_owned(), 4.0), ("B.x".to_owned(), 2.0)]);
    assert_eq!(document["without_share"], 1);
    let document = ask(&model, 0, "r", DependentsBy::Value, 10);
    assert_eq!(document["dependents"][2]["share"], Value::Null);
    assert_eq!(document["without_share"], 1);
    // A list that ends before the node without a share counts it too.
    assert_eq!(ask(&model, 0, "r", DependentsBy::Share, 1)["without_share"], 1);
}

#[test]
fn a_total_to_which_negative_coefficients_add_both_signs_has_no_share() {
    // L = I + A: the total of B is 1 - 2 = -1, to which A contributes -2 and B 1.
    let table = fixtures::table(&[("A", "x"), ("B", "x")], |i, j| if (i, j) == (0, 1) { -2.0 } else { 0.0 });
    let model = derived(table, [indicator("r", [1.0, 1.0])]);
    for supplier in [0, 1] {
        let document = ask(&model, supplier, "r", DependentsBy::Value, 10);
        let of_b = document["dependents"].as_array().unwrap().iter().find(|item| item["region"] == "B").unwrap();
        assert_eq!((&of_b["share"], &document["without_share"]), (&Value::Null, &Value::from(1)));
        let document = ask(&model, supplier, "r", DependentsBy::Share, 10);
        assert!(document["dependents"].as_array().unwrap().iter().all(|item| item["region"] == "A"));
    }
}

#[test]
fn shares_of_an_indicator_with_values_below_0_are_refused() {
    let model = by_hand([1.0, -2.0]);
    let Err(Error::Invalid(text)) = text(&model, 0, &Dependence::default()) else { panic!("it is refused") };
    assert!(text.contains("BY value"), "{text}");
    let mut out = b"kept".to_vec();
    let identity = Identity { name: b"icio", version: 3 };
    let result = model.dependents(&identity, (b"A", b"x"), &Dependence::default(), &Progress::default(), &mut out);
    assert!(matches!(result, Err(Error::Invalid(_))));
    assert_eq!(out, b"kept");
}

#[test]
fn unknown_names_are_refused_and_a_model_that_is_not_derived_is_not_ready() {
    let model = by_hand([1.0, 2.0]);
    let identity = Identity { name: b"icio", version: 3 };
    let ask = |model: &IoModel, region: &[u8], sector: &[u8], name: Option<&[u8]>| {
        let (mut out, dependence) = (Vec::new(), Dependence { indicator: name, ..Dependence::default() });
        let asked = model.dependents(&identity, (region, sector), &dependence, &Progress::default(), &mut out);
        assert_eq!(model.check_dependents((region, sector), &dependence), asked);
        assert!(asked.is_ok() || out.is_empty());
        asked
    };
    assert!(ask(&model, b"A", b"x", None).is_ok());
    assert!(matches!(ask(&model, b"C", b"x", None), Err(Error::NoSubject(text)) if text.contains("region")));
    assert!(matches!(ask(&model, b"A", b"\xff", None), Err(Error::NoSubject(text)) if text.contains("sector")));
    assert_eq!(ask(&model, b"A", b"x", Some(b"no")), Err(Error::NoIndicator));
    let fresh = model.with_indicator(indicator("new", [1.0, 1.0])).unwrap();
    assert_eq!(ask(&fresh, b"A", b"x", Some(b"new")), Err(Error::NotReady));
    assert!(ask(&fresh, b"A", b"x", Some(b"r")).is_ok());
    fresh.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert!(ask(&fresh, b"A", b"x", Some(b"new")).is_ok());
}

#[test]
fn a_row_solved_on_demand_can_be_cancelled() {
    for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
        let table = fixtures::table(&[("A", "x"), ("B", "x")], |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j]);
        let model = derived(assess_engine::io::Table { leontief: Some(mode), ..table }, []);
        let progress = Progress::default();
        progress.cancel();
        let identity = Identity { name: b"icio", version: 3 };
        let mut out = Vec::new();
        let result = model.dependents(&identity, (b"A", b"x"), &Dependence::default(), &progress, &mut out);
        assert_eq!(result, Err(Error::Cancelled));
        assert!(out.is_empty());
    }
}

#[test]
fn solving_a_row_is_estimated_longer_than_reading_one() {
    let cost = |mode| {
        let nodes: Vec<String> = (0..300).map(|i| format!("R{i}")).collect();
        let nodes: Vec<(&str, &str)> = nodes.iter().map(|r| (r.as_str(), "x")).collect();
        let table = fixtures::table(&nodes, |_, _| 0.001);
        derived(assess_engine::io::Table { leontief: Some(mode), ..table }, []).dependents_cost(10)
    };
    assert!(cost(LeontiefMode::Lazy) >= cost(LeontiefMode::Full) + Duration::from_nanos(300 * 300));
}
