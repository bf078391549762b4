//! The solution of the changed table from the Leontief inverse of the table, without a new inverse: a low-rank update
//! (Sherman, Morrison & Woodbury; Golub & Van Loan, Matrix Computations, 2.1.4).
//!
//! Changes affect whole rows R and columns C of `A`, or parts of them: `A' = A + U W'` with `U = [E_R | G]` (n x k) and
//! `W' = [D; E_C']` (k x n), k = |R| + |C|, where E selects rows or columns, D is the change of the rows R and G that of
//! the columns C outside of R. With `S = W'LU` (k x k),
//!
//! `L'b = h + LU z` with `h = Lb` and `(I - S) z = W'h`, and `r'L' = m' + w'W'L` with `w' (I - S) = m'U`.
//!
//! D and G are dense, but products of them with L are not needed: since `A L = L A = L - I`, a change that multiplies
//! whole rows, or moves them, is `D = T A_R + D~` with a small matrix T and few columns in D~, and `D L = T (L_R - E_R')
//! + D~ L`. In the same way, `G = A_C diag(f) + G~`. So only a few rows P and columns Q of L are read: O(n k + k^3).

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use super::apply::{Changed, Place};
use super::sets::{Sets, places};
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::product::{TOGETHER, dot, with_columns};
use crate::io::leontief::solve::Factors;
use crate::io::stage::Stage;
use crate::{Progress, Result};

/// The number of columns between two checks for cancellation.
const STRIDE: usize = 256;

/// A difference of two numbers below this share of them is rounding error.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// An update, ready to solve.
pub(super) struct Update<'a> {
    changed: &'a Changed<'a>,
    inverse: &'a Matrix,
    sets: Sets,
    /// T, |R| x |R|.
    moved: Mat<f64>,
    /// T at the columns R, plus `D~`; |R| x |P|.
    rows: Mat<f64>,
    /// The factors f.
    factors: Vec<f64>,
    /// diag(f) at the rows C, plus `G~`; |Q| x |C|.
    columns: Mat<f64>,
    /// `L` at the rows P and the columns Q.
    part: Mat<f64>,
    /// The rows of `A'` that are 0, among R.
    empty: Vec<u32>,
    /// The factors of `I - S`; `None` for k = 0.
    system: Option<Factors>,
    progress: &'a Progress,
}

impl<'a> Update<'a> {
    /// Prepares an update, given the whole inverse.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if `I - S` is singular, [`crate::Error::Cancelled`].
    pub(super) fn new(
        changed: &'a Changed<'a>,
        inverse: &'a Matrix,
        sets: Sets,
        progress: &'a Progress,
    ) -> Result<Self> {
        let map = row_map(changed, &sets, progress)?;
        let moved = Mat::from_fn(sets.r.len(), sets.r.len(), |i, l| map[(i, l)] - f64::from(u8::from(i == l)));
        let (rows, empty) = row_part(changed, &sets, &map, &moved, progress)?;
        let (factors, columns) = column_part(changed, &sets, progress)?;
        let part = with_columns!(inverse, l => {
            let l = |i: usize, j: usize| Into::<f64>::into(l.column(sets.q[j] as usize)[sets.p[i] as usize]);
            Mat::from_fn(sets.p.len(), sets.q.len(), l)
        });
        let mut update =
            Self { changed, inverse, sets, moved, rows, factors, columns, part, empty, system: None, progress };
        if update.sets.rank() > 0 {
            update.system = Some(Factors::of(&update.system_matrix(), &Stage::whole(progress))?);
        }
        Ok(update)
    }

    /// `S = W'LU`, k x k.
    fn system_matrix(&self) -> Matrix {
        let Sets { r, c, p, q, .. } = &self.sets;
        let (at_p, at_q) = (places(p, self.changed.len()), places(q, self.changed.len()));
        // L G at the rows P.
        let mut lg = product(&self.part, &self.columns);
        for (j, &node) in c.iter().enumerate() {
            lg[(at_p[node as usize], j)] -= self.factors[j];
        }
        let l_r = Mat::from_fn(p.len(), r.len(), |i, j| self.part[(i, at_q[r[j] as usize])]);
        let (top_left, top_right) = (product(&self.rows, &l_r), product(&self.rows, &lg));
        let element = |i: usize, j: usize| match (i.checked_sub(r.len()), j.checked_sub(r.len())) {
            (None, None) => top_left[(i, j)] - self.moved[(i, j)],
            (None, Some(j)) => top_right[(i, j)],
            (Some(i), None) => l_r[(at_p[c[i] as usize], j)],
            (Some(i), Some(j)) => lg[(at_p[c[i] as usize], j)],
        };
        let k = self.sets.rank();
        let mut matrix = Columns::zeros(k, k);
        for j in 0..k {
            matrix.column_mut(j).iter_mut().enumerate().for_each(|(i, s)| *s = element(i, j));
        }
        Matrix::F64(matrix)
    }

    /// `L'e_j - e_j = L'A'e_j`, given `L e_j`. It is exactly 0 if column j of `A'` is.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn column(&self, j: usize, base: &[f64]) -> Result<Vec<f64>> {
        let Sets { r, c, p, q, .. } = &self.sets;
        let own = |i: usize| f64::from(u8::from(i == j));
        let (before, after) = (self.changed.base_column(j), self.changed.column(j));
        // A'e_j = f a_j + b, where b has elements at R and X only. So h = L A'e_j = f (L e_j - e_j) + L b.
        let factor = c.binary_search(&(j as u32)).map_or(1.0, |at| 1.0 + self.factors[at]);
        let b = |&node: &u32| after[node as usize] - factor * before[node as usize];
        let mut at_q: Vec<f64> = q.iter().map(b).collect();
        let places_q = places(q, self.changed.len());
        if let Some(system) = &self.system {
            let h: Vec<f64> = p
                .iter()
                .enumerate()
                .map(|(i, &node)| {
                    let l_b: f64 = at_q.iter().enumerate().map(|(k, b)| self.part[(i, k)] * b).sum();
                    factor * (base[node as usize] - own(node as usize)) + l_b
                })
                .collect();
            let at_p = places(p, self.changed.len());
            let mut right: Vec<f64> = (0..r.len())
                .map(|i| {
                    let d_h: f64 = h.iter().enumerate().map(|(k, h)| self.rows[(i, k)] * h).sum();
                    let direct: f64 =
                        r.iter().enumerate().map(|(k, &node)| self.moved[(i, k)] * after[node as usize]).sum();
                    d_h - direct
                })
                .collect();
            right.extend(c.iter().map(|&node| h[at_p[node as usize]]));
            let z = system.solve_column(&right);
            let (z_r, z_c) = z.split_at(r.len());
            for (&node, z) in r.iter().zip(z_r) {
                at_q[places_q[node as usize]] += z;
            }
            for (i, b) in at_q.iter_mut().enumerate() {
                *b += z_c.iter().enumerate().map(|(k, z)| self.columns[(i, k)] * z).sum::<f64>();
            }
            let mut column = self.combined(&at_q, factor, base, j)?;
            for ((&node, z), f) in c.iter().zip(z_c).zip(&self.factors) {
                column[node as usize] -= f * z;
            }
            self.empty.iter().for_each(|&node| column[node as usize] = 0.0);
            return Ok(column);
        }
        self.combined(&at_q, factor, base, j)
    }

    /// `factor (L e_j - e_j) + L b` with the elements of b at Q.
    fn combined(&self, at_q: &[f64], factor: f64, base: &[f64], j: usize) -> Result<Vec<f64>> {
        let mut column: Vec<f64> = base.iter().map(|l| factor * l).collect();
        column[j] = factor * (base[j] - 1.0);
        with_columns!(self.inverse, l => for (&node, &b) in self.sets.q.iter().zip(at_q) {
            if b != 0.0 {
                column.iter_mut().zip(l.column(node as usize)).for_each(|(sum, &l)| *sum += b * Into::<f64>::into(l));
            }
        });
        self.progress.check()?;
        Ok(column)
    }

    /// The multipliers of an indicator after the changes, as corrections of known ones: `multipliers` are those of
    /// `before` in the table, the result is for `after` in the changed table.
    pub(super) fn row<'b>(&'b self, before: &[f64], after: &[f64], multipliers: &'b [f64]) -> Row<'b> {
        let Sets { r: rows, c, p, q, .. } = &self.sets;
        // v'L is added to the multipliers: first for the change of the indicator, then for that of the table.
        let mut v: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        let mut more = vec![0.0; v.len()];
        if let Some(system) = &self.system {
            let stressed = sparse(&v);
            let m_q: Vec<f64> = q
                .iter()
                .map(|&node| multipliers[node as usize] + times_column(&stressed, self.inverse, node as usize))
                .collect();
            let at_q = places(q, v.len());
            let mut left: Vec<f64> = rows.iter().map(|&node| m_q[at_q[node as usize]]).collect();
            left.extend(
                c.iter()
                    .enumerate()
                    .map(|(j, &node)| dot(&m_q, self.columns.col_as_slice(j)) - after[node as usize] * self.factors[j]),
            );
            let w = system.solve_row(&left);
            let (w_r, w_c) = w.split_at(rows.len());
            for (i, &node) in p.iter().enumerate() {
                v[node as usize] += dot(w_r, self.rows.col_as_slice(i));
            }
            for (&node, w) in c.iter().zip(w_c) {
                v[node as usize] += w;
            }
            for (i, &node) in rows.iter().enumerate() {
                more[node as usize] = -dot(w_r, self.moved.col_as_slice(i));
            }
        }
        Row { inverse: self.inverse, multipliers, v: sparse(&v), more }
    }

    /// `r'A'` of the changed indicator, given the indicator `before` and its product with `A`.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn first_row(&self, before: &[f64], product: &[f64]) -> Result<Vec<f64>> {
        let after = &self.changed.values;
        let mut v: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        let of_rows: Vec<f64> = self.sets.r.iter().map(|&node| after[node as usize]).collect();
        for (i, &node) in self.sets.r.iter().enumerate() {
            v[node as usize] += dot(&of_rows, self.moved.col_as_slice(i));
        }
        let v = sparse(&v);
        let mut row = times_matrix(&v, self.changed.matrix(), self.progress)?;
        for (change, &of_before) in row.iter_mut().zip(product) {
            let sum = of_before + *change;
            // A sum that is rounding error is 0: all deliveries to this column have ended.
            *change = if sum.abs() <= ROUNDING * change.abs() { 0.0 } else { sum };
        }
        // Other columns than those that only changes of whole rows affect.
        for &node in self.sets.c.iter().chain(&self.sets.y) {
            self.progress.check()?;
            row[node as usize] = dot(after, &self.changed.column(node as usize));
        }
        Ok(row)
    }
}

/// Multipliers as corrections of known ones.
pub(super) struct Row<'a> {
    inverse: &'a Matrix,
    multipliers: &'a [f64],
    /// `v'L` is added.
    v: Vec<(u32, f64)>,
    /// These are added.
    more: Vec<f64>,
}

impl Row<'_> {
    /// The multiplier of one node.
    pub(super) fn at(&self, j: usize) -> f64 {
        self.multipliers[j] + (times_column(&self.v, self.inverse, j) + self.more[j])
    }

    /// The multipliers of all nodes.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn whole(&self, progress: &Progress) -> Result<Vec<f64>> {
        let mut row = times_matrix(&self.v, self.inverse, progress)?;
        for ((product, more), multiplier) in row.iter_mut().zip(&self.more).zip(self.multipliers) {
            *product = multiplier + (*product + more);
        }
        Ok(row)
    }
}

/// `v' M` for `(node, value)` pairs. A few elements of a column are far from those of the next one, so several columns
/// are read together: the processor then waits for their memory at the same time.
fn times_matrix(v: &[(u32, f64)], matrix: &Matrix, progress: &Progress) -> Result<Vec<f64>> {
    let mut row = vec![0.0; matrix.rows()];
    for (k, products) in row.chunks_mut(TOGETHER).enumerate() {
        let first = k * TOGETHER;
        if first.is_multiple_of(STRIDE) {
            progress.check()?;
        }
        if products.len() < TOGETHER {
            products.iter_mut().enumerate().for_each(|(k, product)| *product = times_column(v, matrix, first + k));
            continue;
        }
        with_columns!(matrix, columns => {
            let columns: [_; TOGETHER] = std::array::from_fn(|k| columns.column(first + k));
            for &(i, v) in v {
                for (product, column) in products.iter_mut().zip(columns) {
                    *product += v * Into::<f64>::into(column[i as usize]);
                }
            }
        });
    }
    Ok(row)
}

/// `v' M e_j` for `(node, value)` pairs.
fn times_column(v: &[(u32, f64)], matrix: &Matrix, j: usize) -> f64 {
    with_columns!(matrix, columns => {
        let column = columns.column(j);
        v.iter().map(|&(i, v)| v * Into::<f64>::into(column[i as usize])).sum()
    })
}

/// The map of the rows R in columns that only changes of whole rows affect: `A'_R = map A_R`.
fn row_map(changed: &Changed<'_>, sets: &Sets, progress: &Progress) -> Result<Mat<f64>> {
    let mut map = Mat::zeros(sets.r.len(), sets.r.len());
    let mut unit = vec![0.0; changed.len()];
    for (l, &node) in sets.r.iter().enumerate() {
        progress.check()?;
        unit.fill(0.0);
        unit[node as usize] = 1.0;
        changed.apply(Place::Plain, &mut unit);
        for (i, &row) in sets.r.iter().enumerate() {
            map[(i, l)] = unit[row as usize];
        }
    }
    Ok(map)
}

/// T at the columns R, plus `D~`; and the rows of R that are 0 in `A'`.
fn row_part(
    changed: &Changed<'_>,
    sets: &Sets,
    map: &Mat<f64>,
    moved: &Mat<f64>,
    progress: &Progress,
) -> Result<(Mat<f64>, Vec<u32>)> {
    let mut rows = Mat::zeros(sets.r.len(), sets.p.len());
    let at_p = places(&sets.p, changed.len());
    let mut nonzero = Vec::new();
    let mut is_empty = vec![true; sets.r.len()];
    for (l, &node) in sets.r.iter().enumerate() {
        for i in 0..sets.r.len() {
            rows[(i, at_p[node as usize])] += moved[(i, l)];
            if map[(i, l)] != 0.0 {
                nonzero.push((i, node as usize, map[(i, l)]));
                is_empty[i] = false;
            }
        }
    }
    for &y in &sets.y {
        progress.check()?;
        let before = changed.base_column(y as usize);
        let mut after = before.clone();
        changed.apply(Place::Of(y as usize), &mut after);
        let target = rows.col_as_slice_mut(at_p[y as usize]);
        for ((target, &node), is_empty) in target.iter_mut().zip(&sets.r).zip(&mut is_empty) {
            *target += after[node as usize];
            *is_empty &= after[node as usize] == 0.0;
        }
        for &(i, node, map) in &nonzero {
            target[i] -= map * before[node];
        }
    }
    let empty = sets.r.iter().zip(is_empty).filter(|(_, is_empty)| *is_empty).map(|(&node, _)| node).collect();
    Ok((rows, empty))
}

/// The factors f; diag(f) at the rows C, plus `G~`.
fn column_part(changed: &Changed<'_>, sets: &Sets, progress: &Progress) -> Result<(Vec<f64>, Mat<f64>)> {
    let mut columns = Mat::zeros(sets.q.len(), sets.c.len());
    let at_q = places(&sets.q, changed.len());
    let mut factors = Vec::with_capacity(sets.c.len());
    for (j, &node) in sets.c.iter().enumerate() {
        progress.check()?;
        let factor = changed.plain_factor(node as usize) - 1.0;
        let before = changed.base_column(node as usize);
        let mut after = before.clone();
        changed.apply(Place::Of(node as usize), &mut after);
        columns[(at_q[node as usize], j)] = factor;
        for &x in &sets.x {
            let i = x as usize;
            let change = if sets.r.binary_search(&x).is_ok() { 0.0 } else { after[i] - before[i] };
            columns[(at_q[i], j)] += change - factor * before[i];
        }
        factors.push(factor);
    }
    Ok((factors, columns))
}

fn sparse(v: &[f64]) -> Vec<(u32, f64)> {
    (0..).zip(v).filter(|(_, v)| **v != 0.0).map(|(i, &v)| (i, v)).collect()
}

fn product(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
    let mut c = Mat::zeros(a.nrows(), b.ncols());
    matmul(c.as_mut(), Accum::Replace, a.as_ref(), b.as_ref(), 1.0, Par::Seq);
    c
}
