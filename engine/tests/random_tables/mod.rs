//! Small random tables, and their Leontief inverse by elimination.

use assess_engine::io::{LeontiefMode, Table};
use proptest::prelude::*;

use crate::fixtures;

/// A table with column sums below 1 and some nodes absent from some regions, and the values of two indicators.
#[derive(Debug, Clone)]
pub(crate) struct RandomTable {
    pub(crate) nodes: Vec<(String, String)>,
    /// By columns.
    a: Vec<f64>,
    /// Values >= 0, some of them 0.
    pub(crate) r: Vec<f64>,
    /// Values of both signs.
    pub(crate) signed: Vec<f64>,
}

impl RandomTable {
    pub(crate) fn n(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn a(&self, i: usize, j: usize) -> f64 {
        self.a[j * self.n() + i]
    }

    pub(crate) fn table(&self, mode: LeontiefMode) -> Table {
        let nodes: Vec<(&str, &str)> = self.nodes.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
        Table { leontief: Some(mode), ..fixtures::table(&nodes, |i, j| self.a(i, j)) }
    }

    /// `(I - A)^-1` by rows, by Gauss-Jordan elimination. The diagonal dominates every column, so no pivoting is needed.
    pub(crate) fn inverse(&self) -> Vec<Vec<f64>> {
        let n = self.n();
        let unit = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 };
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| (0..n).map(|j| unit(i, j) - self.a(i, j)).chain((0..n).map(|j| unit(i, j))).collect())
            .collect();
        for k in 0..n {
            let pivot = rows[k][k];
            rows[k].iter_mut().for_each(|x| *x /= pivot);
            let pivot_row = rows[k].clone();
            for (i, row) in rows.iter_mut().enumerate() {
                let factor = row[k];
                if i != k && factor != 0.0 {
                    row.iter_mut().zip(&pivot_row).for_each(|(x, p)| *x -= factor * p);
                }
            }
        }
        rows.into_iter().map(|row| row[n..].to_vec()).collect()
    }
}

/// Tables of some of the nodes of a grid of at most 3 regions and 4 sectors, in any order.
pub(crate) fn tables() -> impl Strategy<Value = RandomTable> {
    let kept = (1usize..=3, 1usize..=4).prop_flat_map(|(regions, sectors)| {
        let all: Vec<(String, String)> =
            (0..regions).flat_map(|r| (0..sectors).map(move |s| (format!("R{r}"), format!("s{s}")))).collect();
        let count = all.len();
        proptest::sample::subsequence(all, 1..=count).prop_shuffle()
    });
    kept.prop_flat_map(|nodes| {
        let n = nodes.len();
        let coefficient = prop_oneof![2 => Just(0.0), 3 => 0.0..1.0f64];
        let value = prop_oneof![1 => Just(0.0), 4 => 0.0..10.0f64];
        (
            Just(nodes),
            proptest::collection::vec(coefficient, n * n),
            proptest::collection::vec(0.0..0.9f64, n),
            proptest::collection::vec(value, n),
            proptest::collection::vec(-10.0..10.0f64, n),
        )
    })
    .prop_map(|(nodes, mut a, sums, r, signed)| {
        // Columns are scaled to the sums drawn, which are below 1.
        for (column, sum) in a.chunks_exact_mut(nodes.len()).zip(sums) {
            let drawn: f64 = column.iter().sum();
            column.iter_mut().for_each(|a| *a *= if drawn > 0.0 { sum / drawn } else { 0.0 });
        }
        RandomTable { nodes, a, r, signed }
    })
}
