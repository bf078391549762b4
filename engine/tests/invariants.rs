//! Properties of every table: the identities of input-output analysis.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixtures;

use assess_engine::io::{Indicator, IoModel, LeontiefMode, Table};
use assess_engine::model::Query;
use fixtures::{assess, close, derived, indicator, items, number, with_output};
use proptest::prelude::*;
use serde_json::Value;

/// A table with column sums below 1 and some nodes absent from some regions, and one indicator.
#[derive(Debug, Clone)]
struct Case {
    nodes: Vec<(String, String)>,
    /// By columns.
    a: Vec<f64>,
    r: Vec<f64>,
}

impl Case {
    fn n(&self) -> usize {
        self.nodes.len()
    }

    fn a(&self, i: usize, j: usize) -> f64 {
        self.a[j * self.n() + i]
    }

    fn table(&self) -> Table {
        let nodes: Vec<(&str, &str)> = self.nodes.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
        fixtures::table(&nodes, |i, j| self.a(i, j))
    }

    fn model(&self) -> IoModel {
        derived(self.table(), [self.indicator()])
    }

    fn indicator(&self) -> Indicator {
        indicator("risk", self.r.iter().copied())
    }

    /// The multipliers of another indicator of this table.
    fn totals(&self, r: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let model = derived(self.table(), [indicator("other", r)]);
        documents(&model).iter().map(|document| number(&document["total"])).collect()
    }
}

/// The full assessment of every node.
fn documents(model: &IoModel) -> Vec<Value> {
    let query = Query { indicator: None, layers: 32, top: 1000, ..Query::default() };
    (0..model.table().labels.len()).map(|j| assess(model, j, &query)).collect()
}

/// Some of the nodes of a grid of regions and sectors, sparse coefficients, values of which some are 0.
fn cases() -> impl Strategy<Value = Case> {
    let grid = (1usize..=3, 1usize..=4);
    let kept = grid.prop_flat_map(|(regions, sectors)| {
        let all: Vec<(String, String)> =
            (0..regions).flat_map(|r| (0..sectors).map(move |s| (format!("R{r}"), format!("s{s}")))).collect();
        let count = all.len();
        proptest::sample::subsequence(all, 1..=count).prop_shuffle()
    });
    kept.prop_flat_map(|nodes| {
        let n = nodes.len();
        let coefficient = prop_oneof![2 => Just(0.0), 3 => 0.0..1.0f64];
        let value = prop_oneof![1 => Just(0.0), 4 => 0.0..10.0f64];
        let sums = proptest::collection::vec(0.0..0.97f64, n);
        (Just(nodes), proptest::collection::vec(coefficient, n * n), sums, proptest::collection::vec(value, n))
    })
    .prop_map(|(nodes, mut a, sums, r)| {
        // Columns are scaled to the sums drawn, which are below 1.
        let n = nodes.len();
        for (column, sum) in a.chunks_exact_mut(n).zip(sums) {
            let drawn: f64 = column.iter().sum();
            column.iter_mut().for_each(|a| *a *= if drawn > 0.0 { sum / drawn } else { 0.0 });
        }
        Case { nodes, a, r }
    })
}

/// The largest magnitude of some numbers, as the scale of an absolute comparison.
fn scale(numbers: &[f64]) -> f64 {
    numbers.iter().fold(1.0, |most, x| x.abs().max(most))
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-11 * scale(&[a, b]), "{a} and {b}");
}

fn sum(items: &[(String, f64)]) -> f64 {
    items.iter().map(|item| item.1).sum()
}

fn layers(document: &Value) -> Vec<f64> {
    document["layers"].as_array().unwrap().iter().map(number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn multipliers_solve_m_equals_r_plus_m_a(case in cases()) {
        let documents = documents(&case.model());
        let m: Vec<f64> = documents.iter().map(|document| number(&document["total"])).collect();
        for j in 0..case.n() {
            near(m[j], case.r[j] + (0..case.n()).map(|i| m[i] * case.a(i, j)).sum::<f64>());
            close(number(&documents[j]["direct"]), case.r[j], 1e-15);
            near(number(&documents[j]["upstream"]), m[j] - case.r[j]);
        }
    }

    #[test]
    fn layers_rise_to_the_total_and_the_residual_is_the_rest(case in cases()) {
        let model = case.model();
        for j in 0..case.n() {
            let all = layers(&assess(&model, j, &Query { layers: 32, ..Query::default() }));
            prop_assert!(all.iter().all(|&layer| layer >= 0.0));
            let mut covered = 0.0;
            for k in 0..=32u32 {
                let document = assess(&model, j, &Query { layers: k, ..Query::default() });
                covered += all[k as usize];
                let (total, residual) = (number(&document["total"]), number(&document["residual"]));
                prop_assert_eq!(layers(&document), &all[..=k as usize]);
                prop_assert!(residual >= 0.0);
                near(covered + residual, total);
                let coverage = number(&document["coverage"]);
                prop_assert!((0.0..=1.0).contains(&coverage));
                near(coverage, if total == 0.0 { 1.0 } else { covered / total });
            }
        }
    }

    #[test]
    fn residuals_are_exact_however_small(case in cases()) {
        // q_K = m'A^(K+1), multiplied out.
        let model = case.model();
        let n = case.n();
        let mut q: Vec<f64> = documents(&model).iter().map(|document| number(&document["total"])).collect();
        for k in 0..=32 {
            q = (0..n).map(|j| (0..n).map(|i| q[i] * case.a(i, j)).sum()).collect();
            for (j, &q) in q.iter().enumerate() {
                let document = assess(&model, j, &Query { layers: k, ..Query::default() });
                close(number(&document["residual"]), q, 1e-10);
            }
        }
    }

    #[test]
    fn contributions_add_up_by_node_region_and_sector(case in cases()) {
        for (j, document) in documents(&case.model()).iter().enumerate() {
            let total = number(&document["total"]);
            let regions = items(&document["by_region"]);
            for list in ["contributors", "by_region", "by_sector"] {
                let items = items(&document[list]);
                near(sum(&items), total);
                prop_assert!(items.is_sorted_by(|a, b| a.1 > b.1 || (a.1 == b.1 && a.0 < b.0)));
            }
            near(sum(&items(&document["suppliers"])), number(&document["upstream"]));
            let contributors = items(&document["contributors"]);
            prop_assert_eq!(contributors.len(), case.n());
            for (region, value) in &regions {
                let own = contributors.iter().filter(|item| item.0.split('.').next() == Some(region));
                near(own.map(|item| item.1).sum(), *value);
            }
            if total == 0.0 {
                for field in [&document["foreign_share"], &document["concentration"]["hhi"], &document["by_region"][0]["share"]] {
                    prop_assert!(field.is_null());
                }
                prop_assert_eq!(&document["concentration"]["nodes_80"], 0);
                prop_assert_eq!(number(&document["coverage"]), 1.0);
                continue;
            }
            let domestic = regions.iter().find(|item| item.0 == case.nodes[j].0).unwrap().1;
            near(number(&document["foreign_share"]), 1.0 - domestic / total);
            let hhi = number(&document["concentration"]["hhi"]);
            near(hhi, regions.iter().map(|item| (item.1 / total).powi(2)).sum());
            let most = document["concentration"]["nodes_80"].as_u64().unwrap() as usize;
            prop_assert!(sum(&contributors[..most]) >= 0.8 * total * (1.0 - 1e-11));
            prop_assert!(sum(&contributors[..most - 1]) < 0.8 * total);
            for item in document["contributors"].as_array().unwrap() {
                near(number(&item["share"]), number(&item["value"]) / total);
            }
        }
    }

    #[test]
    fn shorter_lists_are_beginnings_of_longer_ones(case in cases(), top in 0u32..20) {
        let model = case.model();
        for j in 0..case.n() {
            let long = assess(&model, j, &Query { top: 1000, ..Query::default() });
            let short = assess(&model, j, &Query { top, ..Query::default() });
            for list in ["contributors", "suppliers", "by_region", "by_sector"] {
                let (long, short) = (long[list].as_array().unwrap(), short[list].as_array().unwrap());
                prop_assert_eq!(short.as_slice(), &long[..long.len().min(top as usize)]);
            }
        }
    }

    #[test]
    fn the_mean_is_within_the_values_and_output_has_a_mean_of_one(case in cases()) {
        let model = case.model();
        let least = case.r.iter().copied().fold(f64::INFINITY, f64::min);
        let most = case.r.iter().copied().fold(0.0, f64::max);
        for j in 0..case.n() {
            let mean = number(&assess(&model, j, &Query::default())["mean"]);
            prop_assert!(mean >= least - 1e-11 * most && mean <= most + 1e-11 * most);
            let output = assess(&model, j, &Query { indicator: Some(b"output"), layers: 5, top: 1000, ..Query::default() });
            near(number(&output["mean"]), 1.0);
            near(layers(&output)[1], (0..case.n()).map(|i| case.a(i, j)).sum());
            near(number(&output["total"]), sum(&items(&output["contributors"])));
        }
    }

    #[test]
    fn value_added_has_multipliers_of_one(case in cases()) {
        let n = case.n();
        let added = (0..n).map(|j| 1.0 - (0..n).map(|i| case.a(i, j)).sum::<f64>());
        case.totals(added).into_iter().for_each(|m| near(m, 1.0));
    }

    #[test]
    fn multipliers_are_linear_and_monotone_in_the_indicator(case in cases(), factor in 0.0..5.0f64, more in 0.0..5.0f64) {
        let (base, ones) = (case.totals(case.r.iter().copied()), case.totals(vec![1.0; case.n()]));
        let mixed = case.totals(case.r.iter().map(|r| factor * r + more));
        for j in 0..case.n() {
            near(mixed[j], factor * base[j] + more * ones[j]);
            prop_assert!(case.totals(case.r.iter().map(|r| r + more))[j] >= base[j] * (1.0 - 1e-12));
        }
    }

    #[test]
    fn multipliers_rise_with_the_coefficients(case in cases(), at in any::<proptest::sample::Index>()) {
        let mut more = case.clone();
        let at = at.index(more.a.len());
        more.a[at] += 0.02;
        let (before, after) = (case.totals(case.r.iter().copied()), more.totals(case.r.iter().copied()));
        for (before, after) in before.iter().zip(after) {
            prop_assert!(after >= before * (1.0 - 1e-12));
        }
    }

    #[test]
    fn the_order_of_nodes_does_not_matter(case in cases(), seed in any::<u64>()) {
        let n = case.n();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&i| (i as u64 + 1).wrapping_mul(seed | 1));
        let shuffled = Case {
            nodes: order.iter().map(|&i| case.nodes[i].clone()).collect(),
            a: (0..n * n).map(|at| case.a(order[at % n], order[at / n])).collect(),
            r: order.iter().map(|&i| case.r[i]).collect(),
        };
        let (original, permuted) = (documents(&case.model()), documents(&shuffled.model()));
        for (to, &from) in order.iter().enumerate() {
            near(number(&original[from]["total"]), number(&permuted[to]["total"]));
            prop_assert_eq!(&original[from]["subject"], &permuted[to]["subject"]);
            let sorted = |document: &Value| {
                let mut items = items(&document["contributors"]);
                items.sort_by(|a, b| a.0.cmp(&b.0));
                items
            };
            for (a, b) in sorted(&original[from]).iter().zip(sorted(&permuted[to])) {
                prop_assert_eq!(&a.0, &b.0);
                near(a.1, b.1);
            }
        }
    }

    #[test]
    fn the_inverse_turns_final_demand_into_output(case in cases(), demand in proptest::collection::vec(0.0..9.0f64, 12)) {
        // x = A x + y, so L y = x: contributors of `output` are the columns of L.
        let (n, model) = (case.n(), case.model());
        let mut x = vec![0.0; n];
        for (j, demand) in demand.iter().take(n).enumerate() {
            let column = assess(&model, j, &Query { indicator: Some(b"output"), top: 1000, ..Query::default() });
            for (label, l) in items(&column["contributors"]) {
                let i = case.nodes.iter().position(|(r, s)| format!("{r}.{s}") == label).unwrap();
                x[i] += l * demand;
            }
        }
        for i in 0..n {
            near(x[i], (0..n).map(|j| case.a(i, j) * x[j]).sum::<f64>() + demand[i]);
        }
    }

    #[test]
    fn the_currency_does_not_matter(case in cases(), rate in 0.01..100.0f64) {
        // Z and x in another currency give the same A, but for rounding.
        let n = case.n();
        let x: Vec<f64> = (0..n).map(|j| 1.0 + j as f64).collect();
        let converted: Vec<f64> = (0..n * n).map(|at| case.a[at] * x[at / n] * rate / (x[at / n] * rate)).collect();
        let nodes: Vec<(&str, &str)> = case.nodes.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
        let output = x.iter().map(|x| x * rate).collect();
        let table = with_output(fixtures::table(&nodes, |i, j| converted[j * n + i]), output);
        let (model, other) = (case.model(), derived(table, [case.indicator()]));
        for (a, b) in documents(&model).iter().zip(documents(&other)) {
            near(number(&a["total"]), number(&b["total"]));
        }
    }

    #[test]
    fn solving_on_demand_gives_the_same_documents(case in cases()) {
        let lazy = derived(Table { leontief: Some(LeontiefMode::Lazy), ..case.table() }, [case.indicator()]);
        for (a, b) in documents(&case.model()).iter().zip(documents(&lazy)) {
            same(a, &b);
        }
    }
}

/// Compares documents field by field; numbers to 1e-9, labels of lists by place unless values are equal.
fn same(a: &Value, b: &Value) {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => close(number(a), number(b), 1e-9),
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()));
            a.iter().filter(|(key, _)| *key != "region" && *key != "sector").for_each(|(key, a)| same(a, &b[key]));
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| same(a, b));
        }
        _ => assert_eq!(a, b),
    }
}

#[test]
fn a_node_without_inputs_is_its_own_direct_part() {
    let table = fixtures::table(&[("A", "x"), ("B", "x")], |i, j| if (i, j) == (0, 1) { 0.5 } else { 0.0 });
    let model = derived(table, [indicator("risk", [3.0, 0.25])]);
    let document = assess(&model, 0, &Query::default());
    assert_eq!(number(&document["total"]), 3.0);
    assert_eq!(number(&document["upstream"]), 0.0);
    assert_eq!(number(&document["foreign_share"]), 0.0);
    assert_eq!(number(&document["coverage"]), 1.0);
}
