//! The second column of the changed table from that of the table, without a pass over the coefficients.
//!
//! `x = A'e_j` is a multiple f of `A e_j` except in few elements, so `A x` is `f A^2 e_j` and a sum of few columns. The
//! columns that change in another way than by changes of whole rows are few too: for the others, changes of rows apply to
//! the sum.

use super::apply::{Changed, Place};
use super::sets::Sets;
use crate::Result;
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::product::{add_columns, with_columns};
use crate::io::stage::Stage;

/// The share of a sum that must remain after a subtraction: four digits may be lost of sixteen.
const REMAINING: f64 = 1e-4;

/// `A'^2 e_j`, given `first = A'e_j`. `None` if too many digits would be lost, and for tables with negative
/// coefficients: a pass over the coefficients then computes it.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn second_column(
    changed: &Changed<'_>,
    leontief: &Leontief,
    sets: &Sets,
    j: usize,
    first: &[f64],
    stage: &Stage<'_>,
) -> Result<Option<Vec<f64>>> {
    if !leontief.is_nonnegative() {
        return Ok(None);
    }
    let n = changed.len();
    let before = changed.base_column(j);
    // Only changes of whole columns affect the elements outside of Q.
    let factor = if sets.c.binary_search(&(j as u32)).is_ok() { changed.plain_factor(j) } else { 1.0 };
    // Of each column beside those in `f A^2 e_j`. The columns that change by themselves are left out here.
    let mut weights = vec![0.0; n];
    for &q in &sets.q {
        weights[q as usize] = first[q as usize] - factor * before[q as usize];
    }
    let mut is_own = vec![false; n];
    for k in sets.c.iter().chain(&sets.y).map(|&k| k as usize).filter(|&k| changed.is_own(k)) {
        is_own[k] = true;
        weights[k] = -factor * before[k];
    }
    let of_sign = |sign: f64| -> Vec<(usize, f64)> {
        weights.iter().map(|w| w * sign).enumerate().filter(|(_, weight)| *weight > 0.0).collect()
    };
    let mut second = vec![0.0; n];
    if factor != 0.0 {
        let squared = leontief.squared(changed.matrix(), j, stage)?;
        second.iter_mut().zip(squared.iter()).for_each(|(sum, x)| *sum = factor * x);
    }
    let mut removed = vec![0.0; n];
    with_columns!(changed.matrix(), columns => {
        add_columns(columns, &(0..n), &of_sign(1.0), &mut second);
        add_columns(columns, &(0..n), &of_sign(-1.0), &mut removed);
    });
    for (sum, removed) in second.iter_mut().zip(removed) {
        let remaining = *sum - removed;
        // Also of rows that changes empty: a later change may fill them from others.
        let is_precise = removed == 0.0 || remaining >= REMAINING * *sum;
        if !is_precise {
            return Ok(None);
        }
        *sum = remaining;
    }
    changed.apply(Place::Plain, &mut second);
    for (k, _) in is_own.iter().enumerate().filter(|(_, is_own)| **is_own) {
        if first[k] != 0.0 {
            let column = changed.column(k);
            second.iter_mut().zip(column).for_each(|(sum, a)| *sum += first[k] * a);
        }
    }
    Ok(Some(second))
}
