//! Sums of the Neumann series `I + A + A^2 + ...` applied to a vector: products with the Leontief inverse without
//! storing it.
//!
//! Production layers are the terms of this series (Miller & Blair, chapter 2, "power series approximation"). It
//! converges if the spectral radius of A is below 1. Terms are added until every element of the last term is at most
//! [`FLOOR`] times its sum.

use crate::io::leontief::matrix::Matrix;
use crate::io::leontief::product::{rows_times, times_column};
use crate::io::stage::Stage;
use crate::{Error, Result};

/// The convergence limit: the last term divided by its sum.
const FLOOR: f64 = 1e-17;

/// The number of terms after which the series counts as divergent. A spectral radius of 0.998 needs about this many.
const MOST_TERMS: usize = 20_000;

/// The number of terms that typical data need; used for progress and estimates.
pub(crate) const USUAL_TERMS: usize = 64;

/// `L d` for a column `d`, that is `d + A d + A^2 d + ...`.
///
/// # Errors
/// [`Error::BadInput`] if the series does not converge within the limit, [`Error::Cancelled`].
pub(crate) fn times(coefficients: &Matrix, d: Vec<f64>, stage: &Stage<'_>) -> Result<Vec<f64>> {
    let mut sum = d.clone();
    let mut term = d;
    for k in 0..MOST_TERMS {
        term = times_column(coefficients, &term, &stage.slice(k.min(USUAL_TERMS), USUAL_TERMS + 1))?;
        if add(&mut sum, &term)? {
            return Ok(sum);
        }
    }
    Err(slow())
}

/// Sums `r'L` for several row vectors.
///
/// # Errors
/// [`Error::BadInput`] if a series does not converge within the limit, [`Error::Cancelled`].
pub(crate) fn rows(coefficients: &Matrix, rows: Vec<Vec<f64>>, stage: &Stage<'_>) -> Result<Vec<Vec<f64>>> {
    let mut sums = rows.clone();
    let mut terms = rows;
    for k in 0..MOST_TERMS {
        terms = rows_times(&terms, coefficients, &stage.slice(k.min(USUAL_TERMS), USUAL_TERMS + 1))?;
        let mut converged = true;
        for (sum, term) in sums.iter_mut().zip(&terms) {
            converged &= add(sum, term)?;
        }
        if converged {
            return Ok(sums);
        }
    }
    Err(slow())
}

/// Adds a term and returns whether the sum has converged.
fn add(sum: &mut [f64], term: &[f64]) -> Result<bool> {
    let mut converged = true;
    let mut finite = true;
    for (sum, &term) in sum.iter_mut().zip(term) {
        *sum += term;
        converged &= term.abs() <= FLOOR * sum.abs();
        finite &= sum.is_finite();
    }
    if finite { Ok(converged) } else { Err(slow()) }
}

/// The error for a series that converges too slowly.
pub(crate) fn slow() -> Error {
    Error::bad_whole(
        "the production layers converge too slowly to be added up, and memory does not suffice to factor I - A",
    )
}
