//! Random small tables: the search against paths enumerated one by one.

use proptest::prelude::*;

use super::{above, basis, derived, search, table, top};
use crate::io::paths::Wanted;
use crate::io::paths::search::Path;
use crate::io::{IoModel, LeontiefMode, Precision};

/// A table and an indicator. Sizes of coefficients are below 1 and sum to less than 1 in each column.
#[derive(Debug, Clone)]
struct Case {
    nodes: Vec<(String, String)>,
    /// By columns.
    a: Vec<f64>,
    r: Vec<f64>,
    precision: Precision,
    mode: LeontiefMode,
}

impl Case {
    fn n(&self) -> usize {
        self.nodes.len()
    }

    fn model(&self) -> IoModel {
        let mut table = table(&self.nodes, self.precision, |i, j| self.a[j * self.n() + i]);
        table.leontief = Some(self.mode);
        derived(table, &self.r)
    }
}

/// All paths of node j whose weight times the largest value of the indicator is at least `least`, in the order of the
/// result. They include all paths of this size, because weights decrease along a path.
fn enumerated(model: &IoModel, j: usize, least: f64) -> Vec<Path> {
    fn visit(model: &IoModel, weight: f64, least: f64, chain: &mut Vec<u32>, paths: &mut Vec<Path>) {
        let values = basis(model).values;
        let last = chain[chain.len() - 1] as usize;
        if weight * values[last] != 0.0 {
            let nodes = chain.iter().rev().copied().collect();
            paths.push(Path { value: weight * values[last], nodes });
        }
        for k in 0..values.len() {
            let weight = weight * model.table().coefficients.get(k, last);
            if weight.abs() >= least {
                chain.push(k as u32);
                visit(model, weight, least, chain, paths);
                chain.pop();
            }
        }
    }
    let most = basis(model).values.iter().fold(0.0f64, |most, r| most.max(r.abs()));
    let mut paths = Vec::new();
    if most > 0.0 {
        visit(model, 1.0, least / most, &mut vec![j as u32], &mut paths);
    }
    let names = |path: &Path| -> Vec<(String, String)> {
        let name = |&node: &u32| model.table().labels.names(node as usize);
        path.nodes.iter().map(name).map(|(region, sector)| (region.to_owned(), sector.to_owned())).collect()
    };
    paths.sort_by(|a, b| {
        let by_size = b.value.abs().total_cmp(&a.value.abs());
        by_size.then(a.nodes.len().cmp(&b.nodes.len())).then_with(|| names(a).cmp(&names(b)))
    });
    paths.retain(|path| path.value.abs() >= least);
    paths
}

fn nodes(most: usize) -> impl Strategy<Value = Vec<(String, String)>> {
    let grid: Vec<(String, String)> =
        (0..3).flat_map(|r| (0..3).map(move |s| (format!("R{r}"), format!("s{s}")))).collect();
    proptest::sample::subsequence(grid, 1..=most).prop_shuffle()
}

/// Coefficients and values that are multiples of powers of two, so that many paths have exactly equal values.
fn tied() -> impl Strategy<Value = (BoxedStrategy<f64>, BoxedStrategy<f64>)> {
    let a = prop_oneof![Just(0.0), Just(0.125), Just(0.0625)].boxed();
    let r = prop_oneof![Just(0.0), Just(1.0), Just(2.0)].boxed();
    Just((a, r))
}

fn untied(lowest: f64) -> impl Strategy<Value = (BoxedStrategy<f64>, BoxedStrategy<f64>)> {
    let a = prop_oneof![2 => Just(0.0), 3 => lowest..1.0f64].boxed();
    let r = prop_oneof![1 => Just(0.0), 4 => 10.0 * lowest..10.0f64].boxed();
    Just((a, r))
}

fn cases() -> impl Strategy<Value = Case> {
    let numbers = prop_oneof![tied().boxed(), untied(0.0).boxed(), untied(-1.0).boxed()];
    let modes = (
        prop_oneof![Just(Precision::F64), Just(Precision::F32)],
        prop_oneof![Just(LeontiefMode::Full), Just(LeontiefMode::Lazy)],
    );
    (nodes(6), numbers, modes).prop_flat_map(|(nodes, (a, r), (precision, mode))| {
        let n = nodes.len();
        (proptest::collection::vec(a, n * n), proptest::collection::vec(r, n)).prop_map(move |(mut a, r)| {
            for column in a.chunks_exact_mut(n) {
                let sum: f64 = column.iter().map(|a| a.abs()).sum();
                if sum > 0.8 {
                    column.iter_mut().for_each(|a| *a *= 0.8 / sum);
                }
            }
            Case { nodes: nodes.clone(), a, r, precision, mode }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_largest_paths_are_those_of_the_enumeration(case in cases(), n in 1usize..200) {
        let model = case.model();
        let most = case.r.iter().fold(0.0f64, |most, r| most.max(r.abs()));
        for j in 0..case.n() {
            let all = enumerated(&model, j, 1e-3 * most);
            let found = search(&model, j, top(n)).unwrap();
            prop_assert!(!found.is_truncated);
            prop_assert!(found.paths.len() <= n && found.paths.len() >= n.min(all.len()));
            let known = n.min(all.len());
            prop_assert_eq!(&found.paths[..known], &all[..known]);
            prop_assert!(found.paths[known..].iter().all(|path| path.value.abs() < 1e-3 * most));
            prop_assert!(found.paths.windows(2).all(|pair| pair[0].value.abs() >= pair[1].value.abs()));
        }
    }

    #[test]
    fn paths_above_a_share_are_those_of_the_enumeration(case in cases(), share in 0.002..0.3f64, n in 1usize..40) {
        let model = case.model();
        for j in 0..case.n() {
            let total = basis(&model).series.totals()[j].abs();
            let least = share * total;
            let most = case.r.iter().fold(0.0f64, |most, r| most.max(r.abs()));
            if least < 1e-3 * most {
                continue;
            }
            let all: Vec<Path> = enumerated(&model, j, least * 0.99);
            let all: Vec<Path> = all.into_iter().filter(|path| path.value.abs() / total >= share).collect();
            let found = search(&model, j, above(share, 100_000)).unwrap();
            prop_assert_eq!(&found.paths, &all);
            prop_assert!(!found.is_truncated);
            let found = search(&model, j, above(share, n)).unwrap();
            prop_assert_eq!(&found.paths[..], &all[..n.min(all.len())]);
            prop_assert_eq!(found.is_truncated, all.len() > n);
            let found = search(&model, j, Wanted { top: n, cutoff: Some(share), most: 100_000 }).unwrap();
            prop_assert_eq!(&found.paths[..], &all[..n.min(all.len())]);
            prop_assert!(!found.is_truncated);
        }
    }

    #[test]
    fn all_paths_of_an_order_sum_to_the_layer(case in cases(), order in proptest::collection::vec(0u32..100, 6)) {
        // Without cycles, the number of paths is finite: a node buys only from nodes with a larger number.
        let n = case.n();
        let (mut case, number) = (case, |i: usize| (order[i], i));
        for j in 0..n {
            for i in 0..n {
                if number(i) <= number(j) {
                    case.a[j * n + i] = 0.0;
                }
            }
        }
        let model = case.model();
        for j in 0..n {
            let found = search(&model, j, above(0.0, 100_000)).unwrap();
            prop_assert!(!found.is_truncated);
            for (k, layer) in basis(&model).series.layers(j, n).unwrap().0.iter().enumerate() {
                let of_order = found.paths.iter().filter(|path| path.nodes.len() == k + 1);
                let sum: f64 = of_order.map(|path| path.value).sum();
                prop_assert!((sum - layer).abs() <= 1e-12 * 10.0, "order {}: {} and {}", k, sum, layer);
            }
        }
    }
}
