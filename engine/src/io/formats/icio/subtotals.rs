//! Detecting columns of final demand that are sums of others, by their figures.
//!
//! A column is a subtotal if it is, for every node, the sum of related columns: adjacent columns, all others, those
//! with the same region or category in their labels, or, if there are few columns, any consecutive columns; with or
//! without the deliveries to nodes. If the figures of the table agree when every column is counted, there are no
//! subtotals.

use std::collections::HashMap;

use super::figures::Figures;
use super::series::{Series, alike};
use crate::io::formats::total_names::is_named_total;
use crate::io::shown::shown;
use crate::{Progress, Result};

/// The maximum number of columns for which every run of consecutive columns is tried.
const FEW: usize = 128;

/// The result of the search, as indexes of [`Figures::columns`].
#[derive(Debug, Default)]
pub(super) struct Subtotals {
    /// Columns that are sums of others.
    pub(super) columns: Vec<usize>,
    /// Warnings about columns that may be sums.
    pub(super) notes: Vec<String>,
}

impl Subtotals {
    /// Searches the columns `demand`, given in their order, for sums.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn among(figures: &Figures, demand: &[usize], progress: &Progress) -> Result<Self> {
        let mut subtotals = Self::default();
        if figures.row_sums.len() < 3 || agree(figures, &sum(figures, demand)) {
            return Ok(subtotals);
        }
        let is_empty = |at: usize| figures.columns[at].values.iter().all(|value| *value == 0.0);
        let kept: Vec<usize> = demand.iter().copied().filter(|&at| !is_empty(at)).collect();
        let families = Families::of(figures, &kept);
        // A flag per column: searching the list of found columns for each pair would make the loop cubic.
        let mut is_found = vec![false; figures.columns.len()];
        for &at in &kept {
            progress.check()?;
            let others: Vec<usize> = kept.iter().copied().filter(|&other| other != at && !is_found[other]).collect();
            let wanted = Wanted::new(figures, at, others.len());
            match families.orders(at, &others).find_map(|order| wanted.is_sum_of_first(&order)) {
                Some(true) => {
                    is_found[at] = true;
                    subtotals.columns.push(at);
                }
                Some(false) => subtotals.notes.push(format!(
                    "the column {} may be the sum of others, all of one proportion: it was read as final demand",
                    shown(&figures.columns[at].label)
                )),
                None => {}
            }
        }
        Ok(subtotals)
    }
}

/// The deliveries to nodes plus these columns.
pub(super) fn sum(figures: &Figures, columns: &[usize]) -> Vec<f64> {
    let mut sums = figures.row_sums.clone();
    columns.iter().for_each(|&at| add(&mut sums, &figures.columns[at].values));
    sums
}

/// Whether the table states these outputs elsewhere: in a row or column of totals, or as inputs plus value added (one
/// row of it, the first few, or all).
pub(super) fn agree(figures: &Figures, output: &[f64]) -> bool {
    let is_total = |series: &&Series| is_named_total(&series.label);
    if figures.columns.iter().filter(is_total).any(|column| alike(&column.values, output)) {
        return true;
    }
    let mut all = figures.column_sums.clone();
    figures.rows.iter().any(|row| {
        if alike(&row.values, output) {
            return true;
        }
        if row.is_named_total || row.unreadable.is_some() || alike(&row.values, &figures.column_sums) {
            return false;
        }
        let mut one = figures.column_sums.clone();
        add(&mut one, &row.values);
        add(&mut all, &row.values);
        alike(&one, output) || alike(&all, output)
    })
}

fn add(sums: &mut [f64], values: &[f64]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// Columns whose labels share the first part or the last part: a region or a category.
struct Families<'f> {
    figures: &'f Figures,
    members: HashMap<(bool, &'f str), Vec<usize>>,
}

impl<'f> Families<'f> {
    fn of(figures: &'f Figures, kept: &[usize]) -> Self {
        let mut members: HashMap<_, Vec<usize>> = HashMap::new();
        for &at in kept {
            for name in Self::names(&figures.columns[at].label).into_iter().flatten() {
                members.entry(name).or_default().push(at);
            }
        }
        Self { figures, members }
    }

    fn names(label: &str) -> Option<[(bool, &str); 2]> {
        const SEPARATORS: [char; 3] = ['_', '|', '/'];
        let ((first, _), (_, last)) = (label.split_once(SEPARATORS)?, label.rsplit_once(SEPARATORS)?);
        Some([(true, first), (false, last)])
    }

    /// The orders in which the `others` are added and compared with the column `at`.
    fn orders<'a>(&'a self, at: usize, others: &'a [usize]) -> impl Iterator<Item = Vec<usize>> + 'a {
        let middle = others.partition_point(|&other| other < at);
        let beside = [others[..middle].iter().rev().copied().collect(), others[middle..].to_vec(), others.to_vec()];
        let names = Self::names(&self.figures.columns[at].label).into_iter().flatten();
        let related = names.filter_map(|name| self.members.get(&name));
        let related =
            related.map(move |family| family.iter().copied().filter(|at| others.binary_search(at).is_ok()).collect());
        let starts = if others.len() <= FEW { 1..others.len().max(1) } else { 1..1 };
        beside.into_iter().chain(related).chain(starts.map(|start| others[start..].to_vec()))
    }
}

/// A column that may be a sum.
struct Wanted<'f> {
    figures: &'f Figures,
    values: &'f [f64],
    /// Its three largest nodes. Comparing them excludes most columns; only the rest are summed completely.
    probes: [usize; 3],
    /// The number of other columns.
    others: usize,
}

impl<'f> Wanted<'f> {
    fn new(figures: &'f Figures, at: usize, others: usize) -> Self {
        let values = &*figures.columns[at].values;
        let mut nodes: Vec<usize> = (0..values.len()).collect();
        nodes.select_nth_unstable_by(2, |&a, &b| values[b].abs().total_cmp(&values[a].abs()));
        Self { figures, values, probes: [nodes[0], nodes[1], nodes[2]], others }
    }

    /// Whether the column is the sum of the first two or more of these columns, or of the first few and the deliveries
    /// to nodes (with all of them it would be output). `Some(false)` if it is a sum but all columns are proportional,
    /// so that the sum is no evidence.
    fn is_sum_of_first(&self, order: &[usize]) -> Option<bool> {
        let bases = [None, Some(&*self.figures.row_sums)];
        bases.into_iter().find_map(|base| {
            let mut sums = self.probes.map(|node| base.map_or(0.0, |base| base[node]));
            let counts = if base.is_some() { 1..self.others } else { 2..usize::MAX };
            (1..=order.len()).find_map(|taken| {
                let last = &self.figures.columns[order[taken - 1]].values;
                sums.iter_mut().zip(self.probes).for_each(|(sum, node)| *sum += last[node]);
                let near = |(&sum, node): (&f64, usize)| {
                    (sum - self.values[node]).abs() <= 2e-3 * self.values[node].abs() + f64::MIN_POSITIVE
                };
                let passes = counts.contains(&taken) && sums.iter().zip(self.probes).all(near);
                passes.then(|| self.is_sum_of(base, &order[..taken]))?
            })
        })
    }

    fn is_sum_of(&self, base: Option<&[f64]>, parts: &[usize]) -> Option<bool> {
        let mut sums = base.map_or_else(|| vec![0.0; self.values.len()], <[f64]>::to_vec);
        let parts: Vec<&[f64]> = parts.iter().map(|&at| &*self.figures.columns[at].values).collect();
        parts.iter().for_each(|part| add(&mut sums, part));
        // A duplicate of one column is not a sum of this column and negligible others.
        if !alike(self.values, &sums) || parts.iter().any(|part| alike(self.values, part)) {
            return None;
        }
        Some(!parts.into_iter().chain(base).all(|part| self.is_multiple_of(part)))
    }

    fn is_multiple_of(&self, part: &[f64]) -> bool {
        let ratio = self.values[self.probes[0]] / part[self.probes[0]];
        ratio.is_finite() && alike(self.values, &part.iter().map(|value| value * ratio).collect::<Vec<_>>())
    }
}
