//! Properties of every table: a what-if analysis is an assessment of the changed table.

use assess_engine::io::{IoModel, LeontiefMode, Precision, Table};
use assess_engine::model::Query;
use proptest::prelude::*;
use serde_json::Value;

use crate::fixtures::{derived, indicator, items, matrix, number, table};
use crate::naive::{Dense, Naive};
use crate::what_if;

const REGIONS: usize = 3;
const SECTORS: usize = 3;
const N: usize = REGIONS * SECTORS;

/// A query for all items of all lists.
fn all() -> Query<'static> {
    Query { layers: 8, top: 1000, ..Query::default() }
}

/// A complete grid of regions and sectors in an order that mixes both, with column sums below 0.9.
fn cases() -> impl Strategy<Value = Dense> {
    let coefficient = prop_oneof![2 => Just(0.0), 3 => 0.0..1.0f64];
    let value = prop_oneof![1 => Just(0.0), 4 => 0.0..10.0f64];
    let order = Just((0..N).collect::<Vec<usize>>()).prop_shuffle();
    let sums = proptest::collection::vec(0.0..0.9f64, N);
    let a = proptest::collection::vec(proptest::collection::vec(coefficient, N), N);
    (a, sums, proptest::collection::vec(value, N), order).prop_map(|(mut a, sums, r, order)| {
        for (j, sum) in sums.into_iter().enumerate() {
            let drawn: f64 = a.iter().map(|row| row[j]).sum();
            a.iter_mut().for_each(|row| row[j] *= if drawn > 0.0 { sum / drawn } else { 0.0 });
        }
        let nodes = order.iter().map(|i| (format!("R{}", i / SECTORS), format!("s{}", i % SECTORS))).collect();
        Dense { nodes, a, r }
    })
}

fn changes() -> impl Strategy<Value = String> {
    let region = || prop_oneof![3 => (0..REGIONS).prop_map(|r| format!("R{r}")), 1 => Just("*".to_owned())];
    let sector = || prop_oneof![3 => (0..SECTORS).prop_map(|s| format!("s{s}")), 1 => Just("*".to_owned())];
    let nodes = move || (region(), sector()).prop_map(|(r, s)| format!("{r} {s}"));
    let change = prop_oneof![
        nodes().prop_map(|nodes| format!("EXTRACT {nodes}")),
        (nodes(), nodes(), 0.0..1.02f64).prop_map(|(from, to, factor)| format!("SCALE {from} {to} {factor}")),
        (nodes(), 0..REGIONS, 0.0..=1.0f64).prop_map(|(nodes, r, share)| format!("REPLACE {nodes} R{r} {share}")),
        (nodes(), 0.0..3.0f64).prop_map(|(nodes, factor)| format!("STRESS {nodes} {factor}")),
    ];
    proptest::collection::vec(change, 1..5).prop_map(|changes| changes.join(" "))
}

fn model(case: &Dense, precision: Precision, mode: LeontiefMode) -> IoModel {
    let nodes: Vec<(&str, &str)> = case.nodes.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
    let table = Table {
        coefficients: matrix(N, precision, |i, j| case.a[i][j]),
        leontief: Some(mode),
        ..table(&nodes, |_, _| 0.0)
    };
    derived(table, [indicator("risk", case.r.iter().copied())])
}

fn subject(case: &Dense, j: usize) -> (&str, &str) {
    (&case.nodes[j].0, &case.nodes[j].1)
}

#[track_caller]
fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0), "{a} and {b}");
}

fn same_figures(document: &Value, naive: &Naive, tolerance: f64) {
    near(number(&document["direct"]), naive.layers[0], tolerance);
    let layers = document["layers"].as_array().unwrap();
    assert_eq!(layers.len(), naive.layers.len());
    layers.iter().zip(&naive.layers).for_each(|(layer, &naive)| near(number(layer), naive, tolerance));
    near(number(&document["upstream"]), naive.upstream, tolerance);
    near(number(&document["total"]), naive.total, tolerance);
    near(number(&document["mean"]), naive.mean, tolerance);
    if naive.total.abs() > 1e-9 {
        near(number(&document["foreign_share"]), naive.foreign_share, tolerance / naive.total.min(1.0));
    }
}

/// Compares a list of the difference with values by label, and checks its order.
fn same_list(difference: &Value, list: &str, labelled: &[(String, f64)], base: f64, tolerance: f64) {
    let list = &difference[list];
    let mine = items(list);
    let mut labels: Vec<&String> = labelled.iter().map(|item| &item.0).collect();
    labels.sort();
    labels.dedup();
    assert_eq!(mine.len(), labels.len());
    assert!(mine.is_sorted_by(|a, b| a.1.abs() > b.1.abs() || (a.1.abs() == b.1.abs() && a.0 < b.0)), "{mine:?}");
    for (label, value) in &mine {
        near(*value, labelled.iter().filter(|item| item.0 == *label).map(|item| item.1).sum(), tolerance);
    }
    for (item, (_, value)) in list.as_array().unwrap().iter().zip(&mine) {
        if base > 0.0 {
            near(number(&item["share"]), value / base, 1e-12);
        } else {
            assert!(item["share"].is_null());
        }
    }
}

/// Compares the analyses of all nodes with the naive computation.
fn same_as_naive(case: &Dense, changes: &str, model: &IoModel, tolerance: f64) {
    let after = case.after(changes);
    let (base, changed) = (case.inverse(), after.inverse());
    for j in 0..N {
        let document = what_if(model, subject(case, j), changes, &all()).unwrap();
        let (base, changed) = (case.assess(&base, j, 8), after.assess(&changed, j, 8));
        same_figures(&document["base"], &base, tolerance);
        same_figures(&document["changed"], &changed, tolerance);
        let difference = &document["difference"];
        let total = number(&difference["total"]);
        near(total, changed.total - base.total, tolerance);
        let whole = number(&document["base"]["total"]);
        if whole > 0.0 {
            near(number(&difference["share"]), total / whole, 1e-12);
        } else {
            assert!(difference["share"].is_null());
        }
        let differences = |after: &[f64], before: &[f64], label: &dyn Fn(usize) -> String| {
            (0..N).map(|i| (label(i), after[i] - before[i])).collect::<Vec<_>>()
        };
        let node = |i: usize| format!("{}.{}", case.nodes[i].0, case.nodes[i].1);
        let (after, before) = (&changed.contributions, &base.contributions);
        let by_region = differences(after, before, &|i| case.nodes[i].0.clone());
        let by_sector = differences(after, before, &|i| case.nodes[i].1.clone());
        same_list(difference, "by_region", &by_region, whole, tolerance);
        same_list(difference, "by_sector", &by_sector, whole, tolerance);
        same_list(difference, "contributors", &differences(after, before, &node), whole, tolerance);
        same_list(difference, "suppliers", &differences(&changed.suppliers, &base.suppliers, &node), whole, tolerance);
        // Sums of the lists: the difference, and the part of it that is upstream.
        let sum = |list: &str| items(&difference[list]).iter().map(|item| item.1).sum::<f64>();
        for list in ["by_region", "by_sector", "contributors"] {
            near(sum(list), total, tolerance);
        }
        let direct = number(&document["changed"]["direct"]) - number(&document["base"]["direct"]);
        near(sum("suppliers"), total - direct, tolerance);
    }
}

/// Checks that changes have no effect.
fn same_as_base(case: &Dense, changes: &str, model: &IoModel, tolerance: f64) {
    for j in 0..N {
        let document = what_if(model, subject(case, j), changes, &all()).unwrap();
        for figure in ["direct", "upstream", "total", "mean"] {
            near(number(&document["changed"][figure]), number(&document["base"][figure]), tolerance);
        }
        near(number(&document["difference"]["total"]), 0.0, tolerance);
        for list in ["by_region", "by_sector", "contributors", "suppliers"] {
            items(&document["difference"][list]).iter().for_each(|item| near(item.1, 0.0, tolerance));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_analysis_equals_an_assessment_of_the_changed_table(case in cases(), changes in changes()) {
        same_as_naive(&case, &changes, &model(&case, Precision::F64, LeontiefMode::Full), 1e-11);
        same_as_naive(&case, &changes, &model(&case, Precision::F64, LeontiefMode::Lazy), 1e-11);
        same_as_naive(&case, &changes, &model(&case, Precision::F32, LeontiefMode::Full), 1e-5);
        same_as_naive(&case, &changes, &model(&case, Precision::F32, LeontiefMode::Lazy), 1e-5);
    }

    #[test]
    fn a_change_that_is_undone_has_no_effect(case in cases(), f in 0.5..2.0f64, r in 0..REGIONS, s in 0..SECTORS) {
        let inverse = 1.0 / f;
        for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
            let model = model(&case, Precision::F64, mode);
            for changes in [
                format!("SCALE R{r} * * s{s} {f} SCALE R{r} * * s{s} {inverse}"),
                format!("SCALE * * R{r} s{s} {f} SCALE * * R{r} s{s} {inverse}"),
                format!("SCALE * * * * {f} SCALE * * * * {inverse}"),
                format!("STRESS R{r} s{s} {f} STRESS R{r} s{s} {inverse}"),
                format!("STRESS R{r} s{s} 1"),
                "STRESS * * 1".into(),
                "SCALE * * * * 1".into(),
                format!("REPLACE R{r} s{s} R{r} 0.7"),
                format!("REPLACE * s{s} R{r} 0"),
            ] {
                same_as_base(&case, &changes, &model, 1e-12);
            }
        }
    }

    #[test]
    fn extracting_a_node_without_deliveries_has_no_effect(case in cases(), i in 0..N) {
        let mut case = case;
        for k in 0..N {
            case.a[i][k] = 0.0;
            case.a[k][i] = 0.0;
        }
        let changes = format!("extract {} {}", case.nodes[i].0, case.nodes[i].1);
        for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
            same_as_base(&case, &changes, &model(&case, Precision::F64, mode), 1e-12);
        }
    }

    #[test]
    fn negative_values_and_coefficients_are_computed_as_they_are(case in cases(), changes in changes()) {
        let mut case = case;
        case.r.iter_mut().step_by(2).for_each(|r| *r = -*r);
        case.a[0].iter_mut().for_each(|a| *a = -*a);
        let after = case.after(&changes);
        let inverse = after.inverse();
        for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
            let model = model(&case, Precision::F64, mode);
            for j in 0..N {
                // Of a table with negative coefficients, changes may be refused.
                let Ok(document) = what_if(&model, subject(&case, j), &changes, &all()) else { continue };
                let naive = after.assess(&inverse, j, 8);
                near(number(&document["changed"]["total"]), naive.total, 1e-11);
                for (item, naive) in document["changed"]["layers"].as_array().unwrap().iter().zip(&naive.layers) {
                    near(number(item), *naive, 1e-11);
                }
                let mixed = naive.contributions.iter().any(|c| *c > 0.0) && naive.contributions.iter().any(|c| *c < 0.0);
                prop_assert!(!mixed || document["changed"]["foreign_share"].is_null());
            }
        }
    }

    #[test]
    fn shorter_lists_are_beginnings_of_longer_ones(case in cases(), changes in changes(), top in 0u32..12) {
        let model = model(&case, Precision::F64, LeontiefMode::Full);
        for j in 0..N {
            let long = what_if(&model, subject(&case, j), &changes, &all()).unwrap();
            let short = what_if(&model, subject(&case, j), &changes, &Query { top, ..all() }).unwrap();
            for list in ["contributors", "suppliers", "by_region", "by_sector"] {
                let long = long["difference"][list].as_array().unwrap();
                let short = short["difference"][list].as_array().unwrap();
                prop_assert_eq!(short.as_slice(), &long[..long.len().min(top as usize)]);
            }
        }
    }
}
