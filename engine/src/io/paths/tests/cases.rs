//! Single cases: limits, signs, cycles, ties, errors, the document.

use serde_json::Value;

use super::{above, basis, derived, search, sectors, table, top};
use crate::io::paths::{Paths, Wanted, write};
use crate::io::{IoModel, LeontiefMode, Precision};
use crate::{Error, Progress};

fn model(a: &[&[f64]], r: &[f64]) -> IoModel {
    derived(table(&sectors(r.len()), Precision::F64, |i, j| a[i][j]), r)
}

/// The table of the hand calculation in the documentation.
fn small() -> IoModel {
    model(&[&[0.2, 0.3], &[0.4, 0.1]], &[1.0, 2.0])
}

fn listed(found: &Paths) -> Vec<(f64, &[u32])> {
    found.paths.iter().map(|path| (path.value, &path.nodes[..])).collect()
}

#[test]
fn paths_follow_the_definition() {
    let found = search(&small(), 0, top(5)).unwrap();
    let expected: [(f64, &[u32]); 5] =
        [(1.0, &[0]), (0.4 * 2.0, &[1, 0]), (0.2, &[0, 0]), (0.2 * 0.4 * 2.0, &[1, 0, 0]), (0.4 * 0.3, &[0, 1, 0])];
    assert_eq!(listed(&found), expected);
    assert!(!found.is_truncated);
}

#[test]
fn the_result_has_at_most_the_largest_number_of_paths() {
    let model = small();
    let of = |top, cutoff, most| {
        let found = search(&model, 0, Wanted { top, cutoff, most }).unwrap();
        (found.paths.len(), found.is_truncated)
    };
    assert_eq!(of(0, None, 100), (0, false));
    assert_eq!(of(3, None, 3), (3, false));
    assert_eq!(of(5, None, 3), (3, true));
    assert_eq!(of(0, Some(0.0), 3), (3, true));
    assert_eq!(of(0, Some(0.0), 0), (0, true));
    assert_eq!(of(2, Some(0.0), 3), (2, false));
    // Three paths have at least 7 % of the total of 17/6: 1, 0.8 and 0.2.
    assert_eq!(of(0, Some(0.07), 100), (3, false));
    assert_eq!(of(0, Some(0.07), 3), (3, false));
    assert_eq!(of(0, Some(0.07), 2), (2, true));
    assert_eq!(of(2, Some(0.07), 100), (2, false));
    assert_eq!(of(0, Some(1.5), 100), (0, false));
}

#[test]
fn an_invalid_share_is_refused() {
    for share in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(search(&small(), 0, above(share, 10)), Err(Error::Invalid(_))), "{share}");
    }
}

#[test]
fn a_printed_share_used_as_the_cutoff_includes_its_path() {
    let model = small();
    let total = basis(&model).series.totals()[0];
    let all = search(&model, 0, top(300)).unwrap().paths;
    for (k, path) in all.iter().enumerate() {
        let found = search(&model, 0, above(path.value / total, 1000)).unwrap();
        assert!(found.paths.len() > k);
        assert_eq!(found.paths[..=k], all[..=k]);
    }
}

#[test]
fn a_total_of_zero_has_no_paths_if_nothing_contributes() {
    let model = model(&[&[0.2, 0.3], &[0.4, 0.1]], &[0.0, 0.0]);
    for wanted in [top(10), above(0.5, 10), above(0.0, 10)] {
        assert_eq!(search(&model, 0, wanted).unwrap(), Paths { paths: Vec::new(), is_truncated: false });
    }
}

#[test]
fn paths_of_both_signs_are_ranked_by_size_also_if_they_cancel() {
    let model = model(&[&[0.0, 0.0], &[0.5, 0.0]], &[1.0, -2.0]);
    assert_eq!(basis(&model).series.totals()[0], 0.0);
    let expected: [(f64, &[u32]); 2] = [(1.0, &[0]), (-1.0, &[1, 0])];
    for wanted in [top(10), above(0.0, 10), above(0.5, 10)] {
        assert_eq!(listed(&search(&model, 0, wanted).unwrap()), expected);
    }
    assert_eq!(listed(&search(&model, 1, top(10)).unwrap()), [(-2.0, &[1][..])]);
}

#[test]
fn a_cycle_that_multiplies_to_one_or_more_is_refused() {
    // The negative coefficients keep the spectral radius at 0.1.
    let exactly_one = model(&[&[1.0, 1.0], &[-0.9, -0.9]], &[1.0, 1.0]);
    let more = model(&[&[1.5, 1.0], &[-2.1, -1.4]], &[1.0, 1.0]);
    for (model, nodes) in [(exactly_one, &["R s0 "][..]), (more, &["R s0 ", "R s1 "])] {
        for _ in 0..2 {
            let error = search(&model, 1, top(3)).unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, Error::Invalid(_)) && nodes.iter().any(|node| text.contains(node)), "{text}");
        }
    }
    // In a larger table the cycle is found before the bounds leave the range of numbers.
    let block = [[4.0, 1.0], [-15.6, -3.9]];
    let a = |i: usize, j: usize| if i < 2 && j < 2 { block[i][j] } else { 0.0 };
    let large = derived(table(&sectors(700), Precision::F64, a), &[1.0; 700]);
    let text = search(&large, 1, top(3)).unwrap_err().to_string();
    assert!(text.contains("a cycle through R s"), "{text}");
    // The cycle is 1 -> 2 -> 1, with a product of 1.2; node 0 only leads to it.
    let a: [&[f64]; 4] = [&[0.0, 0.0, 0.0, 0.0], &[0.1, 0.0, 2.0, -2.0], &[0.0, 0.6, 0.0, 0.0], &[0.0, 0.6, 0.0, 0.0]];
    let text = search(&model(&a, &[1.0; 4]), 0, top(3)).unwrap_err().to_string();
    assert!(["R s1 ", "R s2 ", "R s3 "].iter().any(|node| text.contains(node)), "{text}");
}

#[test]
fn large_coefficients_without_a_cycle_are_no_cycle() {
    // Each of 40 nodes buys 2 units from the next one: paths grow, and the bound needs 40 passes.
    let n = 40;
    let model = derived(table(&sectors(n), Precision::F64, |i, j| if i == j + 1 { 2.0 } else { 0.0 }), &vec![1.0; n]);
    let found = search(&model, 0, top(3)).unwrap();
    let orders: Vec<usize> = found.paths.iter().map(|path| path.nodes.len() - 1).collect();
    assert_eq!(orders, [39, 38, 37]);
    assert_eq!(found.paths[0].value, 2f64.powi(39));
    assert_eq!(search(&model, 0, above(0.0, 100)).unwrap().paths.len(), n);
}

#[test]
fn ties_without_end_are_sorted_by_order_and_label() {
    // 150 equal nodes: all paths of an order have the same value.
    let n = 150;
    let model = derived(table(&sectors(n), Precision::F64, |_, _| 1.0 / 256.0), &vec![1.0; n]);
    let found = search(&model, 7, top(n + 1 + 300)).unwrap();
    let rank = basis(&model).printed.node_rank();
    let mut sorted: Vec<u32> = (0..n as u32).collect();
    sorted.sort_by_key(|&node| rank[node as usize]);
    assert_eq!(found.paths[0].nodes, [7]);
    for (k, path) in found.paths[1..].iter().enumerate() {
        let expected = match k.checked_sub(n) {
            None => vec![sorted[k], 7],
            Some(k) => vec![sorted[k / n], sorted[k % n], 7],
        };
        assert_eq!(path.nodes, expected);
    }
}

#[test]
fn more_states_than_paths_are_removed_from_the_queue() {
    // Only paths that begin in node 0 have a value, so the queue fills with states long before enough paths are found.
    let n = 40;
    let hash = |i: usize, j: usize| (i * 7919 + j * 104_729 + i * j * 31) % 1009;
    let sign = |i: usize, j: usize| if hash(i, j).is_multiple_of(3) { -1.0 } else { 1.0 };
    let a = |i: usize, j: usize| sign(i, j) * (0.5 + hash(i, j) as f64 / 1009.0) / 45.0;
    let mut r = vec![0.0; n];
    r[0] = 3.0;
    let model = derived(table(&sectors(n), Precision::F64, a), &r);
    let found = search(&model, 7, top(600)).unwrap();
    // Paths of order 5 are too small to be among the largest 600.
    let (mut sizes, mut weights) = (Vec::new(), vec![(1.0, 7)]);
    for _ in 0..4 {
        sizes.extend(weights.iter().map(|&(weight, last)| f64::abs(weight * a(0, last) * 3.0)));
        weights = weights.iter().flat_map(|&(w, last)| (0..n).map(move |k| (w * a(k, last), k))).collect();
    }
    sizes.sort_by(|a, b| b.total_cmp(a));
    let listed: Vec<f64> = found.paths.iter().map(|path| path.value.abs()).collect();
    assert_eq!(listed, sizes[..600]);
}

#[test]
fn a_result_with_too_many_nodes_is_refused() {
    let model = model(&[&[0.9999]], &[1.0]);
    assert_eq!(search(&model, 0, top(1000)).unwrap().paths[999].nodes.len(), 1000);
    let error = search(&model, 0, above(0.0, 10_000)).unwrap_err();
    assert!(matches!(error, Error::TooBig { .. }), "{error}");
}

#[test]
fn numbers_at_the_end_of_the_range_end_the_search() {
    let model = model(&[&[1e-100]], &[1.0]);
    let orders: Vec<usize> = search(&model, 0, above(0.0, 100)).unwrap().paths.iter().map(|p| p.nodes.len()).collect();
    assert_eq!(orders, [1, 2, 3, 4]);
}

#[test]
fn a_cancelled_search_leaves_nothing_behind() {
    let model = small();
    let cancelled = Progress::default();
    cancelled.cancel();
    assert_eq!(model.bound(None, &cancelled).unwrap_err(), Error::Cancelled);
    let held = model.held();
    let bound = model.bound(None, &Progress::default()).unwrap();
    assert_eq!(model.held() - held, 2 * 2 * 8);
    assert_eq!(basis(&model).paths(bound, 0, &top(3), &cancelled).unwrap_err(), Error::Cancelled);
}

#[test]
fn the_bound_needs_a_derived_indicator_and_belongs_to_it() {
    let table = table(&sectors(2), Precision::F64, |_, _| 0.1);
    let new = IoModel::new(table);
    assert_eq!(new.bound(None, &Progress::default()).unwrap_err(), Error::NotReady);
    assert_eq!(new.bound(Some(b"none"), &Progress::default()).unwrap_err(), Error::NoIndicator);

    let model = small();
    model.bound(None, &Progress::default()).unwrap();
    let other = crate::io::Indicator { name: "other".into(), unit: "".into(), values: vec![5.0, 1.0] };
    let more = model.with_indicator(other).unwrap();
    let held = |model: &IoModel, name: &[u8]| model.paths_cost(Some(name), &top(1));
    assert!(held(&more, b"risk") < held(&more, b"other"));
}

#[test]
fn the_first_search_costs_more() {
    let model = small();
    let wanted = top(20);
    let first = model.paths_cost(None, &wanted);
    model.bound(None, &Progress::default()).unwrap();
    assert!(model.paths_cost(None, &wanted) < first);
    assert!(model.paths_cost(None, &top(2000)) > model.paths_cost(None, &wanted));
    assert!(model.paths_cost(None, &above(1e-6, 100_000)) > model.paths_cost(None, &above(1e-2, 100_000)));
    let widest = Wanted { top: 0, cutoff: Some(0.0), most: usize::MAX };
    assert!(model.paths_cost(None, &widest) > model.paths_cost(None, &top(2000)));
}

/// The document's part about paths, as JSON.
fn document(model: &IoModel, j: usize, wanted: Wanted) -> Value {
    let found = search(model, j, wanted).unwrap();
    let assessment = basis(model).assess(j, 5, 10, &Progress::default()).unwrap();
    let mut out = b"{\"other\":0".to_vec();
    write(&mut out, &found, &assessment, model.table(), basis(model).printed);
    out.push(b'}');
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn paths_are_written_from_the_supplier_to_the_subject() {
    let model = small();
    let mut expected = serde_json::json!({"other": 0, "paths": [
        {"order": 0, "value": 1.0, "share": 1.0 / basis(&model).series.totals()[0], "nodes": [["R", "s0"]]},
        {"order": 1, "value": 0.8, "share": 0.8 / basis(&model).series.totals()[0], "nodes": [["R", "s1"], ["R", "s0"]]},
    ]});
    assert_eq!(document(&model, 0, top(2)), expected);
    expected["truncated"] = true.into();
    assert_eq!(document(&model, 0, above(0.0, 2)), expected);
    assert_eq!(document(&model, 0, top(0)), serde_json::json!({"other": 0, "paths": []}));
}

#[test]
fn shares_are_null_if_contributions_have_both_signs() {
    let mut table = table(&sectors(2), Precision::F64, |i, j| if (i, j) == (1, 0) { 0.25 } else { 0.0 });
    table.leontief = Some(LeontiefMode::Lazy);
    let model = derived(table, &[1.0, -2.0]);
    let paths = document(&model, 0, top(2))["paths"].clone();
    assert_eq!(
        paths[1],
        serde_json::json!({"order": 1, "value": -0.5, "share": null, "nodes": [["R", "s1"], ["R", "s0"]]})
    );
    assert_eq!(paths[0]["share"], Value::Null);
}
