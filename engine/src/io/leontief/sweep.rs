//! Solves `m' (I - A) = r'` and `(I - A) x = b` by sweeps over blocks, with a few passes over A and no inverse.
//!
//! For A >= 0 with a spectral radius below 1, `I - A` is an M-matrix. Its diagonal blocks, one for each region, are
//! solved exactly; what the blocks deliver to each other is iterated. This is a block Gauss-Seidel iteration, a regular
//! splitting: iterates from 0 rise to the solution, at least as fast as the sum of the production layers does (Varga,
//! Matrix Iterative Analysis, 1962, chapter 3; Berman & Plemmons, Nonnegative Matrices, chapter 7). Blocks are visited
//! forwards and backwards in turn (symmetric Gauss-Seidel). Each half of the work reads only the coefficients on one
//! side of the diagonal (Niethammer, Relaxation bei Matrizen mit der Eigenschaft A, 1964), so both together cost one
//! pass over A.
//!
//! The iteration computes changes, not iterates: `d = m_new - m_old` follows a recursion of its own with nonnegative
//! factors, and the solution is the sum of the changes. No step subtracts, so small elements are as accurate as large
//! ones, elements that must be 0 are exactly 0, and the remaining error has a proven bound (`bound`).
//!
//! Tables with negative coefficients have no such bound and are not solved here.

use std::ops::Range;

use faer::Mat;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::Result;
use crate::io::leontief::matrix::Matrix;
use crate::io::leontief::threads;
use crate::io::stage::Stage;

mod block;
mod bound;
mod half;
mod pull;
mod push;
mod relay;

#[cfg(test)]
mod tests;

use block::Block;
use bound::{Bound, MOST_HALVES, USUAL_HALVES, Verdict};
use half::Half;

/// The largest block, in nodes. A block of this size keeps its own inverse, 512 KB.
const LARGEST: usize = 256;

/// Neighbouring regions share a block up to this number of nodes. Larger blocks never slow the convergence.
const SHARED: usize = 64;

/// The diagonal blocks of a table, solved: for each block J, the inverse of `I - A_JJ`.
#[derive(Debug)]
pub(crate) struct Sweeper {
    n: usize,
    blocks: Vec<Block>,
}

/// The blocks of a table, given the region of each node in the order of the table: the nodes of one region that follow
/// each other, cut at [`LARGEST`] nodes. Small neighbours share a block.
pub(crate) fn blocks(regions: impl IntoIterator<Item = u32>) -> Vec<Range<usize>> {
    let mut runs: Vec<(u32, Range<usize>)> = Vec::new();
    for (i, region) in regions.into_iter().enumerate() {
        match runs.last_mut() {
            Some((last, run)) if *last == region => run.end = i + 1,
            _ => runs.push((region, i..i + 1)),
        }
    }
    let mut blocks: Vec<Range<usize>> = Vec::new();
    for (_, run) in runs {
        let width = run.len().div_ceil(run.len().div_ceil(LARGEST));
        for start in run.clone().step_by(width) {
            let end = (start + width).min(run.end);
            match blocks.last_mut() {
                Some(last) if end - last.start <= SHARED => last.end = end,
                _ => blocks.push(start..end),
            }
        }
    }
    blocks
}

/// Memory in bytes that a [`Sweeper`] of these blocks holds.
pub(crate) fn held_bytes(blocks: &[Range<usize>]) -> u64 {
    blocks.iter().map(|block| (block.len() * block.len() * 8 + size_of::<Block>()) as u64).sum()
}

/// Memory in bytes that [`Sweeper::rows`] needs for `count` vectors, besides the vectors given and returned: the sums,
/// three changes, their parts by block, and for each of `threads` a copy and some columns of A. A vector with elements of
/// both signs counts twice.
pub(crate) fn scratch_bytes(n: usize, count: usize, threads: usize) -> u64 {
    (n * 8) as u64 * (6 * count + threads * (count + pull::STRIDE)) as u64
}

impl Sweeper {
    /// Solves the diagonal blocks of `I - A`. The blocks, see [`blocks`], cover the nodes in order. Uses the threads of
    /// the pool in which it is called. The cost is one pass over A, to look for negative coefficients, and `2 n w^2`
    /// operations for blocks of w nodes.
    ///
    /// Returns `None` if this method does not apply: a coefficient is below 0, or a block alone has a spectral radius
    /// that is not below 1, or so close to 1 that the result would be inaccurate.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(crate) fn of(coefficients: &Matrix, blocks: Vec<Range<usize>>, stage: &Stage<'_>) -> Result<Option<Self>> {
        let (n, count) = (coefficients.rows(), blocks.len());
        debug_assert_eq!(blocks.iter().try_fold(0, |at, block| (block.start == at).then_some(block.end)), Some(n));
        let solve = |(k, at): (usize, Range<usize>)| {
            stage.step(k, count)?;
            Ok(Block::of(coefficients, at))
        };
        let solved: Result<Option<Vec<Block>>> = match threads::count() {
            1 => blocks.into_iter().enumerate().map(solve).collect(),
            _ => blocks.into_par_iter().enumerate().map(solve).collect(),
        };
        Ok(solved?.map(|blocks| Self { n, blocks }))
    }

    /// Row vectors `m'` with `m' (I - A) = r'`, that is `r'L`, for several `r` together. Every `r` has one element per
    /// node, of any sign. Uses the threads of the pool in which it is called; results differ between numbers of threads
    /// by rounding only.
    ///
    /// The remaining error of each element is at most 1.1e-16 times that element of `|r|'L`, besides rounding.
    ///
    /// Returns `None` if the iteration does not converge or would need too many passes, or if a result is not finite.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(crate) fn rows(
        &self,
        coefficients: &Matrix,
        right: &[Vec<f64>],
        stage: &Stage<'_>,
    ) -> Result<Option<Vec<Vec<f64>>>> {
        self.solve(right, stage, |half| pull::half(half, coefficients))
    }

    /// The column vector `x` with `(I - A) x = b`, that is `L b`, for `b` of any sign. Accuracy, threads and `None` are
    /// as for [`Sweeper::rows`].
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(crate) fn column(&self, coefficients: &Matrix, right: &[f64], stage: &Stage<'_>) -> Result<Option<Vec<f64>>> {
        let solved = self.solve(&[right.to_vec()], stage, |half| push::half(half, coefficients))?;
        Ok(solved.and_then(|mut solved| solved.pop()))
    }

    /// Sums the changes of sweeps until the bound of the remaining error is low enough.
    fn solve(
        &self,
        right: &[Vec<f64>],
        stage: &Stage<'_>,
        sweep: impl Fn(&Half<'_>) -> Result<Mat<f64>>,
    ) -> Result<Option<Vec<Vec<f64>>>> {
        let parts = nonnegative_parts(right);
        if self.n == 0 || parts.is_empty() {
            return Ok(Some(right.to_vec()));
        }
        let source = Mat::from_fn(self.n, parts.len(), |i, part| parts[part].element(right, i));
        let zeros = Mat::zeros(self.n, parts.len());
        let at = |k: usize| stage.slice(k.min(USUAL_HALVES), USUAL_HALVES + 1);
        let first = Half { blocks: &self.blocks, forwards: true, source: Some(&source), last: &zeros, stage: at(0) };
        let mut sums = sweep(&first)?;
        let mut bound = Bound::new(sums.clone());
        for k in 1..MOST_HALVES {
            let last = bound.last();
            let half = Half { blocks: &self.blocks, forwards: k.is_multiple_of(2), source: None, last, stage: at(k) };
            let change = sweep(&half)?;
            sums += &change;
            match bound.judge(&sums, change) {
                Verdict::Converged => return Ok(Some(assembled(right, &parts, &sums))),
                Verdict::Open => {}
                Verdict::Slow => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// The elements of one sign of a right-hand side, times `factor`, which makes them nonnegative. Vectors of both signs
/// are solved as two, because the bound holds for nonnegative vectors.
struct Part {
    vector: usize,
    factor: f64,
}

impl Part {
    fn element(&self, right: &[Vec<f64>], i: usize) -> f64 {
        let x = right[self.vector][i] * self.factor;
        // NaN is kept: a result that is not finite is refused.
        if x < 0.0 { 0.0 } else { x }
    }
}

fn nonnegative_parts(right: &[Vec<f64>]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (vector, numbers) in right.iter().enumerate() {
        let most = numbers.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let scale = if most < 1.0 { 1.0 / power_of_two(most) } else { 1.0 };
        if numbers.iter().any(|&x| x > 0.0 || x.is_nan()) {
            parts.push(Part { vector, factor: scale });
        }
        if numbers.iter().any(|&x| x < 0.0) {
            parts.push(Part { vector, factor: -scale });
        }
    }
    parts
}

/// The power of two at or below `x`, at least 2^-1000. Multiplying with it is exact.
fn power_of_two(x: f64) -> f64 {
    let exponent_bits = 0x7ff << 52;
    f64::from_bits(x.to_bits() & exponent_bits).max(2f64.powi(-1000))
}

fn assembled(right: &[Vec<f64>], parts: &[Part], sums: &Mat<f64>) -> Vec<Vec<f64>> {
    let mut solved: Vec<Vec<f64>> = right.iter().map(|numbers| vec![0.0; numbers.len()]).collect();
    for (k, part) in parts.iter().enumerate() {
        let factor = 1.0 / part.factor;
        solved[part.vector].iter_mut().zip(sums.col_as_slice(k)).for_each(|(x, sum)| *x += factor * sum);
    }
    solved
}
