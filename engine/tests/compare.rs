//! Comparisons of a node in two tables, compared with the inverses of small random tables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;
mod random_tables;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use assess_engine::io::{Indicator, IoModel, LeontiefMode, Table};
use assess_engine::model::{Identity, Model, Query};
use assess_engine::{Budget, Error, Progress, Result};
use fixtures::{assess_named, derived, indicator, items, number};
use proptest::prelude::*;
use random_tables::{RandomTable, tables};
use serde_json::{Value, json};

const IDENTITIES: [&Identity<'static>; 2] =
    [&Identity { name: b"then", version: 3 }, &Identity { name: b"now", version: 7 }];

const ALL: usize = usize::MAX;

fn text(models: [&IoModel; 2], subject: (&str, &str), indicator: Option<&str>, top: usize) -> Result<String> {
    let [a, b] = models;
    let subject = (subject.0.as_bytes(), subject.1.as_bytes());
    let indicator = indicator.map(str::as_bytes);
    let mut out = Vec::new();
    let checked = a.check_comparison(b, subject, indicator);
    let result = a.compare(b, IDENTITIES, subject, indicator, top, &Progress::default(), &mut out);
    assert_eq!(checked, result);
    assert!(result.is_ok() || out.is_empty());
    result.map(|()| String::from_utf8(out).unwrap())
}

fn compare(models: [&IoModel; 2], subject: (&str, &str), indicator: &str, top: usize) -> Value {
    serde_json::from_str(&text(models, subject, Some(indicator), top).unwrap()).unwrap()
}

/// A table by label, as a dense computation needs it: intensities, the column of the inverse of one node, and what comes
/// through its direct suppliers.
#[derive(Default)]
struct Dense {
    r: BTreeMap<String, f64>,
    l: BTreeMap<String, f64>,
    suppliers: BTreeMap<String, f64>,
}

impl Dense {
    fn new(case: &RandomTable, r: &[f64], j: usize) -> Self {
        let inverse = case.inverse();
        let mut dense = Self::default();
        for (i, (region, sector)) in case.nodes.iter().enumerate() {
            let label = format!("{region}.{sector}");
            let multiplier: f64 = (0..case.n()).map(|k| r[k] * inverse[k][i]).sum();
            dense.r.insert(label.clone(), r[i]);
            dense.l.insert(label.clone(), inverse[i][j]);
            dense.suppliers.insert(label, multiplier * case.a(i, j));
        }
        dense
    }

    fn total(&self) -> f64 {
        self.r.iter().map(|(label, r)| r * self.l[label]).sum()
    }
}

fn at(numbers: &BTreeMap<String, f64>, label: &str) -> f64 {
    numbers.get(label).copied().unwrap_or(0.0)
}

/// Two tables that share the node with which the subset of a grid begins, and perhaps other nodes, in other orders.
fn pairs() -> impl Strategy<Value = (RandomTable, RandomTable)> {
    (tables(), tables()).prop_filter("they share a node", |(a, b)| a.nodes.iter().any(|node| b.nodes.contains(node)))
}

fn model(case: &RandomTable, mode: LeontiefMode) -> IoModel {
    derived(case.table(mode), [indicator("risk", case.r.clone()), indicator("change", case.signed.clone())])
}

fn shared<'a>(a: &'a RandomTable, b: &RandomTable) -> (usize, usize, (&'a str, &'a str)) {
    let i = a.nodes.iter().position(|node| b.nodes.contains(node)).unwrap();
    let j = b.nodes.iter().position(|node| *node == a.nodes[i]).unwrap();
    (i, j, (&a.nodes[i].0, &a.nodes[i].1))
}

#[track_caller]
fn near(a: f64, b: f64, scale: f64) {
    assert!((a - b).abs() <= 1e-11 * scale.max(1.0), "{a} and {b}");
}

fn check_labels(document: &Value, old: &Dense, new: &Dense) {
    for (side, only) in [(old, new), (new, old)].iter().enumerate() {
        let expected: Vec<&String> = only.0.r.keys().filter(|label| !only.1.r.contains_key(*label)).collect();
        let listed: Vec<String> = document["only_in"][side]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| format!("{}.{}", node["region"].as_str().unwrap(), node["sector"].as_str().unwrap()))
            .collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected);
        assert_eq!(document["only_in_total"][side], expected.len());
    }
}

fn check_pair(a: &RandomTable, b: &RandomTable, name: &str, modes: [LeontiefMode; 2]) {
    let (i, j, subject) = shared(a, b);
    let models = [model(a, modes[0]), model(b, modes[1])];
    let document = compare([&models[0], &models[1]], subject, name, ALL);
    let values = |case: &RandomTable| if name == "risk" { case.r.clone() } else { case.signed.clone() };
    let (old, new) = (Dense::new(a, &values(a), i), Dense::new(b, &values(b), j));
    let labels: BTreeSet<&String> = old.r.keys().chain(new.r.keys()).collect();
    let sum = |figure: &dyn Fn(&str) -> f64| labels.iter().map(|label| figure(label)).sum::<f64>();
    let scale =
        sum(&|label| (at(&old.r, label) * at(&old.l, label)).abs() + (at(&new.r, label) * at(&new.l, label)).abs());

    let difference = &document["difference"];
    near(number(&difference["total"]), new.total() - old.total(), scale);
    let of_indicator =
        sum(&|label| (at(&new.r, label) - at(&old.r, label)) * (at(&old.l, label) + at(&new.l, label)) / 2.0);
    let of_structure =
        sum(&|label| (at(&new.r, label) + at(&old.r, label)) * (at(&new.l, label) - at(&old.l, label)) / 2.0);
    let effects = &document["effects"];
    near(number(&effects["indicator"]), of_indicator, scale);
    near(number(&effects["structure"]), of_structure, scale);
    near(number(&effects["indicator"]) + number(&effects["structure"]), number(&difference["total"]), scale);

    let contribution = |label: &str| at(&new.r, label) * at(&new.l, label) - at(&old.r, label) * at(&old.l, label);
    let supplier = |label: &str| at(&new.suppliers, label) - at(&old.suppliers, label);
    let by = |part: usize| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for label in &labels {
            *sums.entry(label.split('.').nth(part).unwrap().to_owned()).or_default() += contribution(label);
        }
        sums
    };
    let of_nodes =
        |figure: &dyn Fn(&str) -> f64| labels.iter().map(|label| (label.to_string(), figure(label))).collect();
    for (list, expected) in [
        ("contributors", of_nodes(&contribution)),
        ("suppliers", of_nodes(&supplier)),
        ("by_region", by(0)),
        ("by_sector", by(1)),
    ] {
        let mine = items(&difference[list]);
        assert_eq!(mine.len(), expected.len(), "{list}");
        assert!(mine.windows(2).all(|pair| pair[0].1.abs() >= pair[1].1.abs()), "{list} is sorted by size");
        for (label, value) in &mine {
            near(*value, expected[label], scale);
        }
    }
    check_labels(&document, &old, &new);
    for (model, figures) in models.iter().zip(["base", "changed"]) {
        let query = Query { indicator: Some(name.as_bytes()), ..Query::default() };
        let assessment = assess_named(model, subject.0, subject.1, &query);
        for figure in ["direct", "upstream", "total", "mean", "foreign_share"] {
            assert_eq!(document[figures][figure], assessment[figure], "{figure} of {figures}");
        }
    }
}

/// The negative of every number in a value, except shares; `null` and texts unchanged.
fn negated(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(0.0 - number.as_f64().unwrap()),
        Value::Array(list) => list.iter().map(negated).collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "share")
            .map(|(name, field)| (name.clone(), negated(field)))
            .collect(),
        other => other.clone(),
    }
}

fn without_shares(value: &Value) -> Value {
    negated(&negated(value))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn figures_and_lists_equal_those_of_the_inverses((a, b) in pairs()) {
        for name in ["risk", "change"] {
            check_pair(&a, &b, name, [LeontiefMode::Full, LeontiefMode::Full]);
            check_pair(&a, &b, name, [LeontiefMode::Lazy, LeontiefMode::Full]);
        }
    }

    #[test]
    fn the_reverse_comparison_is_the_negative_one((a, b) in pairs()) {
        let (_, _, subject) = shared(&a, &b);
        let (a, b) = (model(&a, LeontiefMode::Full), model(&b, LeontiefMode::Full));
        let (there, back) = (compare([&a, &b], subject, "risk", ALL), compare([&b, &a], subject, "risk", ALL));
        prop_assert_eq!(negated(&there["difference"]), without_shares(&back["difference"]));
        prop_assert_eq!(negated(&there["effects"]), without_shares(&back["effects"]));
        prop_assert_eq!(&there["base"], &back["changed"]);
        prop_assert_eq!(&there["changed"], &back["base"]);
        prop_assert_eq!(&there["only_in"][0], &back["only_in"][1]);
        prop_assert_eq!(&there["only_in_total"][1], &back["only_in_total"][0]);
    }

    #[test]
    fn a_table_with_its_labels_in_another_order_is_the_same_table(case in tables()) {
        let n = case.n();
        let nodes: Vec<(&str, &str)> = case.nodes.iter().rev().map(|(r, s)| (r.as_str(), s.as_str())).collect();
        let reversed = fixtures::table(&nodes, |i, j| case.a(n - 1 - i, n - 1 - j));
        let reversed = derived(reversed, [indicator("risk", case.r.iter().rev().copied())]);
        let (region, sector) = &case.nodes[0];
        let document = compare([&model(&case, LeontiefMode::Full), &reversed], (region, sector), "risk", ALL);
        let total = number(&document["base"]["total"]);
        near(number(&document["difference"]["total"]), 0.0, total);
        for list in ["by_region", "by_sector", "contributors", "suppliers"] {
            items(&document["difference"][list]).iter().for_each(|item| near(item.1, 0.0, total));
        }
        prop_assert_eq!(&document["only_in"], &json!([[], []]));
        prop_assert_eq!(&document["only_in_total"], &json!([0, 0]));
    }
}

fn of_table(a: [[f64; 2]; 2], values: [f64; 2]) -> IoModel {
    derived(fixtures::table(&[("A", "x"), ("B", "x")], |i, j| a[i][j]), [indicator("r", values)])
}

#[test]
fn the_effects_by_hand_tell_the_indicator_from_the_structure() {
    // Column A of the inverse is (1, 0) in the first table and (1, 0.5) in the second.
    let structure = [[0.0, 0.0], [0.5, 0.0]];
    let (old, dirtier) = (of_table([[0.0; 2]; 2], [1.0, 2.0]), of_table([[0.0; 2]; 2], [3.0, 2.0]));
    let (deeper, both) = (of_table(structure, [1.0, 2.0]), of_table(structure, [3.0, 4.0]));
    let effects = |other: &IoModel| {
        let document = compare([&old, other], ("A", "x"), "r", 10);
        [&document["effects"]["indicator"], &document["effects"]["structure"], &document["difference"]["total"]]
            .map(number)
    };
    assert_eq!(effects(&old), [0.0, 0.0, 0.0]);
    assert_eq!(effects(&dirtier), [2.0, 0.0, 2.0]);
    assert_eq!(effects(&deeper), [0.0, 1.0, 1.0]);
    // (2, 2)'(1, 0.25) = 2.5 and (2, 3)'(0, 0.5) = 1.5.
    assert_eq!(effects(&both), [2.5, 1.5, 4.0]);
}

#[test]
fn the_document_has_the_fields_of_the_contract_in_order() {
    let (old, new) = (of_table([[0.0; 2]; 2], [1.0, 2.0]), of_table([[0.0, 0.0], [0.5, 0.0]], [3.0, 4.0]));
    let document = text([&old, &new], ("A", "x"), None, 1).unwrap();
    let item = |label: &str, value: &str| format!("[{{{label},\"value\":{value},\"share\":{value}}}]");
    let region = |name: &str| format!("\"region\":\"{name}\"");
    let node = |name: &str| format!("\"region\":\"{name}\",\"sector\":\"x\"");
    let expected = [
        "{\"models\":[\"then\",\"now\"],\"versions\":[3,7],\"kind\":\"io\",\"indicator\":\"r\",\"unit\":\"\",\
         \"subject\":{\"region\":\"A\",\"sector\":\"x\"},\
         \"base\":{\"direct\":1.0,\"upstream\":0.0,\"total\":1.0,\"mean\":1.0,\"foreign_share\":0.0},\
         \"changed\":{\"direct\":3.0,\"upstream\":2.0,\"total\":5.0,\"mean\":3.3333333333333335,\"foreign_share\":0.4},\
         \"difference\":{\"total\":4.0,\"share\":4.0,\"by_region\":"
            .to_owned(),
        item(&region("A"), "2.0"),
        ",\"by_sector\":".to_owned(),
        item("\"sector\":\"x\"", "4.0"),
        ",\"contributors\":".to_owned(),
        item(&node("A"), "2.0"),
        ",\"suppliers\":".to_owned(),
        item(&node("B"), "2.0"),
        "},\"effects\":{\"indicator\":2.5,\"structure\":1.5},\"only_in\":[[],[]],\"only_in_total\":[0,0]}".to_owned(),
    ];
    assert_eq!(document, expected.concat());
}

#[test]
fn shares_are_those_of_the_first_total_and_null_without_one() {
    let (none, some) = (of_table([[0.0; 2]; 2], [0.0, 1.0]), of_table([[0.0; 2]; 2], [2.0, 1.0]));
    let document = compare([&none, &some], ("A", "x"), "r", 10);
    assert_eq!((&document["difference"]["total"], &document["difference"]["share"]), (&json!(2.0), &Value::Null));
    assert_eq!(document["difference"]["by_region"][0], json!({"region": "A", "value": 2.0, "share": null}));
    assert_eq!(compare([&some, &none], ("A", "x"), "r", 10)["difference"]["share"], -1.0);
    // Contributions of both signs meet in the first total.
    let mixed = of_table([[0.0, 0.0], [0.5, 0.0]], [3.0, -2.0]);
    assert_eq!(compare([&mixed, &some], ("A", "x"), "r", 10)["difference"]["share"], Value::Null);
}

#[test]
fn labels_that_one_table_lacks_are_bounded_and_counted() {
    let names: Vec<String> = (0..260).map(|i| format!("R{i:03}")).collect();
    let of = |names: &[String]| {
        let nodes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
        derived(fixtures::table(&nodes, |_, _| 0.0), [])
    };
    let document = compare([&of(&names), &of(&names[..110])], ("R000", "x"), "output", 10);
    assert_eq!(document["only_in_total"], json!([150, 0]));
    let listed = document["only_in"][0].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0]["region"], &listed[99]["region"]), (100, &json!("R110"), &json!("R209")));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let a = of_table([[0.0; 2]; 2], [1.0, 2.0]);
    let ask = |b: &IoModel, indicator| text([&a, b], ("A", "x"), indicator, 10).map(|_| ());
    assert_eq!(ask(&a, None), Ok(()));
    assert_eq!(ask(&a, Some("no")), Err(Error::NoIndicator));
    assert!(matches!(text([&a, &a], ("A", "y"), None, 10), Err(Error::NoSubject(_))));
    let other = |labels: [(&str, &str); 2], unit: &str| {
        let table: Table = fixtures::table(&labels, |_, _| 0.0);
        derived(table, [Indicator { unit: unit.into(), ..indicator("r", [1.0, 1.0]) }])
    };
    assert!(matches!(ask(&other([("B", "x"), ("B", "y")], ""), None), Err(Error::NoSubject(_))));
    let in_kg = other([("A", "x"), ("B", "x")], "kg");
    assert!(matches!(ask(&in_kg, None), Err(Error::Invalid(text)) if text.contains("'kg'") && text.is_ascii()));
    assert_eq!(ask(&in_kg, Some("output")), Ok(()));
    let without = in_kg.without_indicator(b"r").unwrap();
    without.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert_eq!(ask(&without, None), Err(Error::NoIndicator));
    assert_eq!(text([&without, &a], ("A", "x"), None, 10).map(|_| ()), Ok(()));
}

#[test]
fn both_models_derive_what_a_comparison_needs() {
    // The ninth indicator is derived only on request.
    let many =
        || derived(fixtures::table(&[("A", "x")], |_, _| 0.0), (0..9).map(|k| indicator(&format!("i{k}"), [1.0])));
    let (a, b) = (many(), many());
    let ask = || text([&a, &b], ("A", "x"), Some("i8"), 10).map(|_| ());
    assert_eq!(ask(), Err(Error::NotReady));
    for model in [&a, &b] {
        assert!(!model.ready());
        model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    }
    assert_eq!(ask(), Ok(()));
}

#[test]
fn columns_solved_on_demand_can_be_cancelled_and_enter_the_estimate() {
    let of = |mode| {
        let nodes: Vec<String> = (0..300).map(|i| format!("R{i:03}")).collect();
        let nodes: Vec<(&str, &str)> = nodes.iter().map(|r| (r.as_str(), "x")).collect();
        derived(Table { leontief: Some(mode), ..fixtures::table(&nodes, |_, _| 0.001) }, [])
    };
    let (full, lazy) = (of(LeontiefMode::Full), of(LeontiefMode::Lazy));
    let solving = Duration::from_nanos(300 * 300);
    assert!(full.comparison_cost(&lazy, 10) >= full.comparison_cost(&full, 10) + solving);
    let progress = Progress::default();
    progress.cancel();
    let mut out = Vec::new();
    let result = full.compare(&lazy, IDENTITIES, (b"R000", b"x"), None, 10, &progress, &mut out);
    assert_eq!((result, out.len()), (Err(Error::Cancelled), 0));
}
