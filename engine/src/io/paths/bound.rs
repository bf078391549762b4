//! The bound that makes the search for paths exact and short: the largest value of a path that begins at each node.

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use crate::io::leontief::matrix::Matrix;
use crate::io::leontief::number::Number;
use crate::io::leontief::product::with_columns;
use crate::io::leontief::threads;
use crate::io::shown::shown_node;
use crate::io::stage::Stage;
use crate::io::table::Table;
use crate::{Error, Progress, Result};

/// Running maxima of a product.
const LANES: usize = 16;

/// The number of columns between two checks for cancellation.
const STRIDE: usize = 64;

/// The relative increase of the bounds. A path of a million steps has a smaller rounding error.
pub(super) const SLACK: f64 = 1e-10;

/// A cycle whose product is within this distance of 1, for each of its steps, counts as 1. More than [`SLACK`], so that
/// a bound decreases along every cycle.
const NEAR_ONE: f64 = 1e-9;

/// The first pass after which cycles are searched for. Typical tables need 3 to 6 passes.
const FIRST_CHECK: usize = 8;

/// Bounds on the values of paths for one indicator, by node. Both are rounded upward by [`SLACK`].
#[derive(Debug)]
pub(in crate::io) struct Bound {
    /// `b_i = max_k |A_ki| max(|r_k|, b_k)`: the largest size of a path from node i that has at least one step.
    pub(super) upstream: Vec<f64>,
    /// `max(|r_i|, b_i)`: the largest size of a path from node i.
    pub(super) reach: Vec<f64>,
}

impl Bound {
    /// Derives the bound for the indicator with these values. Each pass over the coefficients extends the paths by one
    /// step. The bound is complete when a pass changes nothing, at the latest after n passes, because the largest paths
    /// visit no node twice unless a cycle multiplies to more than 1.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the coefficients of a cycle multiply to 1 or more in size, which only negative
    /// coefficients elsewhere allow, or if a bound is not a finite number; [`Error::Cancelled`].
    pub(in crate::io) fn derive(table: &Table, values: &[f64], progress: &Progress) -> Result<Self> {
        let stage = Stage::whole(progress);
        let matrix = &table.coefficients;
        let all: Vec<u32> = (0..values.len() as u32).collect();
        let mut reach: Vec<f64> = values.iter().map(|r| r.abs()).collect();
        let mut last = 0;
        for pass in 1..=values.len() + 1 {
            let upstream = largest(matrix, &all, &reach, &stage)?;
            if !upstream.iter().all(|b| b.is_finite()) {
                return Err(Error::Invalid("structural paths are beyond the range of numbers".into()));
            }
            let mut is_complete = true;
            for (i, (reach, &b)) in reach.iter_mut().zip(&upstream).enumerate() {
                if b > *reach {
                    (*reach, last, is_complete) = (b, i, false);
                }
            }
            if is_complete || (pass >= FIRST_CHECK && pass.is_power_of_two()) {
                no_cycle(table, &upstream, &stage)?;
            }
            if is_complete {
                let upward = |numbers: Vec<f64>| numbers.into_iter().map(|x| x * (1.0 + SLACK)).collect();
                return Ok(Self { upstream: upward(upstream), reach: upward(reach) });
            }
        }
        Err(unbounded(table, last))
    }

    /// The size in memory, in bytes.
    pub(in crate::io) fn bytes(&self) -> u64 {
        ((self.upstream.len() + self.reach.len()) * 8) as u64
    }
}

/// Checks that no cycle multiplies to 1 or more. A step from i to k is tight if `|A_ki| b_k` reaches `b_i`. Along a
/// cycle of tight steps the coefficients multiply to 1 or more, and every cycle that does consists of tight steps once
/// the bounds are complete. So a node from which all tight steps lead to closed nodes is closed, until all are closed
/// or only cycles and the nodes that lead to them are left.
fn no_cycle(table: &Table, upstream: &[f64], stage: &Stage<'_>) -> Result<()> {
    let matrix = &table.coefficients;
    let mut b = upstream.to_vec();
    let mut open: Vec<u32> = (0..).zip(upstream).filter(|(_, b)| **b > 0.0).map(|(i, _)| i).collect();
    while !open.is_empty() {
        let best = largest(matrix, &open, &b, stage)?;
        let is_tight = |i: u32, best: f64| best >= upstream[i as usize] * (1.0 - NEAR_ONE);
        let (still, closed): (Vec<_>, Vec<_>) = open.iter().zip(best).partition(|&(&i, best)| is_tight(i, best));
        if closed.is_empty() {
            return Err(unbounded(table, on_cycle(matrix, open[0] as usize, &b, open.len())));
        }
        closed.iter().for_each(|&(&i, _)| b[i as usize] = 0.0);
        open = still.into_iter().map(|(&i, _)| i).collect();
    }
    Ok(())
}

/// Follows the largest steps from a node. If each of these leads to an open node (`b` > 0), the node after as many
/// steps as there are open nodes is part of a cycle.
fn on_cycle(matrix: &Matrix, from: usize, b: &[f64], steps: usize) -> usize {
    let size = |k: usize, at: usize| matrix.get(k, at).abs() * b[k];
    (0..steps).fold(from, |at, _| (0..b.len()).max_by(|&k, &l| size(k, at).total_cmp(&size(l, at))).unwrap_or(at))
}

fn unbounded(table: &Table, node: usize) -> Error {
    let (region, sector) = table.labels.names(node);
    let text = format!(
        "there are no largest structural paths: the coefficients of a cycle through {} multiply to 1 or more in size",
        shown_node(region, sector)
    );
    Error::Invalid(text.into())
}

/// `max_k |A_ki| x_k` for these nodes i; `x` >= 0.
fn largest(matrix: &Matrix, nodes: &[u32], x: &[f64], stage: &Stage<'_>) -> Result<Vec<f64>> {
    fn part(nodes: &[u32], stage: &Stage<'_>, largest: impl Fn(usize) -> f64) -> Result<Vec<f64>> {
        let mut results = Vec::with_capacity(nodes.len());
        for (done, &i) in nodes.iter().enumerate() {
            if done.is_multiple_of(STRIDE) {
                stage.step(done, nodes.len())?;
            }
            results.push(largest(i as usize));
        }
        Ok(results)
    }
    let width = nodes.len().div_ceil(threads::count()).max(1);
    with_columns!(matrix, columns => {
        let largest = |i: usize| largest_product(columns.column(i), x);
        if width == nodes.len() {
            return part(nodes, stage, largest);
        }
        let parts: Vec<Result<Vec<f64>>> = nodes.par_chunks(width).map(|nodes| part(nodes, stage, largest)).collect();
        let parts: Result<Vec<Vec<f64>>> = parts.into_iter().collect();
        Ok(parts?.concat())
    })
}

fn largest_product<T: Number>(column: &[T], x: &[f64]) -> f64 {
    let mut lanes = [0.0f64; LANES];
    let (a_chunks, a_rest) = column.as_chunks::<LANES>();
    let (x_chunks, x_rest) = x.as_chunks::<LANES>();
    for (a, x) in a_chunks.iter().zip(x_chunks) {
        for k in 0..LANES {
            let product = a[k].into().abs() * x[k];
            // This compiles to one instruction, unlike `f64::max`; no number here is NaN.
            lanes[k] = if product > lanes[k] { product } else { lanes[k] };
        }
    }
    let rest = a_rest.iter().zip(x_rest).map(|(&a, &x)| a.into().abs() * x);
    lanes.into_iter().chain(rest).fold(0.0, f64::max)
}
