//! The supply chain of one node after changes: a column and a row of the changed inverse, and the production layers.
//!
//! With the whole inverse of the table and few changed rows and columns, both are low-rank updates, verified with
//! changed coefficients. Otherwise they are sums of the series of the changed table.

use super::apply::{Changed, diverges};
use super::converge;
use super::second::second_column;
use super::sets::Sets;
use super::update::Update;
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::product::{self, dot};
use crate::io::options::Precision;
use crate::io::stage::Stage;
use crate::{Error, Progress, Result};

/// The convergence limit of a series: the last term divided by the sum of the sizes of all terms.
const FLOOR: f64 = 1e-17;

/// The maximum number of terms of a series.
const MOST_TERMS: usize = 20_000;

/// The number of terms that typical data need.
const USUAL_TERMS: usize = 64;

/// The number of equations that are verified.
const SAMPLED: usize = 64;

/// What is known of the table without changes.
pub(super) struct Known<'a> {
    pub(super) leontief: &'a Leontief,
    /// The indicator r.
    pub(super) values: &'a [f64],
    /// Its multipliers, n.
    pub(super) multipliers: &'a [f64],
    /// `L e_j`.
    pub(super) column: &'a [f64],
    /// Computes `r'A`.
    pub(super) first_layer: &'a dyn Fn() -> Vec<f64>,
}

/// The solution of the changed table for node j.
#[derive(Debug)]
pub(super) struct Solution {
    /// `L'e_j - e_j`.
    pub(super) column: Vec<f64>,
    /// `r'L'`.
    pub(super) multipliers: Vec<f64>,
    /// `r'A'^k e_j` for k = 0..=K.
    pub(super) layers: Vec<f64>,
}

/// Solves the changed table for node j with layers 0..=`deepest`.
///
/// # Errors
/// [`Error::Invalid`] if the layers of the changed table do not converge, [`Error::Cancelled`].
pub(super) fn solve(
    changed: &Changed<'_>,
    known: &Known<'_>,
    j: usize,
    deepest: usize,
    progress: &Progress,
) -> Result<Solution> {
    converge::check(changed, known.leontief, progress)?;
    if let Some(solution) = updated(changed, known, j, deepest, progress)? {
        return Ok(solution);
    }
    summed(changed, j, deepest, progress)
}

/// The solution as a low-rank update; `None` if there is no inverse, if too much changes, or if the result does not
/// solve the equations of the changed table.
pub(super) fn updated(
    changed: &Changed<'_>,
    known: &Known<'_>,
    j: usize,
    deepest: usize,
    progress: &Progress,
) -> Result<Option<Solution>> {
    let Some(inverse) = known.leontief.solver.inverse() else { return Ok(None) };
    let sets = Sets::of(changed);
    if !sets.is_small(changed.len()) {
        return Ok(None);
    }
    let stage = Stage::whole(progress);
    let first = changed.column(j);
    let second = match deepest {
        0..=2 => None,
        _ => second_column(changed, known.leontief, &sets, j, &first, &stage)?,
    };
    let update = match Update::new(changed, inverse, sets, progress) {
        Ok(update) => update,
        Err(Error::Cancelled) => return Err(Error::Cancelled),
        // The check has shown that the table converges: a singular system is rounding error.
        Err(_) => return Ok(None),
    };
    let mut column = update.column(j, known.column)?;
    if known.leontief.is_nonnegative() {
        // With A' >= 0, an element below 0 is rounding error.
        column.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.0 } else { *x });
    }
    let multipliers = update.row(known.values, &changed.values, known.multipliers).whole(progress)?;
    let ones = vec![1.0; changed.len()];
    let activity = update.row(&ones, &ones, known.leontief.activity()).at(j);
    let solution = Solution { column, multipliers, layers: Vec::new() };
    let tolerance = match inverse.precision() {
        Precision::F64 => 1e-11,
        Precision::F32 => 1e-5,
    };
    if !solution.is_consistent(changed, j, &first, activity, tolerance) {
        return Ok(None);
    }
    let mut terms = Terms { rows: vec![changed.values.clone()], columns: vec![first] };
    terms.columns.extend(second);
    if deepest > 1 {
        terms.rows.push(update.first_row(known.values, &(known.first_layer)())?);
    }
    Ok(Some(Solution { layers: terms.layers(changed, j, deepest, &stage)?, ..solution }))
}

impl Solution {
    /// Whether the solution satisfies equations of the changed table that it was not computed from: `m_i = r_i + m'A'e_i`
    /// for a sample of the nodes i, `m'A'e_j = r'(L'e_j - e_j)`, and the same for `r = 1`, whose multiplier is
    /// `activity`.
    fn is_consistent(&self, changed: &Changed<'_>, j: usize, first: &[f64], activity: f64, tolerance: f64) -> bool {
        let (m, r) = (&self.multipliers, &changed.values);
        let size = |x: &[f64]| x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let most = size(m);
        // Comparisons are written so that numbers that are not finite fail.
        let near = |a: f64, b: f64, scale: f64| scale.is_finite() && (a - b).abs() <= tolerance * scale;
        let step = changed.len().div_ceil(SAMPLED).max(1);
        let solves = |i: usize| near(m[i], r[i] + dot(m, &changed.column(i)), most);
        let sum = product::sum(&self.column);
        // Relative to the direct part too: in f32, L e_j - e_j has the rounding error of L e_j.
        let scale = most * product::sum(first).abs() + size(r) * (1.0 + size(&self.column));
        near(dot(m, first), dot(r, &self.column), scale)
            && near(activity, 1.0 + sum, 1.0 + sum.abs())
            && (0..changed.len()).step_by(step).all(solves)
            && solves(j)
    }
}

/// Terms of the series: `r'A'^a` for a = 0, 1, .., and `A'^b e_j` for b = 1, 2, ..; their products are layers.
struct Terms {
    rows: Vec<Vec<f64>>,
    columns: Vec<Vec<f64>>,
}

impl Terms {
    /// `r'A'^k e_j` for k = 0..=`deepest`. Every pass over the matrix extends both the rows and the columns, so that
    /// two layers are computed with one pass.
    fn layers(mut self, changed: &Changed<'_>, j: usize, deepest: usize, stage: &Stage<'_>) -> Result<Vec<f64>> {
        // Layer k is the product of row k / 2 and column k - k / 2; column 0 is e_j.
        let (rows, columns) = (deepest / 2 + 1, deepest - deepest / 2);
        while self.rows.len() < rows || self.columns.len() < columns {
            let row: &[&[f64]] = &[&self.rows[self.rows.len() - 1]];
            let column: &[&[f64]] = &[&self.columns[self.columns.len() - 1]];
            let row = if self.rows.len() < rows { row } else { &[] };
            let column = if self.columns.len() < columns { column } else { &[] };
            let mut next = changed.products(row, column, stage)?;
            self.rows.append(&mut next.rows);
            self.columns.append(&mut next.columns);
        }
        let layer = |k: usize| match k {
            0 => changed.values[j],
            _ => dot(&self.rows[k / 2], &self.columns[k - k / 2 - 1]),
        };
        Ok((0..=deepest).map(layer).collect())
    }
}

/// A sum of terms, and the sum of their sizes.
struct Sum {
    term: Vec<f64>,
    sum: Vec<f64>,
    sizes: Vec<f64>,
    is_done: bool,
}

impl Sum {
    fn new(term: Vec<f64>) -> Self {
        let sizes = term.iter().map(|x| x.abs()).collect();
        Self { sum: term.clone(), sizes, term, is_done: false }
    }

    fn add(&mut self, term: Vec<f64>) -> Result<()> {
        let (mut is_done, mut is_finite) = (true, true);
        for ((sum, size), &x) in self.sum.iter_mut().zip(&mut self.sizes).zip(&term) {
            *sum += x;
            *size += x.abs();
            is_done &= x.abs() <= FLOOR * *size;
            is_finite &= size.is_finite();
        }
        self.term = term;
        self.is_done = is_done;
        if is_finite { Ok(()) } else { Err(diverges()) }
    }
}

/// The solution as sums of the series `I + A' + A'^2 + ..`: slower, and independent of the inverse.
///
/// # Errors
/// [`Error::Invalid`] if the series does not converge within the limit, [`Error::Cancelled`].
pub(super) fn summed(changed: &Changed<'_>, j: usize, deepest: usize, progress: &Progress) -> Result<Solution> {
    let stage = Stage::whole(progress);
    let first = changed.column(j);
    let mut layers = vec![changed.values[j], dot(&changed.values, &first)];
    let (mut row, mut column) = (Sum::new(changed.values.clone()), Sum::new(first));
    for k in 0..MOST_TERMS {
        if layers.len() > deepest && row.is_done && column.is_done {
            layers.truncate(deepest + 1);
            return Ok(Solution { column: column.sum, multipliers: row.sum, layers });
        }
        let stage = stage.slice(k.min(USUAL_TERMS), USUAL_TERMS + 1);
        let mut next = changed.products(&[&row.term], &[&column.term], &stage)?;
        if let (Some(of_row), Some(of_column)) = (next.rows.pop(), next.columns.pop()) {
            layers.push(dot(&changed.values, &of_column));
            row.add(of_row)?;
            column.add(of_column)?;
        }
    }
    Err(diverges())
}
