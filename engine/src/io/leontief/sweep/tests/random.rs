//! Random tables that converge, and dense solutions of them.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

/// The number of nodes of the largest table.
pub(super) const MOST_NODES: usize = 60;

/// A table with a spectral radius below 1, a partition of its nodes, and right-hand sides, some elements of them 0.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) n: usize,
    /// A by columns.
    pub(super) numbers: Vec<f64>,
    pub(super) blocks: Vec<Range<usize>>,
    pub(super) right: Vec<Vec<f64>>,
}

/// Tables: dense or with many zeros, also whole rows of zeros; deliveries between blocks equal to those inside, or much
/// smaller; column sums up to 0.85; units of the nodes equal, or from 1e-9 to 1e9, which moves column sums far above 1.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let number = prop_oneof![2 => Just(0.0), 3 => 0.0..1.0f64, 1 => (-12.0..0.0f64).prop_map(|x| 10f64.powf(x))];
    (1..=MOST_NODES).prop_flat_map(move |n| {
        (
            vec(number.clone(), n * n),
            vec(any::<bool>(), n),
            vec(0.05..0.85f64, n),
            vec(prop_oneof![4 => Just(1.0), 1 => Just(0.0)], n),
            prop_oneof![Just(1.0), Just(0.05), Just(0.0)],
            vec(-9.0..9.0f64, n),
            any::<bool>(),
            vec(vec(prop_oneof![1 => Just(0.0), 2 => 0.0..10.0f64], n), 1..=6),
        )
            .prop_map(move |(numbers, ends, sums, kept_rows, foreign, units, has_units, right)| {
                let blocks = partition(n, &ends);
                let scale = |i: usize| if has_units { 10f64.powf(units[i]) } else { 1.0 };
                let mut case = Case { n, numbers, blocks, right };
                case.shape(&kept_rows, foreign, &sums);
                case.numbers.iter_mut().enumerate().for_each(|(at, x)| *x *= scale(at / n) / scale(at % n));
                case
            })
    })
}

/// Blocks that end at the nodes marked.
fn partition(n: usize, ends: &[bool]) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for (i, &end) in ends.iter().enumerate() {
        if end || i + 1 == n {
            blocks.push(start..i + 1);
            start = i + 1;
        }
    }
    blocks
}

impl Case {
    fn shape(&mut self, kept_rows: &[f64], foreign: f64, sums: &[f64]) {
        let Self { n, numbers, blocks, .. } = self;
        for (j, column) in numbers.chunks_mut(*n).enumerate() {
            let own = blocks.iter().find(|block| block.contains(&j)).unwrap();
            for (i, x) in column.iter_mut().enumerate() {
                *x *= kept_rows[i] * if own.contains(&i) { 1.0 } else { foreign };
            }
            let sum: f64 = column.iter().sum();
            if sum > 0.0 {
                column.iter_mut().for_each(|x| *x *= sums[j] / sum);
            }
        }
    }

    /// The same with the precision of f32.
    pub(super) fn rounded(&self) -> Self {
        Self { numbers: self.numbers.iter().map(|&x| f64::from(x as f32)).collect(), ..self.clone() }
    }

    /// `(I - A)^-1` by columns, by elimination without row exchanges: an M-matrix needs none.
    pub(super) fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        let unit = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 };
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| {
                let left = (0..n).map(|j| unit(i, j) - self.numbers[j * n + i]);
                left.chain((0..n).map(|j| unit(i, j))).collect()
            })
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
        (0..n * n).map(|at| rows[at % n][n + at / n]).collect()
    }

    pub(super) fn row_times(&self, row: &[f64], matrix: &[f64]) -> Vec<f64> {
        matrix.chunks(self.n).map(|column| column.iter().zip(row).map(|(a, r)| a * r).sum()).collect()
    }

    pub(super) fn times_column(&self, matrix: &[f64], b: &[f64]) -> Vec<f64> {
        (0..self.n).map(|i| (0..self.n).map(|j| matrix[j * self.n + i] * b[j]).sum()).collect()
    }

    /// `r' (I + A + A^2 + ..)`.
    pub(super) fn layers(&self, r: &[f64]) -> Vec<f64> {
        let (mut layer, mut sums) = (r.to_vec(), r.to_vec());
        while layer.iter().zip(&sums).any(|(x, sum)| *x > 1e-18 * sum) {
            layer = self.row_times(&layer, &self.numbers);
            sums.iter_mut().zip(&layer).for_each(|(sum, x)| *sum += x);
        }
        sums
    }
}
