//! Whether the production layers of a table add up: the spectral radius of A is below 1.
//!
//! For A >= 0 the answer is exact. Column sums below 1 settle it at once. Otherwise rows `v` > 0 are sought with
//! `vA < v` everywhere, which bounds the radius below 1, or nonnegative rows `u` with `uA >= u` on all they cover, which
//! bounds it from below (Collatz-Wielandt; Berman & Plemmons, Nonnegative Matrices, chapters 2 and 6). Where neither is
//! found soon, `m' (I - A) = 1'` decides: `I - A` is an M-matrix, hence the radius below 1, exactly if some m > 0 has
//! `m - m'A > 0` (Berman & Plemmons, theorem 6.2.3, I27).

use super::matrix::Matrix;
use super::product::{Number, dot, each_column, nonnegative, sum, with_columns};
use super::shown::shown_node;
use super::solve::Factors;
use super::stage::Stage;
use super::table::Table;
use crate::{Error, Progress, Result};

/// Rows tried before the equations are solved.
const TRIED: usize = 200;

/// Rounding must not decide: what is nearer to 1 is left to the equations.
const ROUNDING: f64 = 1e-12;

/// Steps by which the growth of a table with negative coefficients is measured, after as many to settle.
const MEASURED: usize = 300;

/// Checks that the series `I + A + A^2 + ...` converges. Costs one pass over the coefficients for ordinary tables; in
/// the rare case that needs the equations solved, 8 n^2 bytes of memory for a moment.
///
/// With negative coefficients, `|A|` is checked first, which suffices; failing that, the growth of `A^k x` is measured.
///
/// # Errors
/// [`Error::BadInput`] naming the column with the largest sum when the radius is not below 1, [`Error::Cancelled`].
pub fn spectral_check(table: &Table, progress: &Progress) -> Result<()> {
    let stage = Stage::whole(progress);
    let matrix = &table.coefficients;
    let sums = column_sums(matrix, &stage)?;
    let signed = !nonnegative(matrix);
    let magnitudes = if signed { magnitude_sums(matrix, &stage)? } else { sums.clone() };
    if magnitudes.iter().all(|&sum| sum < 1.0) {
        return Ok(());
    }
    let below = match (tried_rows(matrix, &stage)?, signed) {
        (Some(true), _) => true,
        (Some(false), false) => false,
        (None, false) => solved_row(matrix, &stage)?,
        (_, true) => measured_growth(matrix, &stage)? < 1.0,
    };
    if below { Ok(()) } else { Err(diverges(&sums, table)) }
}

/// A node that needs all of its output as input to make it is named before the one with the largest sum: it is the cause.
fn diverges(sums: &[f64], table: &Table) -> Error {
    let own = (0..sums.len()).find(|&j| table.coefficients.get(j, j) >= 1.0);
    let worst = (0..sums.len()).max_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(0);
    let (node, what, value) = match own {
        Some(j) => (j, "needs as much of its own output as it makes", table.coefficients.get(j, j)),
        None => (worst, "has the largest sum of inputs per unit of output", sums[worst]),
    };
    let (region, sector) = table.labels.names(node);
    Error::bad_whole(format!(
        "the production layers do not add up to anything finite: the spectral radius is not below 1; {} {what} ({value})",
        shown_node(region, sector)
    ))
}

fn column_sums(matrix: &Matrix, stage: &Stage<'_>) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; matrix.rows()];
    with_columns!(matrix, columns => each_column(columns, stage, |j, column| sums[j] = sum(column)))?;
    Ok(sums)
}

fn magnitude_sums(matrix: &Matrix, stage: &Stage<'_>) -> Result<Vec<f64>> {
    let ones = vec![1.0; matrix.rows()];
    row_times_magnitudes(&ones, matrix, stage)
}

/// `v' |A|`.
fn row_times_magnitudes(v: &[f64], matrix: &Matrix, stage: &Stage<'_>) -> Result<Vec<f64>> {
    fn product<T: Number>(v: &[f64], column: &[T]) -> f64 {
        let magnitudes: Vec<f64> = column.iter().map(|&a| a.into().abs()).collect();
        dot(v, &magnitudes)
    }
    let mut products = vec![0.0; v.len()];
    with_columns!(matrix, columns => each_column(columns, stage, |j, column| products[j] = product(v, column)))?;
    Ok(products)
}

/// Whether the radius of |A| is below 1, if a row is found that shows it.
///
/// Rows are `1' ((I + |A|) / 2)^k`: adding I keeps them above 0 and spares the iteration from running in circles.
fn tried_rows(matrix: &Matrix, stage: &Stage<'_>) -> Result<Option<bool>> {
    let mut v = vec![1.0; matrix.rows()];
    for k in 0..TRIED {
        let stage = stage.slice(k, 2 * TRIED);
        let product = row_times_magnitudes(&v, matrix, &stage)?;
        if product.iter().zip(&v).all(|(product, v)| *product < v * (1.0 - ROUNDING)) {
            return Ok(Some(true));
        }
        if k % 8 == 7 {
            let u: Vec<f64> = product.iter().zip(&v).map(|(p, &v)| if *p >= v { v } else { 0.0 }).collect();
            let again = row_times_magnitudes(&u, matrix, &stage)?;
            let covers = u.iter().any(|&u| u > 0.0);
            if covers && again.iter().zip(&u).all(|(again, &u)| u == 0.0 || *again >= u * (1.0 + ROUNDING)) {
                return Ok(Some(false));
            }
        }
        let most = product.iter().zip(&v).map(|(p, v)| p + v).fold(0.0, f64::max);
        if !most.is_finite() {
            return Ok(Some(false));
        }
        // A row that shrinks beyond the smallest number would be 0 where it must be above.
        v = product.iter().zip(&v).map(|(p, v)| ((p + v) / most).max(f64::MIN_POSITIVE)).collect();
    }
    Ok(None)
}

/// Solves `m' (I - A) = 1'` for A >= 0 and looks whether m proves that the radius is below 1.
fn solved_row(matrix: &Matrix, stage: &Stage<'_>) -> Result<bool> {
    let Ok(factors) = Factors::of(matrix, &stage.part(0.5, 0.95)) else {
        stage.step(1, 1)?;
        return Ok(false);
    };
    let m = factors.solve_row(&vec![1.0; matrix.rows()]);
    if !m.iter().all(|&m| m.is_finite() && m > 0.0) {
        return Ok(false);
    }
    let product = row_times_magnitudes(&m, matrix, stage)?;
    // The difference is 1 but for rounding, which must not make it up: a table so near to 1 that it could is refused.
    Ok(m.iter().zip(&product).all(|(m, product)| m - product > 0.5))
}

/// The factor by which `A^k x` grows in a step, from a fixed start.
fn measured_growth(matrix: &Matrix, stage: &Stage<'_>) -> Result<f64> {
    let n = matrix.rows();
    // Any start does that is not orthogonal to what grows: the fractional parts of multiples of the golden ratio.
    let mut x: Vec<f64> = (0..n).map(|i| 0.5 + (i as f64 * 0.618_033_988_749_894_9).fract()).collect();
    let mut logarithms = 0.0;
    for k in 0..2 * MEASURED {
        let stage = stage.slice(MEASURED + k / 2, 2 * MEASURED);
        let mut product = vec![0.0; n];
        with_columns!(matrix, columns => each_column(columns, &stage, |j, column| product[j] = dot(&x, column)))?;
        let norm = product.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm == 0.0 {
            return Ok(0.0);
        }
        if !norm.is_finite() {
            return Ok(f64::INFINITY);
        }
        if k >= MEASURED {
            logarithms += norm.ln();
        }
        x = product.iter().map(|x| x / norm).collect();
    }
    Ok((logarithms / MEASURED as f64).exp())
}
