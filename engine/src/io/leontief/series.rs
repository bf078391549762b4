//! Data derived for one indicator: multipliers and production layers of all nodes, stored by node.
//!
//! With `t_k = r'A^k` the production layers, `m = r'L` the multipliers and `q_k = m'A^k` the sum of the layers from k
//! on, `q_k = t_k + q_(k+1)`. Residuals are summed from the deepest layer upwards, without cancellation, so each is
//! exact to rounding even if it is small. All numbers of a node are contiguous, so an assessment reads a few cache
//! lines in one place.
//!
//! The near layers are derived first, because they answer usual requests; then the deep ones, then the groups.

use std::sync::OnceLock;

use super::groups::Groups;
use crate::io::leontief::matrix::Matrix;
use crate::io::leontief::product::rows_times;
use crate::io::leontief::solver::Solver;
use crate::io::leontief::{sweep, threads};
use crate::io::stage::Stage;
use crate::model::Query;
use crate::{Error, Result};

/// The number of layers 0..=K for the maximum K.
const LAYERS: usize = Query::MAX_LAYERS as usize + 1;

/// The number of near layers, 0..=8: more than the usual request has.
const NEAR: usize = 9;

/// Numbers of one node: `t_0..t_8`, `q_1..q_9`.
const NEAR_STRIDE: usize = 2 * NEAR;

/// Numbers of one node: `t_0..t_32`, `q_10..q_33`.
const DEEP_STRIDE: usize = LAYERS + LAYERS - NEAR;

/// The series of one indicator over all n nodes.
#[derive(Debug)]
pub(crate) struct Series {
    /// Multipliers `m = r'L`.
    total: Vec<f64>,
    /// `m'A`, the multipliers without the direct part.
    upstream: Vec<f64>,
    /// By node, [`NEAR_STRIDE`] numbers each.
    near: Vec<f64>,
    /// By node, [`DEEP_STRIDE`] numbers each.
    deep: OnceLock<Vec<f64>>,
    groups: OnceLock<Groups>,
}

/// Bytes of the near layers of a table of n nodes, including the memory needed while they are derived.
pub(crate) fn near_bytes(n: usize) -> u64 {
    (n * (NEAR_STRIDE + 2) * 8) as u64 + scratch_bytes(n)
}

/// Bytes of the deep layers.
pub(crate) fn deep_bytes(n: usize) -> u64 {
    (n * DEEP_STRIDE * 8) as u64 + scratch_bytes(n)
}

/// The layer before and the layer after a pass, and what a solution needs.
fn scratch_bytes(n: usize) -> u64 {
    (n * 2 * 8) as u64 + sweep::scratch_bytes(n, 1, threads::count())
}

impl Series {
    /// Derives the near layers of several indicators, given by their values, in as few passes over the coefficients as
    /// possible. An indicator whose results are beyond the range of numbers has an error instead.
    ///
    /// # Errors
    /// [`Error::BadInput`] if the layers do not converge, [`Error::Cancelled`].
    pub(crate) fn derive(
        coefficients: &Matrix,
        solver: &Solver,
        values: &[&[f64]],
        stage: &Stage<'_>,
    ) -> Result<Vec<Result<Self>>> {
        let n = coefficients.rows();
        let mut near: Vec<Vec<f64>> = values.iter().map(|r| by_node(r, NEAR_STRIDE)).collect();
        let mut terms: Vec<Vec<f64>> = values.iter().map(|r| r.to_vec()).collect();
        let layers = stage.part(0.0, 0.5);
        for k in 1..=NEAR {
            terms = rows_times(&terms, coefficients, &layers.slice(k - 1, NEAR))?;
            if k < NEAR {
                put(&mut near, &terms, NEAR_STRIDE, k);
            }
        }
        // The rows that are not finite would keep the others from converging.
        let is_finite: Vec<bool> = near.iter().zip(&terms).map(|(rows, term)| finite(rows) && finite(term)).collect();
        for (term, _) in terms.iter_mut().zip(&is_finite).filter(|(_, is_finite)| !**is_finite) {
            *term = vec![0.0; n];
        }
        let rests = solver.rows(coefficients, terms, &stage.part(0.5, 1.0))?;
        put(&mut near, &rests, NEAR_STRIDE, NEAR_STRIDE - 1);
        let all = values.iter().zip(near).zip(is_finite);
        Ok(all
            .map(|((r, mut near), is_finite)| {
                for row in near.chunks_exact_mut(NEAR_STRIDE) {
                    for k in (1..NEAR).rev() {
                        row[NEAR + k - 1] = row[k] + row[NEAR + k];
                    }
                }
                let upstream: Vec<f64> = near.chunks_exact(NEAR_STRIDE).map(|row| row[NEAR]).collect();
                let total: Vec<f64> = r.iter().zip(&upstream).map(|(r, upstream)| r + upstream).collect();
                if is_finite && finite(&near) && finite(&total) {
                    Ok(Self { total, upstream, near, deep: OnceLock::new(), groups: OnceLock::new() })
                } else {
                    Err(Error::bad_whole("results are beyond the range of numbers"))
                }
            })
            .collect())
    }

    /// Derives the deep layers of several series.
    ///
    /// # Errors
    /// [`Error::BadInput`] if the layers do not converge, [`Error::Cancelled`].
    pub(crate) fn deepen(coefficients: &Matrix, solver: &Solver, all: &[&Self], stage: &Stage<'_>) -> Result<()> {
        let mut terms: Vec<Vec<f64>> = all.iter().map(|series| series.layer(NEAR - 1)).collect();
        let mut deep: Vec<Vec<f64>> = all.iter().map(|series| vec![0.0; series.total.len() * DEEP_STRIDE]).collect();
        for (deep, series) in deep.iter_mut().zip(all) {
            for (row, near) in deep.chunks_exact_mut(DEEP_STRIDE).zip(series.near.chunks_exact(NEAR_STRIDE)) {
                row[..NEAR].copy_from_slice(&near[..NEAR]);
            }
        }
        let layers = stage.part(0.0, 0.7);
        for k in NEAR..=LAYERS {
            terms = rows_times(&terms, coefficients, &layers.slice(k - NEAR, LAYERS + 1 - NEAR))?;
            if k < LAYERS {
                put(&mut deep, &terms, DEEP_STRIDE, k);
            }
        }
        let rests = solver.rows(coefficients, terms, &stage.part(0.7, 1.0))?;
        put(&mut deep, &rests, DEEP_STRIDE, DEEP_STRIDE - 1);
        for (series, mut deep) in all.iter().zip(deep) {
            for row in deep.chunks_exact_mut(DEEP_STRIDE) {
                // The last is q_33; q_k is at LAYERS + k - 10.
                for k in (NEAR + 1..LAYERS).rev() {
                    row[LAYERS + k - NEAR - 1] = row[k] + row[LAYERS + k - NEAR];
                }
            }
            // At worst, two threads derive the same layers.
            series.deep.get_or_init(|| deep);
        }
        Ok(())
    }

    /// Keeps the groups.
    pub(crate) fn set_groups(&self, groups: Groups) {
        self.groups.get_or_init(|| groups);
    }

    /// Layer k <= 8 of all nodes.
    pub(crate) fn layer(&self, k: usize) -> Vec<f64> {
        self.near.chunks_exact(NEAR_STRIDE).map(|row| row[k]).collect()
    }

    /// Multipliers of all nodes.
    pub(crate) fn totals(&self) -> &[f64] {
        &self.total
    }

    /// Multipliers without the direct part, of all nodes.
    pub(crate) fn upstreams(&self) -> &[f64] {
        &self.upstream
    }

    /// Whether the deep layers are derived.
    pub(crate) fn is_deep(&self) -> bool {
        self.deep.get().is_some()
    }

    /// Contributions by group, if they are derived.
    pub(crate) fn groups(&self) -> Option<&Groups> {
        self.groups.get()
    }

    /// `t_0..t_K` and `m'A^(K+1) e_j` of node j.
    ///
    /// # Errors
    /// [`Error::NotReady`] if the layers are not derived yet.
    pub(crate) fn layers(&self, j: usize, deepest: usize) -> Result<(&[f64], f64)> {
        if deepest < NEAR {
            let row = &self.near[j * NEAR_STRIDE..][..NEAR_STRIDE];
            return Ok((&row[..=deepest], row[NEAR + deepest]));
        }
        let row = &self.deep.get().ok_or(Error::NotReady)?[j * DEEP_STRIDE..][..DEEP_STRIDE];
        Ok((&row[..=deepest], row[LAYERS + deepest - NEAR]))
    }

    pub(crate) fn bytes(&self) -> u64 {
        let deep = self.deep.get().map_or(0, Vec::len);
        let numbers = self.total.len() * 2 + self.near.len() + deep;
        (numbers * 8) as u64 + self.groups.get().map_or(0, Groups::bytes)
    }
}

/// Rows by node with the first number of each.
fn by_node(first: &[f64], stride: usize) -> Vec<f64> {
    let mut rows = vec![0.0; first.len() * stride];
    for (row, &first) in rows.chunks_exact_mut(stride).zip(first) {
        row[0] = first;
    }
    rows
}

/// Stores one number for each node, at place `at` of its row.
fn put(all: &mut [Vec<f64>], terms: &[Vec<f64>], stride: usize, at: usize) {
    for (rows, term) in all.iter_mut().zip(terms) {
        for (row, &number) in rows.chunks_exact_mut(stride).zip(term) {
            row[at] = number;
        }
    }
}

fn finite(numbers: &[f64]) -> bool {
    numbers.iter().all(|x| x.is_finite())
}
