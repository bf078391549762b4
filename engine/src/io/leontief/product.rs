//! Products of vectors with matrices stored by columns. Stored numbers may be f32; sums are always f64.
//!
//! The loops are written so that the compiler can use vector instructions without changing the order of additions: a
//! dot product has [`LANES`] running sums, so the result depends only on the length of the vectors, not on the machine.

use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::Result;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::threads;
use crate::io::stage::Stage;

/// Running sums of a dot product.
const LANES: usize = 16;

/// The number of columns between two checks for cancellation.
const STRIDE: usize = 64;

/// A number type that matrices store.
pub(crate) trait Number: Copy + Into<f64> + Send + Sync {
    /// `x` rounded to this type.
    fn store(x: f64) -> Self;
}

impl Number for f64 {
    fn store(x: f64) -> Self {
        x
    }
}

impl Number for f32 {
    fn store(x: f64) -> Self {
        x as Self
    }
}

/// Runs the same code for the columns of a matrix of either precision.
macro_rules! with_columns {
    ($matrix:expr, $columns:ident => $body:expr) => {
        match $matrix {
            $crate::io::leontief::matrix::Matrix::F64($columns) => $body,
            $crate::io::leontief::matrix::Matrix::F32($columns) => $body,
        }
    };
}
pub(crate) use with_columns;

/// `x' y` for vectors of equal length.
pub(crate) fn dot<T: Number>(x: &[f64], y: &[T]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (x_chunks, x_rest) = x.as_chunks::<LANES>();
    let (y_chunks, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x_chunks.iter().zip(y_chunks) {
        for k in 0..LANES {
            lanes[k] += x[k] * y[k].into();
        }
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(&x, &y)| x * y.into()).sum();
    sum_lanes(lanes) + rest
}

/// The sum of the elements.
pub(crate) fn sum<T: Number>(x: &[T]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for k in 0..LANES {
            lanes[k] += chunk[k].into();
        }
    }
    sum_lanes(lanes) + rest.iter().map(|&x| x.into()).sum::<f64>()
}

fn sum_lanes(lanes: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    let mut lanes = lanes;
    while width > 0 {
        for k in 0..width {
            lanes[k] += lanes[k + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Calls `each(j, column j)` for all columns and regularly checks for cancellation.
pub(crate) fn each_column<T: Number>(
    columns: &Columns<T>,
    stage: &Stage<'_>,
    each: impl FnMut(usize, &[T]),
) -> Result<()> {
    each_column_of(columns, 0..columns.len(), stage, each)
}

fn each_column_of<T: Number>(
    columns: &Columns<T>,
    wanted: Range<usize>,
    stage: &Stage<'_>,
    mut each: impl FnMut(usize, &[T]),
) -> Result<()> {
    for j in wanted.clone() {
        if j.is_multiple_of(STRIDE) {
            stage.step(j - wanted.start, wanted.len())?;
        }
        each(j, columns.column(j));
    }
    stage.step(1, 1)
}

/// `y' = x' M` for several row vectors `x` in one pass over the matrix. Each `x` has one element per row of `M`. Every
/// element of `y` is one dot product, so the result does not depend on the number of threads.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(crate) fn rows_times(rows: &[Vec<f64>], matrix: &Matrix, stage: &Stage<'_>) -> Result<Vec<Vec<f64>>> {
    fn part<T: Number>(
        rows: &[Vec<f64>],
        columns: &Columns<T>,
        wanted: Range<usize>,
        stage: &Stage<'_>,
    ) -> Result<Vec<Vec<f64>>> {
        let mut products = vec![vec![0.0; wanted.len()]; rows.len()];
        each_column_of(columns, wanted.clone(), stage, |j, column| {
            for (product, row) in products.iter_mut().zip(rows) {
                product[j - wanted.start] = dot(row, column);
            }
        })?;
        Ok(products)
    }
    let n = matrix.rows();
    let width = n.div_ceil(threads::count()).max(1);
    let wanted: Vec<Range<usize>> = (0..n).step_by(width).map(|start| start..(start + width).min(n)).collect();
    let parts: Vec<Result<Vec<Vec<f64>>>> = with_columns!(matrix, columns => {
        match &wanted[..] {
            [all] => vec![part(rows, columns, all.clone(), stage)],
            _ => wanted.into_par_iter().map(|wanted| part(rows, columns, wanted, stage)).collect(),
        }
    });
    let mut products = vec![Vec::with_capacity(n); rows.len()];
    for part in parts {
        for (product, piece) in products.iter_mut().zip(part?) {
            product.extend(piece);
        }
    }
    Ok(products)
}

/// `y = M x`. Columns whose factor is 0 are not read.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(crate) fn times_column(matrix: &Matrix, x: &[f64], stage: &Stage<'_>) -> Result<Vec<f64>> {
    let mut y = vec![0.0; matrix.rows()];
    with_columns!(matrix, columns => each_column(columns, stage, |j, column| {
        let factor = x[j];
        if factor != 0.0 {
            for (y, &a) in y.iter_mut().zip(column) {
                *y += factor * Into::<f64>::into(a);
            }
        }
    }))?;
    Ok(y)
}

/// The numbers converted to f64.
pub(crate) fn widened<T: Number>(numbers: &[T]) -> Vec<f64> {
    numbers.iter().map(|&a| a.into()).collect()
}

/// The number of nonzero elements.
pub(crate) fn nonzeros(matrix: &Matrix) -> u64 {
    fn count<T: Number>(columns: &Columns<T>) -> u64 {
        columns.blocks().iter().map(|block| block.iter().filter(|&&a| a.into() != 0.0).count() as u64).sum()
    }
    with_columns!(matrix, columns => count(columns))
}

/// Whether no element is below 0.
pub(crate) fn nonnegative(matrix: &Matrix) -> bool {
    fn all<T: Number>(columns: &Columns<T>) -> bool {
        columns.blocks().iter().all(|block| !block.iter().any(|&a| a.into() < 0.0))
    }
    with_columns!(matrix, columns => all(columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Progress;

    #[test]
    fn a_dot_product_counts_every_element_once_whatever_the_length() {
        for n in [0, 1, 15, 16, 17, 40, 64] {
            let x: Vec<f64> = (0..n).map(f64::from).collect();
            let ones = vec![1.0f32; x.len()];
            let expected = f64::from(n * (n - 1) / 2);
            assert_eq!(dot(&x, &ones), expected);
            assert_eq!(sum(&x), expected);
        }
    }

    #[test]
    fn products_with_rows_and_columns_follow_the_definition() {
        // [[1, 3], [2, 4]] by columns
        let mut columns = Columns::new(2);
        columns.push_block(vec![1.0, 2.0, 3.0, 4.0].into());
        let matrix = Matrix::F64(columns);
        let progress = Progress::default();
        let stage = Stage::whole(&progress);
        assert_eq!(rows_times(&[vec![1.0, 10.0]], &matrix, &stage).unwrap(), [[21.0, 43.0]]);
        assert_eq!(times_column(&matrix, &[1.0, 10.0], &stage).unwrap(), [31.0, 42.0]);
        assert_eq!(nonzeros(&matrix), 4);
        assert!(nonnegative(&matrix));
    }
}
