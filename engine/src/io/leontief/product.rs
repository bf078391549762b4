//! Products of vectors with matrices stored by columns. Stored numbers may be f32; sums are always f64.
//!
//! The loops are written so that the compiler can use vector instructions without changing the order of additions: a
//! dot product has [`LANES`] running sums ([`LANES_EACH`] if several are computed together), so the result depends only on
//! the length of the vectors, not on the machine.
//! They are compiled for several sets of vector instructions, of which the best one that the processor has is used.

use std::ops::Range;

use pulp::Arch;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::Result;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::leontief::threads;
use crate::io::stage::Stage;

/// Running sums of a dot product.
const LANES: usize = 16;

/// The number of columns that are multiplied together, so that the vector is read or written less often.
pub(crate) const TOGETHER: usize = 4;

/// Running sums of a dot product of one of several columns.
const LANES_EACH: usize = 4;

/// The number of columns between two checks for cancellation.
const STRIDE: usize = 64;

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
    Arch::new().dispatch(
        #[inline(always)]
        || dot_loop(x, y),
    )
}

#[inline(always)]
fn dot_loop<T: Number>(x: &[f64], y: &[T]) -> f64 {
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

/// The dot products of `x` with several columns of its length, which are read together.
pub(crate) fn dots<T: Number>(x: &[f64], columns: [&[T]; TOGETHER]) -> [f64; TOGETHER] {
    Arch::new().dispatch(
        #[inline(always)]
        || dots_loop(x, columns),
    )
}

#[inline(always)]
fn dots_loop<T: Number>(x: &[f64], columns: [&[T]; TOGETHER]) -> [f64; TOGETHER] {
    let (x, x_rest) = x.as_chunks::<LANES_EACH>();
    let [a, b, c, d] = columns.map(|column| column.as_chunks::<LANES_EACH>());
    let mut sums = [[0.0; LANES_EACH]; TOGETHER];
    for ((x, a), (b, (c, d))) in x.iter().zip(a.0).zip(b.0.iter().zip(c.0.iter().zip(d.0))) {
        for lane in 0..LANES_EACH {
            sums[0][lane] += x[lane] * a[lane].into();
            sums[1][lane] += x[lane] * b[lane].into();
            sums[2][lane] += x[lane] * c[lane].into();
            sums[3][lane] += x[lane] * d[lane].into();
        }
    }
    let rest = |column: &[T]| x_rest.iter().zip(column).map(|(x, &a)| x * a.into()).sum::<f64>();
    let rests = [rest(a.1), rest(b.1), rest(c.1), rest(d.1)];
    std::array::from_fn(|k| sums[k].iter().sum::<f64>() + rests[k])
}

/// Adds columns times their factors, given as pairs, to `sums`: the rows of a range.
pub(crate) fn add_columns<T: Number>(
    columns: &Columns<T>,
    rows: &Range<usize>,
    factors: &[(usize, f64)],
    sums: &mut [f64],
) {
    Arch::new().dispatch(
        #[inline(always)]
        || add_loop(columns, rows, factors, sums),
    );
}

#[inline(always)]
fn add_loop<T: Number>(columns: &Columns<T>, rows: &Range<usize>, factors: &[(usize, f64)], sums: &mut [f64]) {
    let column = |j: usize| &columns.column(j)[rows.clone()];
    let (fours, rest) = factors.as_chunks::<TOGETHER>();
    for &[(i, e), (j, f), (k, g), (l, h)] in fours {
        if [e, f, g, h] == [0.0; TOGETHER] {
            continue;
        }
        let pairs = column(i).iter().zip(column(j)).zip(column(k).iter().zip(column(l)));
        for (sum, ((&a, &b), (&c, &d))) in sums.iter_mut().zip(pairs) {
            *sum += (e * a.into() + f * b.into()) + (g * c.into() + h * d.into());
        }
    }
    for &(j, factor) in rest {
        for (sum, &a) in sums.iter_mut().zip(column(j)) {
            *sum += factor * a.into();
        }
    }
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
    let n = matrix.rows();
    let mut y = vec![0.0; n];
    let factors: Vec<(usize, f64)> = x.iter().copied().enumerate().filter(|(_, factor)| *factor != 0.0).collect();
    for (k, factors) in factors.chunks(STRIDE).enumerate() {
        stage.step(k * STRIDE, n)?;
        with_columns!(matrix, columns => add_columns(columns, &(0..n), factors, &mut y));
    }
    stage.step(1, 1)?;
    Ok(y)
}

/// The numbers converted to f64.
pub(crate) fn widened<T: Number>(numbers: &[T]) -> Vec<f64> {
    numbers.iter().map(|&a| a.into()).collect()
}

/// The number of nonzero elements.
pub(crate) fn nonzeros(matrix: &Matrix) -> u64 {
    fn count<T: Number>(columns: &Columns<T>) -> u64 {
        columns.blocks().map(|block| block.iter().filter(|&&a| a.into() != 0.0).count() as u64).sum()
    }
    with_columns!(matrix, columns => count(columns))
}

/// Whether no element is below 0.
pub(crate) fn nonnegative(matrix: &Matrix) -> bool {
    fn all<T: Number>(columns: &Columns<T>) -> bool {
        columns.blocks().all(|block| !block.iter().any(|&a| a.into() < 0.0))
    }
    with_columns!(matrix, columns => all(columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Progress;
    use crate::io::options::Precision;

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
    fn several_columns_together_are_the_same_as_one_after_the_other() {
        const N: usize = 19;
        let mut columns = Columns::new(N, 7);
        (0..7).for_each(|j| columns.push(&(0..N).map(|i| (1 + i * 7 + j) as f64).collect::<Vec<f64>>()));
        let x: Vec<f64> = (0..N).map(|i| (i % 5) as f64).collect();
        let together = dots(&x, [0, 2, 3, 6].map(|j| columns.column(j)));
        assert_eq!(together, [0, 2, 3, 6].map(|j| dot(&x, columns.column(j))));
        let factors = [(0, 1.0), (1, 2.0), (2, 0.0), (3, -1.0), (4, 0.0), (5, 3.0)];
        let mut sums = vec![100.0; 4];
        add_columns(&columns, &(10..14), &factors, &mut sums);
        for (k, sum) in sums.iter().enumerate() {
            let expected: f64 = factors.iter().map(|&(j, factor)| factor * columns.column(j)[10 + k]).sum();
            assert_eq!(*sum, 100.0 + expected);
        }
    }

    #[test]
    fn products_with_rows_and_columns_follow_the_definition() {
        // [[1, 3], [2, 4]] by columns
        let matrix = Matrix::from_fn(2, 2, Precision::F64, |i, j| (1 + i + 2 * j) as f64);
        let progress = Progress::default();
        let stage = Stage::whole(&progress);
        assert_eq!(rows_times(&[vec![1.0, 10.0]], &matrix, &stage).unwrap(), [[21.0, 43.0]]);
        assert_eq!(times_column(&matrix, &[1.0, 10.0], &stage).unwrap(), [31.0, 42.0]);
        assert_eq!(nonzeros(&matrix), 4);
        assert!(nonnegative(&matrix));
    }
}
