//! The Leontief inverse `L = (I-A)^-1` (Leontief 1936; Miller & Blair, Input-Output Analysis, chapter 2).
//!
//! `I - A` is factored by blocked LU with partial pivoting in f64, whatever the stored precision, then columns of the
//! inverse are solved in blocks, so that work can be watched and cancelled. For a table whose column sums are below 1,
//! `I - A` is diagonally dominant by columns: pivoting never moves a row, nothing cancels, and zeros of the inverse
//! (nobody delivers) come out as exact zeros. Blocks start at their first pivot, which saves a third of the work:
//! `2/3 n^3` operations for the factors and `4/3 n^3` for the inverse.

use std::ops::Range;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{solve_unit_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::perm::{permute_rows_in_place, permute_rows_in_place_scratch};
use faer::{Accum, Mat, Par};

use super::matrix::{Columns, Matrix};
use super::options::{LeontiefMode, Precision};
use super::product::{self, Number, with_columns};
use super::stage::Stage;
use crate::{Error, Result};

/// How the dense kernels use threads. Workers are the module's: one derivation is one worker's work. To spread it over
/// more, this is the place: `Par::rayon(n)` inside a pool of n, and the blocks of [`inverse`] in parallel.
const PAR: Par = Par::Seq;

/// Columns factored at a time.
const PANEL: usize = 256;

/// Columns of the inverse solved at a time, at least.
const SOLVED: usize = 128;

/// Bytes needed at the peak while the inverse of an `n x n` table is built, besides the table itself, and the columns
/// kept in lazy mode.
pub fn peak_bytes(n: usize, precision: Precision, mode: LeontiefMode) -> u64 {
    let n = n as u64;
    match mode {
        LeontiefMode::Full => n * n * 8 + held_bytes(n as usize, precision, mode) + n * 8 * (3 * SOLVED as u64),
        LeontiefMode::Lazy => held_bytes(n as usize, precision, mode) + n * 64,
    }
}

/// Bytes held afterwards, besides the table itself.
pub fn held_bytes(n: usize, precision: Precision, mode: LeontiefMode) -> u64 {
    match mode {
        LeontiefMode::Full => (n * n) as u64 * precision.bytes(),
        LeontiefMode::Lazy => (super::leontief::kept_columns(n) * n * 8) as u64,
    }
}

/// The inverse of `I - A` in the precision of `A`.
///
/// # Errors
/// [`Error::BadInput`] when `I - A` is singular, [`Error::Cancelled`].
pub(crate) fn inverse(coefficients: &Matrix, stage: &Stage<'_>) -> Result<Matrix> {
    let factors = Factors::of(coefficients, &stage.part(0.0, 1.0 / 3.0))?;
    // With A >= 0 and a spectral radius below 1, L >= 0: a sum below 0 is rounding.
    let clamp = product::nonnegative(coefficients);
    let solve = stage.part(1.0 / 3.0, 1.0);
    Ok(match coefficients.precision() {
        Precision::F64 => Matrix::F64(factors.inverse(clamp, &solve)?),
        Precision::F32 => Matrix::F32(factors.inverse(clamp, &solve)?),
    })
}

/// `P (I - A) = L U`, both factors in one matrix.
pub(crate) struct Factors {
    lu: Mat<f64>,
    /// Where row `c` of `I - A` went.
    row: Vec<usize>,
}

impl Factors {
    /// Factors `I - A`.
    pub(crate) fn of(coefficients: &Matrix, stage: &Stage<'_>) -> Result<Self> {
        let mut lu = identity_minus(coefficients);
        let n = lu.nrows();
        let mut origin: Vec<usize> = (0..n).collect();
        for start in (0..n).step_by(PANEL) {
            // What is left of the work is the cube of what is left of the matrix.
            stage.step(n.pow(3) - (n - start).pow(3), n.pow(3))?;
            let end = (start + PANEL).min(n);
            factor_panel(&mut lu, start..end, &mut origin);
        }
        if (0..n).any(|i| lu[(i, i)] == 0.0 || !lu[(i, i)].is_finite()) {
            return Err(singular());
        }
        let mut row = vec![0; n];
        for (i, &c) in origin.iter().enumerate() {
            row[c] = i;
        }
        Ok(Self { lu, row })
    }

    /// All columns of the inverse.
    fn inverse<T: Number>(&self, clamp: bool, stage: &Stage<'_>) -> Result<Columns<T>> {
        let n = self.row.len();
        let mut columns = Columns::new(n);
        let per_block = columns.per_block();
        let width = SOLVED.next_multiple_of(per_block).min(n);
        for start in (0..n).step_by(width.max(1)) {
            stage.step(start, n)?;
            let end = (start + width).min(n);
            let solved = self.solve(start..end);
            for first in (0..solved.ncols()).step_by(per_block) {
                let last = (first + per_block).min(solved.ncols());
                let numbers = (first..last).flat_map(|j| solved.col_as_slice(j));
                let block: Box<[T]> = numbers.map(|&x| T::store(if clamp && x < 0.0 { 0.0 } else { x })).collect();
                if !product::sum(&block).is_finite() {
                    return Err(singular());
                }
                columns.push_block(block);
            }
        }
        Ok(columns)
    }

    /// Columns `wanted` of the inverse.
    fn solve(&self, wanted: Range<usize>) -> Mat<f64> {
        let n = self.row.len();
        let mut solved = Mat::zeros(n, wanted.len());
        let first = wanted.clone().map(|c| self.row[c]).min().unwrap_or(0);
        for (k, c) in wanted.enumerate() {
            solved[(self.row[c], k)] = 1.0;
        }
        // Above the first pivot the solution of the lower factor is 0.
        let lower = self.lu.as_ref().submatrix(first, first, n - first, n - first);
        solve_unit_lower_triangular_in_place(lower, solved.as_mut().subrows_mut(first, n - first), PAR);
        solve_upper_triangular_in_place(self.lu.as_ref(), solved.as_mut(), PAR);
        solved
    }

    /// The row vector `m'` with `m' (I - A) = r'`.
    pub(crate) fn solve_row(&self, r: &[f64]) -> Vec<f64> {
        let n = self.row.len();
        let mut m = Mat::from_fn(n, 1, |i, _| r[i]);
        let transposed = self.lu.as_ref().transpose();
        faer::linalg::triangular_solve::solve_lower_triangular_in_place(transposed, m.as_mut(), PAR);
        faer::linalg::triangular_solve::solve_unit_upper_triangular_in_place(transposed, m.as_mut(), PAR);
        (0..n).map(|c| m[(self.row[c], 0)]).collect()
    }
}

/// One step of right-looking LU: factors the panel of columns `at` below the diagonal, moves the rows of the rest
/// accordingly, and subtracts what the panel contributes to the columns right of it.
fn factor_panel(lu: &mut Mat<f64>, at: Range<usize>, origin: &mut [usize]) {
    let n = lu.nrows();
    let (below, width) = (n - at.start, at.len());
    let (mut forward, mut backward) = (vec![0usize; below], vec![0usize; below]);
    let mut scratch = MemBuffer::new(lu_in_place_scratch::<usize, f64>(below, width, PAR, Default::default()));
    let (_, moves) = lu_in_place(
        lu.as_mut().submatrix_mut(at.start, at.start, below, width),
        &mut forward,
        &mut backward,
        PAR,
        MemStack::new(&mut scratch),
        Default::default(),
    );
    let order = moves.arrays().0;
    if order.iter().enumerate().any(|(i, &from)| i != from) {
        let widest = n.max(1);
        let mut scratch = MemBuffer::new(permute_rows_in_place_scratch::<usize, f64>(below, widest));
        let mut permute = |columns: Range<usize>| {
            let part = lu.as_mut().submatrix_mut(at.start, columns.start, below, columns.len());
            permute_rows_in_place(part, moves, MemStack::new(&mut scratch));
        };
        permute(0..at.start);
        permute(at.end..n);
        let before = origin[at.start..].to_vec();
        for (to, &from) in origin[at.start..].iter_mut().zip(order) {
            *to = before[from];
        }
    }
    if at.end == n {
        return;
    }
    let (left, right) = lu.as_mut().submatrix_mut(at.start, at.start, below, n - at.start).split_at_col_mut(width);
    let (diagonal, lower) = left.as_ref().split_at_row(width);
    let (mut upper, rest) = right.split_at_row_mut(width);
    solve_unit_lower_triangular_in_place(diagonal, upper.as_mut(), PAR);
    matmul(rest, Accum::Add, lower, upper.as_ref(), -1.0, PAR);
}

fn identity_minus(coefficients: &Matrix) -> Mat<f64> {
    let n = coefficients.rows();
    let mut matrix = Mat::zeros(n, n);
    with_columns!(coefficients, columns => for j in 0..n {
        let target = matrix.col_as_slice_mut(j);
        for (x, &a) in target.iter_mut().zip(columns.column(j)) {
            *x = -Into::<f64>::into(a);
        }
        target[j] += 1.0;
    });
    matrix
}

fn singular() -> Error {
    Error::bad_whole("I - A is singular: the production layers of this table do not add up to anything finite")
}
