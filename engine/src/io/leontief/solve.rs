//! The Leontief inverse `L = (I-A)^-1` (Leontief 1936; Miller & Blair, Input-Output Analysis, chapter 2).
//!
//! `I - A` is factored by LU with partial pivoting (`factor`), in f64 for either stored precision. Then the columns of the
//! inverse are solved in blocks, so that progress can be reported and the work can be cancelled.
//!
//! If all column sums of A are below 1, `I - A` is diagonally dominant by columns. If only the spectral radius is below
//! 1, the rows are scaled by weights that make it so (`row_weights`). Pivoting then never moves a row, and there is no
//! cancellation even if nodes differ widely in scale. Zeros of the inverse (no deliveries) are exact zeros. Only tables
//! with negative coefficients need pivoting.
//!
//! The solution of a block starts at its first pivot, which saves a third of the work. The cost is `2/3 n^3` operations
//! for the factors and `4/3 n^3` for the inverse.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_unit_lower_triangular_in_place, solve_unit_upper_triangular_in_place,
    solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, MatRef, Par};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::io::leontief::factor;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::leontief::product::{self, with_columns};
use crate::io::leontief::threads;
use crate::io::options::{LeontiefMode, Precision};
use crate::io::stage::Stage;
use crate::{Error, Result};

/// The maximum number of steps in the search for row weights.
const WEIGHED: usize = 64;

/// The number of columns of the inverse that are solved together, about and at most.
const SOLVED: usize = 256;
const MOST_SOLVED: usize = SOLVED + SOLVED / 2;

/// The number of rows of a block of the factors that is subtracted in one product.
const BLOCK: usize = 256;

/// The maximum size of the column cache in lazy mode, in bytes.
const KEPT_BYTES: usize = 64 << 20;

/// The maximum number of cached columns in lazy mode.
const KEPT_COLUMNS: usize = 64;

/// The number of columns that lazy mode caches for a table of `n` nodes.
pub(crate) fn kept_columns(n: usize) -> usize {
    (KEPT_BYTES / (8 * n.max(1))).clamp(1, KEPT_COLUMNS)
}

/// Peak memory in bytes while the inverse of an `n x n` table is built, without the table itself. Includes the cached
/// columns in lazy mode.
pub fn peak_bytes(n: usize, precision: Precision, mode: LeontiefMode) -> u64 {
    let n = n as u64;
    let scratch = (MOST_SOLVED * threads::count()) as u64;
    match mode {
        LeontiefMode::Full => n * n * 8 + held_bytes(n as usize, precision, mode) + n * 8 * scratch,
        LeontiefMode::Lazy => held_bytes(n as usize, precision, mode) + n * 64,
    }
}

/// Memory in bytes held after the inverse is built, without the table itself.
pub fn held_bytes(n: usize, precision: Precision, mode: LeontiefMode) -> u64 {
    match mode {
        LeontiefMode::Full => (n * n) as u64 * precision.bytes(),
        LeontiefMode::Lazy => factors_bytes(n) + (kept_columns(n) * n * 8) as u64,
    }
}

/// Memory in bytes of the factors of an `n x n` table.
pub(crate) fn factors_bytes(n: usize) -> u64 {
    (n * n * 8) as u64
}

/// `P D (I - A) = L U` with the diagonal matrix D of the row weights. Both factors are stored in one matrix.
#[derive(Debug)]
pub(crate) struct Factors {
    lu: Mat<f64>,
    weights: Vec<f64>,
    /// The position of row `c` of `I - A` after pivoting.
    row: Vec<usize>,
    /// Whether `A >= 0`: with a spectral radius below 1, `L >= 0` then, and an element below 0 is rounding error.
    clamps: bool,
}

impl Factors {
    /// Factors `I - A`.
    pub(crate) fn of(coefficients: &Matrix, stage: &Stage<'_>) -> Result<Self> {
        let weights = row_weights(coefficients, &stage.part(0.0, 0.05))?;
        let stage = stage.part(0.05, 1.0);
        let mut lu = weighted_difference(coefficients, &weights);
        let n = lu.nrows();
        let origin = factor::factor(lu.as_mut(), &stage)?;
        if (0..n).any(|i| lu[(i, i)] == 0.0 || !lu[(i, i)].is_finite()) {
            return Err(singular());
        }
        let mut row = vec![0; n];
        for (i, &c) in origin.iter().enumerate() {
            row[c] = i;
        }
        Ok(Self { lu, weights, row, clamps: product::nonnegative(coefficients) })
    }

    /// The inverse of `I - A`.
    ///
    /// # Errors
    /// [`Error::BadInput`] if `I - A` is singular, [`Error::Cancelled`].
    pub(crate) fn invert(&self, precision: Precision, stage: &Stage<'_>) -> Result<Matrix> {
        Ok(match precision {
            Precision::F64 => Matrix::F64(self.inverse(stage)?),
            Precision::F32 => Matrix::F32(self.inverse(stage)?),
        })
    }

    /// All columns of the inverse. Each thread takes the next part that is not solved yet.
    fn inverse<T: Number>(&self, stage: &Stage<'_>) -> Result<Columns<T>> {
        let n = self.row.len();
        let mut columns = Columns::zeros(n, n);
        let parts = Mutex::new(columns.parts_mut(SOLVED));
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        let solve = || {
            let mut scratch = Mat::zeros(n, MOST_SOLVED.min(n));
            while let Some((first, part)) = next() {
                let solved = stage.step(first, n).and_then(|()| self.solve_part(first, part, &mut scratch));
                if solved.is_err() {
                    // The other threads find no more parts.
                    while next().is_some() {}
                    return solved;
                }
            }
            Ok(())
        };
        match threads::count() {
            1 => solve()?,
            threads => (0..threads).into_par_iter().try_for_each(|_| solve())?,
        }
        drop(parts);
        Ok(columns)
    }

    /// Solves the columns of the inverse from `first` on, one after the other in `part`.
    fn solve_part<T: Number>(&self, first: usize, part: &mut [T], scratch: &mut Mat<f64>) -> Result<()> {
        let n = self.row.len();
        let count = part.len() / n;
        self.solve(first..first + count, scratch.as_mut().subcols_mut(0, count));
        for (k, column) in part.chunks_exact_mut(n).enumerate() {
            column.iter_mut().zip(scratch.col_as_slice(k)).for_each(|(to, &x)| *to = T::store(self.clamped(x)));
        }
        if product::sum(part).is_finite() { Ok(()) } else { Err(singular()) }
    }

    fn clamped(&self, x: f64) -> f64 {
        if self.clamps && x < 0.0 { 0.0 } else { x }
    }

    /// Column `j` of the inverse.
    pub(crate) fn column(&self, j: usize) -> Vec<f64> {
        let mut solved = Mat::zeros(self.row.len(), 1);
        self.solve(j..j + 1, solved.as_mut());
        solved.col_as_slice(0).iter().map(|&x| self.clamped(x)).collect()
    }

    /// Columns `wanted` of the inverse, into `solved`.
    fn solve(&self, wanted: Range<usize>, mut solved: MatMut<'_, f64>) {
        let n = self.row.len();
        solved.fill(0.0);
        let first = wanted.clone().map(|c| self.row[c]).min().unwrap_or(0);
        for (k, c) in wanted.enumerate() {
            solved[(self.row[c], k)] = self.weights[c];
        }
        // Above the first pivot, the solution of the lower factor is 0.
        let lower = self.lu.as_ref().submatrix(first, first, n - first, n - first);
        solve_lower(lower, solved.as_mut().subrows_mut(first, n - first));
        solve_upper(self.lu.as_ref(), solved);
    }

    /// The column vector `x` with `(I - A) x = b`.
    pub(crate) fn solve_column(&self, b: &[f64]) -> Vec<f64> {
        let mut x = Mat::zeros(b.len(), 1);
        for (c, b) in b.iter().enumerate() {
            x[(self.row[c], 0)] = self.weights[c] * b;
        }
        solve_unit_lower_triangular_in_place(self.lu.as_ref(), x.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.lu.as_ref(), x.as_mut(), Par::Seq);
        let is_nonnegative = b.iter().all(|b| *b >= 0.0);
        let clamped = |&x: &f64| if is_nonnegative { self.clamped(x) } else { x };
        x.col_as_slice(0).iter().map(clamped).collect()
    }

    /// The row vector `m'` with `m' (I - A) = r'`.
    pub(crate) fn solve_row(&self, r: &[f64]) -> Vec<f64> {
        self.solve_rows(&[r]).pop().unwrap_or_default()
    }

    /// The row vectors `m'` with `m' (I - A) = r'` for several `r`.
    pub(crate) fn solve_rows<R: AsRef<[f64]>>(&self, rows: &[R]) -> Vec<Vec<f64>> {
        let n = self.row.len();
        let mut m = Mat::from_fn(n, rows.len(), |i, k| rows[k].as_ref()[i]);
        let transposed = self.lu.as_ref().transpose();
        solve_lower_triangular_in_place(transposed, m.as_mut(), Par::Seq);
        solve_unit_upper_triangular_in_place(transposed, m.as_mut(), Par::Seq);
        let row = |m: &[f64]| (0..n).map(|c| m[self.row[c]] * self.weights[c]).collect();
        (0..rows.len()).map(|k| row(m.col_as_slice(k))).collect()
    }
}

/// Solves with a unit lower triangular factor, block by block: a block of the solution stays in the cache while the
/// blocks before it are subtracted. The recursion of faer subtracts larger ones, which takes a fifth longer at 3,465 rows.
fn solve_lower(factor: MatRef<'_, f64>, mut x: MatMut<'_, f64>) {
    let n = factor.nrows();
    for at in (0..n).step_by(BLOCK) {
        let rows = BLOCK.min(n - at);
        let (before, mut now) = x.as_mut().get_mut(..at + rows, ..).split_at_row_mut(at);
        for done in (0..at).step_by(BLOCK) {
            let left = factor.submatrix(at, done, rows, BLOCK);
            matmul(now.as_mut(), Accum::Add, left, before.as_ref().subrows(done, BLOCK), -1.0, Par::Seq);
        }
        solve_unit_lower_triangular_in_place(factor.submatrix(at, at, rows, rows), now, Par::Seq);
    }
}

/// The same with an upper triangular factor, from the last block to the first.
fn solve_upper(factor: MatRef<'_, f64>, mut x: MatMut<'_, f64>) {
    let n = factor.nrows();
    for at in (0..n).step_by(BLOCK).rev() {
        let end = (at + BLOCK).min(n);
        let (now, after) = x.as_mut().split_at_row_mut(end);
        let mut now = now.subrows_mut(at, end - at);
        for done in (end..n).step_by(BLOCK) {
            let rows = BLOCK.min(n - done);
            let right = factor.submatrix(at, done, end - at, rows);
            matmul(now.as_mut(), Accum::Add, right, after.as_ref().subrows(done - end, rows), -1.0, Par::Seq);
        }
        solve_upper_triangular_in_place(factor.submatrix(at, at, end - at, end - at), now, Par::Seq);
    }
}

/// Row weights d such that `d' (I - A)` is above 0, if they are found within [`WEIGHED`] steps. The sum
/// `1' (I + A + .. + A^k)` has this property if every element of `1' A^(k+1)` is below 1. Returns ones if the first
/// step suffices, or if A has negative coefficients.
fn row_weights(coefficients: &Matrix, stage: &Stage<'_>) -> Result<Vec<f64>> {
    let ones = vec![1.0; coefficients.rows()];
    if !product::nonnegative(coefficients) {
        return Ok(ones);
    }
    let mut weights = ones.clone();
    let mut layer = vec![ones.clone()];
    for k in 0..WEIGHED {
        layer = product::rows_times(&layer, coefficients, &stage.slice(k, WEIGHED))?;
        if layer[0].iter().all(|&x| x < 1.0) {
            return Ok(weights);
        }
        weights.iter_mut().zip(&layer[0]).for_each(|(weight, x)| *weight += x);
    }
    Ok(if weights.iter().all(|weight| weight.is_finite()) { weights } else { ones })
}

/// `D (I - A)`.
fn weighted_difference(coefficients: &Matrix, weights: &[f64]) -> Mat<f64> {
    let n = coefficients.rows();
    let mut matrix = Mat::zeros(n, n);
    with_columns!(coefficients, columns => fill_difference(columns, weights, 0, matrix.as_mut(), threads::count()));
    matrix
}

/// The columns of `D (I - A)` from `first` on, in `pieces` parallel parts.
fn fill_difference<T: Number>(
    columns: &Columns<T>,
    weights: &[f64],
    first: usize,
    mut target: MatMut<'_, f64>,
    pieces: usize,
) {
    if pieces > 1 {
        let half = target.ncols() * (pieces / 2) / pieces;
        let (left, right) = target.split_at_col_mut(half);
        rayon::join(
            || fill_difference(columns, weights, first, left, pieces / 2),
            || fill_difference(columns, weights, first + half, right, pieces - pieces / 2),
        );
        return;
    }
    for k in 0..target.ncols() {
        let column = columns.column(first + k);
        for (i, (&a, weight)) in column.iter().zip(weights).enumerate() {
            let unit = if i == first + k { 1.0 } else { 0.0 };
            target[(i, k)] = weight * (unit - a.into());
        }
    }
}

fn singular() -> Error {
    Error::bad_whole("I - A is singular: the production layers of this table do not converge")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Progress;

    /// More rows than two blocks and a panel, so that every kind of product occurs, with and without moved rows.
    #[test]
    fn the_inverse_of_several_blocks_solves_every_unit_column() {
        let n = 2 * BLOCK + factor::PANEL / 3;
        let noise = |i: usize, j: usize| ((i * 7919 + j * 104_729) % 1009) as f64 / 1009.0;
        let of_table = |i: usize, j: usize| 1.6 * noise(i, j) / n as f64;
        // The largest element of a column of I - A is not on the diagonal.
        let moving = |i: usize, j: usize| match j == (i + 1) % n {
            true => -2.0,
            false => f64::from(u8::from(i == j)) - noise(i, j) / n as f64,
        };
        for a in [&of_table as &dyn Fn(usize, usize) -> f64, &moving] {
            let progress = Progress::default();
            let stage = Stage::whole(&progress);
            let coefficients = Matrix::from_fn(n, n, Precision::F64, a);
            let factors = Factors::of(&coefficients, &stage).unwrap();
            let inverse = factors.invert(Precision::F64, &stage).unwrap();
            for j in 0..n {
                let column: Vec<f64> = (0..n).map(|i| inverse.get(i, j)).collect();
                let product = product::times_column(&coefficients, &column, &stage).unwrap();
                let residual = |i: usize| column[i] - product[i] - f64::from(u8::from(i == j));
                let largest = (0..n).map(residual).fold(0.0, |most: f64, x| most.max(x.abs()));
                assert!(largest < 1e-12, "column {j}: {largest}");
            }
        }
    }
}
