//! Whether the production layers of a table converge: the spectral radius of A is below 1.
//!
//! For A >= 0 the answer is exact. If all column sums are below 1, so is the radius. Otherwise the check searches for
//! rows `v` > 0 with `vA < v` everywhere, which prove that the radius is below 1, or for nonnegative rows `u` with
//! `uA >= u` wherever `u` is not 0, which prove that it is not (Collatz-Wielandt; Berman & Plemmons, Nonnegative
//! Matrices, chapters 2 and 6). If neither is found within a limited number of steps, `m' (I - A) = 1'` decides: the
//! radius is below 1, that is, `I - A` is an M-matrix, if and only if some m > 0 has `m - m'A > 0` (Berman & Plemmons,
//! theorem 6.2.3, I27).

use crate::io::leontief::matrix::Matrix;
use crate::io::leontief::number::Number;
use crate::io::leontief::product::{dot, each_column, nonnegative, sum, with_columns};
use crate::io::leontief::solve::Factors;
use crate::io::shown::shown_node;
use crate::io::stage::Stage;
use crate::io::table::Table;
use crate::{Error, Progress, Result};

/// The number of rows tried before the equations are solved.
const TRIED: usize = 200;

/// The rounding tolerance: a result closer to 1 is decided by the equations.
const ROUNDING: f64 = 1e-12;

/// The number of steps in which the growth for negative coefficients is measured, after as many steps to settle.
const MEASURED: usize = 300;

/// Checks that the series `I + A + A^2 + ...` converges. The cost is one pass over the coefficients for typical tables.
/// In the rare case that the equations must be solved, it temporarily needs 8 n^2 bytes of memory.
///
/// With negative coefficients, `|A|` is checked first, which is sufficient. If this check fails, the growth of `A^k x`
/// is measured.
///
/// # Errors
/// [`Error::BadInput`], which names the column with the largest sum, if the radius is not below 1;
/// [`Error::Cancelled`].
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

/// The error for divergence. It names a node that uses at least all of its own output as input, because that is the
/// cause; otherwise the node with the largest column sum.
fn diverges(sums: &[f64], table: &Table) -> Error {
    let own = (0..sums.len()).find(|&j| table.coefficients.get(j, j) >= 1.0);
    let worst = (0..sums.len()).max_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(0);
    let (node, what, value) = match own {
        Some(j) => (j, "needs as much of its own output as it makes", table.coefficients.get(j, j)),
        None => (worst, "has the largest sum of inputs per unit of output", sums[worst]),
    };
    let (region, sector) = table.labels.names(node);
    Error::bad_whole(format!(
        "the production layers do not converge: the spectral radius is not below 1; {} {what} ({value})",
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

/// Whether the radius of |A| is below 1, if a row that proves it is found.
///
/// The rows are `1' ((I + |A|) / 2)^k`. Adding I keeps them above 0 and prevents the iteration from cycling.
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
        // Elements that must be above 0 must not underflow to 0.
        v = product.iter().zip(&v).map(|(p, v)| ((p + v) / most).max(f64::MIN_POSITIVE)).collect();
    }
    Ok(None)
}

/// Solves `m' (I - A) = 1'` for A >= 0 and checks whether m proves that the radius is below 1.
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
    // The exact difference is 1. The limit 0.5 excludes tables whose difference could be rounding error; they are
    // rejected.
    Ok(m.iter().zip(&product).all(|(m, product)| m - product > 0.5))
}

/// The growth factor of `A^k x` per step, from a fixed start vector.
fn measured_growth(matrix: &Matrix, stage: &Stage<'_>) -> Result<f64> {
    let n = matrix.rows();
    // Any start vector works unless it is orthogonal to the growing part: these are the fractional parts of multiples
    // of the golden ratio.
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
