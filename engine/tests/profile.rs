//! Profiles of a node, compared with its assessments.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;
#[expect(dead_code, reason = "other tests use the rest")]
mod random_tables;

use std::time::Duration;

use assess_engine::io::{IoModel, LeontiefMode, Table};
use assess_engine::model::{Identity, Model, Query};
use assess_engine::{Budget, Error, Progress, Result};
use fixtures::{assess, derived, indicator};
use proptest::prelude::*;
use random_tables::tables;
use serde_json::Value;

const IDENTITY: Identity<'static> = Identity { name: b"icio", version: 3 };

/// The figures of a profile that an assessment has too.
const FIGURES: [&str; 5] = ["direct", "upstream", "total", "mean", "foreign_share"];

fn text(model: &IoModel, node: usize, names: &[&str]) -> Result<String> {
    let (region, sector) = model.table().labels.names(node);
    let subject = (region.as_bytes(), sector.as_bytes());
    let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let mut out = Vec::new();
    let checked = model.check_profile(subject, &names);
    let result = model.profile(&IDENTITY, subject, &names, &Progress::default(), &mut out);
    assert_eq!(checked, result);
    assert!(result.is_ok() || out.is_empty());
    result.map(|()| String::from_utf8(out).unwrap())
}

fn profile(model: &IoModel, node: usize, names: &[&str]) -> Value {
    serde_json::from_str(&text(model, node, names).unwrap()).unwrap()
}

fn names(document: &Value) -> Vec<&str> {
    document["indicators"].as_array().unwrap().iter().map(|item| item["indicator"].as_str().unwrap()).collect()
}

/// A table of two nodes that are each other's suppliers.
fn pair() -> Table {
    fixtures::table(&[("A", "x"), ("B", "x")], |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j])
}

/// A model with indicators `i0`, `i1`, ..; `i{k}` has the value k for every node.
fn with_many(count: usize) -> IoModel {
    derived(pair(), (0..count).map(|k| indicator(&format!("i{k}"), [k as f64; 2])))
}

fn derive(model: &IoModel) {
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_figures_are_those_of_the_assessments(case in tables()) {
        for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
            let below_0 = case.r.iter().map(|r| -r);
            let model = derived(case.table(mode), [
                indicator("risk", case.r.iter().copied()),
                indicator("change", case.signed.iter().copied()),
                indicator("saved", below_0),
            ]);
            for j in 0..case.n() {
                let document = profile(&model, j, &[]);
                prop_assert_eq!(names(&document), ["risk", "change", "saved", "output"]);
                for item in document["indicators"].as_array().unwrap() {
                    let name = item["indicator"].as_str().unwrap();
                    let assessment = assess(&model, j, &Query { indicator: Some(name.as_bytes()), ..Query::default() });
                    for figure in FIGURES {
                        prop_assert_eq!(&item[figure], &assessment[figure], "{} of {}", figure, name);
                    }
                    prop_assert_eq!(&document["subject"], &assessment["subject"]);
                }
            }
        }
    }
}

#[test]
fn the_document_has_the_fields_of_the_contract_in_order() {
    let model = derived(pair(), [indicator("r", [1.0, 0.0])]);
    let document = text(&model, 0, &["r"]).unwrap();
    let head = "{\"model\":\"icio\",\"version\":3,\"kind\":\"io\",\"subject\":{\"region\":\"A\",\"sector\":\"x\"},\
                \"indicators\":[{\"indicator\":\"r\",\"unit\":\"\",\"direct\":1.0,\"upstream\":0.5";
    assert!(document.starts_with(head), "{document}");
    let mut at = 0;
    for field in FIGURES {
        let place = document.find(&format!("\"{field}\":")).unwrap();
        assert!(place > at, "{document}");
        at = place;
    }
    assert!(document.ends_with("\"foreign_share\":0.0}]}"), "{document}");
}

#[test]
fn a_foreign_share_is_null_where_contributions_of_both_signs_meet_or_the_total_is_0() {
    // x of A buys from y of A and from x of B; y of A buys nothing.
    let labels = [("A", "x"), ("A", "y"), ("B", "x")];
    for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
        let table = fixtures::table(&labels, |i, j| if j == 0 && i > 0 { 0.25 } else { 0.0 });
        let model = derived(
            Table { leontief: Some(mode), ..table },
            [
                indicator("mixed", [1.0, 0.0, -1.0]),
                indicator("none", [0.0, 0.0, 0.0]),
                indicator("below", [-1.0, 0.0, -4.0]),
            ],
        );
        let document = profile(&model, 0, &["mixed", "none", "below"]);
        let shares: Vec<&Value> =
            document["indicators"].as_array().unwrap().iter().map(|item| &item["foreign_share"]).collect();
        assert_eq!(shares, [&Value::Null, &Value::Null, &Value::from(0.5)]);
        // The same indicator has a share for a node in which its signs do not meet.
        assert_eq!(profile(&model, 2, &["mixed"])["indicators"][0]["foreign_share"], 0.0);
    }
}

#[test]
fn named_indicators_come_in_the_order_of_the_names() {
    let model = with_many(4);
    let document = profile(&model, 1, &["i3", "output", "i0"]);
    assert_eq!(names(&document), ["i3", "output", "i0"]);
    assert!(document.get("not_derived").is_none());
    assert_eq!(document["indicators"][0]["direct"], 3.0);
}

#[test]
fn names_that_are_wrong_are_refused_and_request_nothing() {
    let model = with_many(20);
    assert_eq!(text(&model, 0, &["i15", "no"]), Err(Error::NoIndicator));
    for twice in [["i15", "i15"], ["output", "output"]] {
        assert!(matches!(text(&model, 0, &twice), Err(Error::Invalid(text)) if text.contains("twice")));
    }
    let many: Vec<String> = (0..1001).map(|k| format!("i{k}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(text(&model, 0, &many), Err(Error::TooBig { limit: 1000, .. })));
    assert_eq!(text(&model, 0, &many[..1000]), Err(Error::NoIndicator));
    let unknown = model.profile(&IDENTITY, (b"C", b"x"), &[b"i15"], &Progress::default(), &mut Vec::new());
    assert!(matches!(unknown, Err(Error::NoSubject(_))));
    // None of these requests has changed what must be derived.
    assert!(model.ready());
}

#[test]
fn named_indicators_that_are_not_derived_are_all_requested_together() {
    let model = with_many(20);
    assert_eq!(text(&model, 0, &["i12", "i3", "i19"]), Err(Error::NotReady));
    assert!(!model.ready());
    derive(&model);
    assert_eq!(names(&profile(&model, 0, &["i12", "i3", "i19"])), ["i12", "i3", "i19"]);
    // One derivation was enough for both. No other indicator was derived.
    assert_eq!(profile(&model, 0, &[])["not_derived_total"], 10);
}

#[test]
fn without_names_indicators_that_are_not_derived_are_listed_and_not_requested() {
    let model = with_many(20);
    let document = profile(&model, 0, &[]);
    let eager = ["i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"];
    assert_eq!(names(&document), [&eager[..], &["output"]].concat());
    let rest: Vec<String> = (8..20).map(|k| format!("i{k}")).collect();
    assert_eq!(document["not_derived"], Value::from(rest));
    assert_eq!(document["not_derived_total"], 12);
    assert!(model.ready());
    // An indicator that a request has made derived takes its place in the order of definition.
    assert_eq!(text(&model, 0, &["i10"]), Err(Error::NotReady));
    derive(&model);
    let document = profile(&model, 0, &[]);
    assert_eq!(names(&document), [&eager[..], &["i10", "output"]].concat());
    assert_eq!(document["not_derived_total"], 11);
}

#[test]
fn the_list_of_indicators_that_are_not_derived_is_bounded() {
    let model = with_many(150);
    let document = profile(&model, 0, &[]);
    let listed = document["not_derived"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0], &listed[99]), (100, &Value::from("i8"), &Value::from("i107")));
    assert_eq!(document["not_derived_total"], 142);
}

#[test]
fn a_model_that_is_not_derived_is_not_ready() {
    let model = IoModel::new(pair()).with_indicator(indicator("r", [1.0, 1.0])).unwrap();
    assert_eq!(text(&model, 0, &[]), Err(Error::NotReady));
    assert_eq!(text(&model, 0, &["output"]), Err(Error::NotReady));
    derive(&model);
    assert!(text(&model, 0, &[]).is_ok());
}

#[test]
fn a_column_that_decides_about_signs_can_be_cancelled() {
    let progress = Progress::default();
    progress.cancel();
    let table = Table { leontief: Some(LeontiefMode::Lazy), ..pair() };
    let model = derived(table, [indicator("r", [1.0, -1.0])]);
    let mut out = Vec::new();
    let result = model.profile(&IDENTITY, (b"A", b"x"), &[b"r"], &progress, &mut out);
    assert_eq!((result, out.len()), (Err(Error::Cancelled), 0));
    assert!(model.profile(&IDENTITY, (b"A", b"x"), &[b"output"], &progress, &mut out).is_ok());
}

#[test]
fn an_indicator_beyond_the_range_of_numbers_is_left_out_or_its_error_is_the_answer() {
    let table = fixtures::table(&[("A", "x"), ("B", "x")], |i, j| if i == j { 0.5 } else { 0.1 });
    let model = derived(table, [indicator("huge", [f64::MAX, f64::MAX]), indicator("usual", [1.0, 2.0])]);
    let mut out = Vec::new();
    model.profile(&IDENTITY, (b"A", b"x"), &[], &Progress::default(), &mut out).unwrap();
    let document = String::from_utf8(out).unwrap();
    assert!(document.contains("\"not_derived\":[\"huge\"]") && document.contains("\"usual\""), "{document}");
    let named = model.profile(&IDENTITY, (b"A", b"x"), &[b"huge"], &Progress::default(), &mut Vec::new());
    assert!(matches!(named, Err(Error::BadInput { .. })), "{named:?}");
}

#[test]
fn solving_a_column_for_signs_enters_the_estimate() {
    let cost = |r: f64| {
        let nodes: Vec<String> = (0..300).map(|i| format!("R{i}")).collect();
        let nodes: Vec<(&str, &str)> = nodes.iter().map(|r| (r.as_str(), "x")).collect();
        let table = fixtures::table(&nodes, |_, _| 0.001);
        let table = Table { leontief: Some(LeontiefMode::Lazy), ..table };
        derived(table, [indicator("r", vec![r; 300])]).profile_cost(1)
    };
    assert!(cost(-1.0) >= cost(1.0) + Duration::from_nanos(300 * 300));
}
