//! Whether the production layers of a changed table converge: the spectral radius of `A'` is below 1.
//!
//! With `A >= 0`, changes that only make coefficients smaller never raise the radius. In all other cases a proof is
//! needed: rows `v` > 0 with `v'|A'| < v'` everywhere (Collatz-Wielandt; Berman & Plemmons, Nonnegative Matrices,
//! chapter 2), or a step k with `1'|A'|^k < 1'`. Without a proof, changes are refused. Of a table with negative
//! coefficients this may also refuse changes for which the layers converge.

use super::apply::{Changed, diverges};
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::product::dot;
use crate::io::stage::Stage;
use crate::{Progress, Result};

/// The rounding tolerance of a comparison.
const ROUNDING: f64 = 1e-12;

/// The most steps of a proof, each a pass over the table.
pub(super) const MOST_STEPS: u64 = 500;

/// Checks that the layers of the changed table converge.
///
/// # Errors
/// [`crate::Error::Invalid`] if that cannot be shown, [`crate::Error::Cancelled`].
pub(super) fn check(changed: &Changed<'_>, leontief: &Leontief, progress: &Progress) -> Result<()> {
    if leontief.is_nonnegative() && changed.only_falls {
        return Ok(());
    }
    let stage = Stage::whole(progress);
    let signed = !leontief.is_nonnegative();
    // For the table itself, v = 1'L has v'A = v' - 1', so that small changes keep v'A' below v'.
    let v = leontief.activity();
    let product = times_magnitudes(changed, v, signed, &stage)?;
    if falls(&product, v) {
        return Ok(());
    }
    let mut v = vec![1.0; changed.len()];
    for k in 0..MOST_STEPS {
        let product = times_magnitudes(changed, &v, signed, &stage)?;
        // v is a multiple of 1'|A'|^k, at most 1 times it.
        if falls(&product, &vec![1.0; v.len()]) {
            return Ok(());
        }
        if k % 8 == 7 {
            let u: Vec<f64> = product.iter().zip(&v).map(|(p, &v)| if *p >= v { v } else { 0.0 }).collect();
            let again = times_magnitudes(changed, &u, signed, &stage)?;
            let covers = u.iter().any(|&u| u > 0.0);
            if covers && again.iter().zip(&u).all(|(again, &u)| u == 0.0 || *again >= u * (1.0 + ROUNDING)) {
                return Err(diverges());
            }
        }
        if !product.iter().all(|x| x.is_finite()) {
            return Err(diverges());
        }
        v = product;
    }
    Err(diverges())
}

/// Whether every element of `product` is below that of `v`, and all of `v` are above 0.
fn falls(product: &[f64], v: &[f64]) -> bool {
    // Written so that numbers that are not finite fail.
    product.iter().zip(v).all(|(product, &v)| v > 0.0 && v.is_finite() && *product < v * (1.0 - ROUNDING))
}

/// `v' |A'|`.
fn times_magnitudes(changed: &Changed<'_>, v: &[f64], signed: bool, stage: &Stage<'_>) -> Result<Vec<f64>> {
    let mut product = vec![0.0; v.len()];
    let mut magnitudes = Vec::with_capacity(v.len());
    changed.each_column(stage, |j, column| {
        product[j] = if signed {
            magnitudes.clear();
            magnitudes.extend(column.iter().map(|a| a.abs()));
            dot(v, &magnitudes)
        } else {
            dot(v, column)
        };
    })?;
    Ok(product)
}
