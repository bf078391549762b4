//! One diagonal block of `I - A`, and its inverse.

use std::ops::Range;

use faer::Mat;

use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::leontief::product::{dot, with_columns};

/// The smallest pivot. A smaller one is a difference that has lost more than six digits.
const SMALLEST_PIVOT: f64 = 1.0 / 1_048_576.0;

/// The nodes of a block and `(I - A_JJ)^-1 - I`, by columns. All numbers are nonnegative.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) at: Range<usize>,
    loops: Vec<f64>,
}

impl Block {
    /// Solves a block; `None` if one of its columns of A has an element that is not at least 0, or if its spectral radius
    /// is not below 1, or too close to 1.
    pub(super) fn of(coefficients: &Matrix, at: Range<usize>) -> Option<Self> {
        let numbers = with_columns!(coefficients, columns => diagonal(columns, &at))?;
        Some(Self { loops: loops(numbers, at.len())?, at })
    }

    /// `s' (I - A_JJ)^-1` for every column s of `sums`, which has one row per node of the block.
    pub(super) fn row_solutions(&self, sums: &Mat<f64>) -> Mat<f64> {
        let width = self.at.len();
        let mut solved = sums.clone();
        for v in 0..sums.ncols() {
            let right = sums.col_as_slice(v);
            let column = self.loops.chunks_exact(width);
            for (x, column) in solved.col_as_slice_mut(v).iter_mut().zip(column) {
                *x += dot(right, column);
            }
        }
        solved
    }

    /// `(I - A_JJ)^-1 s` for every column s of `sums`, which has one row per node of the block.
    pub(super) fn column_solutions(&self, sums: &Mat<f64>) -> Mat<f64> {
        let width = self.at.len();
        let mut solved = sums.clone();
        for v in 0..sums.ncols() {
            for (column, &factor) in self.loops.chunks_exact(width).zip(sums.col_as_slice(v)) {
                if factor != 0.0 {
                    add_times(solved.col_as_slice_mut(v), column, factor);
                }
            }
        }
        solved
    }
}

/// `A_JJ` by columns; `None` if a column of the block has an element, in any row, that is not at least 0.
fn diagonal<T: Number>(columns: &Columns<T>, at: &Range<usize>) -> Option<Vec<f64>> {
    let mut numbers = Vec::with_capacity(at.len() * at.len());
    for column in at.clone().map(|j| columns.column(j)) {
        // No early end: the compiler uses vector instructions.
        if !column.iter().fold(true, |all, &a| all & (a.into() >= 0.0)) {
            return None;
        }
        numbers.extend(column[at.clone()].iter().map(|&a| Into::<f64>::into(a)));
    }
    Some(numbers)
}

/// `(I - C)^-1 - I` for a nonnegative C of `width` columns, in place.
///
/// This is Gauss-Jordan elimination as the algebra of paths writes it (Backhouse & Carre 1975): step k adds the paths
/// that pass node k. The only subtractions are those of the pivots `1 - c_kk`; these are those of the elimination of
/// `I - C` without row exchanges, and all of them are positive if and only if `I - C` is an M-matrix (Berman & Plemmons,
/// theorem 6.2.3, E18). Hence there is no other cancellation, and zeros stay exact.
fn loops(mut numbers: Vec<f64>, width: usize) -> Option<Vec<f64>> {
    for k in 0..width {
        let through = numbers[k * width..(k + 1) * width].to_vec();
        let pivot = 1.0 - through[k];
        if pivot.is_nan() || pivot < SMALLEST_PIVOT {
            return None;
        }
        for column in numbers.chunks_exact_mut(width) {
            let factor = column[k] / pivot;
            if factor != 0.0 {
                add_times(column, &through, factor);
            }
        }
    }
    Some(numbers)
}

fn add_times(sums: &mut [f64], numbers: &[f64], factor: f64) {
    sums.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += factor * x);
}
