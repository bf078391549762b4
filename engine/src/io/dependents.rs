//! The dependents of a supplier: how much of the total of every node comes from this one node.
//!
//! With `r` the indicator, `i` the supplier and `j` a node that buys, directly or upstream: the value `r_i L_ij`, the
//! same number as the contribution of `i` in the assessment of `j`, and its share of the multiplier `m_j`. This is a row
//! of the matrix of contributions, where an assessment reads a column (Miller & Blair, chapter 12, forward linkages).

use std::time::Duration;

use super::assess::Basis;
use super::document::{kind, named, node, number, number_or_null, subject};
use super::model::IoModel;
use super::select::Top;
use crate::model::{DependentsBy, Identity};
use crate::{Error, Progress, Result};

/// The parameters of a list of dependents.
#[derive(Debug, Clone, Copy)]
pub struct Dependence<'a> {
    /// The name of the indicator; `None` is the model's default.
    pub indicator: Option<&'a [u8]>,
    /// The figure by which dependents are sorted.
    pub by: DependentsBy,
    /// The maximum number of dependents.
    pub limit: usize,
}

impl Default for Dependence<'_> {
    fn default() -> Self {
        Self { indicator: None, by: DependentsBy::Share, limit: 10 }
    }
}

/// How far a share may be outside 0..=1 by rounding. A share that is further outside shows that contributions of both
/// signs meet in the total.
const ROUNDING: f64 = 1e-9;

/// The nodes that depend most on a supplier.
pub(in crate::io) struct Dependents {
    /// The supplier.
    node: usize,
    /// `r_i`.
    direct: f64,
    by: DependentsBy,
    items: Vec<Dependent>,
    /// The number of nodes that have no share, in the list or not.
    without_share: usize,
}

struct Dependent {
    node: u32,
    value: f64,
    share: Option<f64>,
}

impl Basis<'_> {
    /// The `limit` nodes with the largest figures, the supplier `i` itself included. Ties are sorted by label. A node
    /// without a share is left out if the list is sorted by share. Values of an indicator with values below 0 are sorted
    /// by absolute value.
    ///
    /// A node has no share if its total is 0 or if contributions of both signs meet in it. Whether they do is not known
    /// here for an indicator with values below 0, because that needs a whole column of the inverse for every node: no
    /// node has a share then.
    ///
    /// # Errors
    /// [`Error::Invalid`] for shares of an indicator with values below 0; [`Error::BadInput`] if a row solved on demand
    /// does not converge, or if a value is not a finite number; [`Error::Cancelled`].
    pub(in crate::io) fn dependents(
        &self,
        i: usize,
        by: DependentsBy,
        limit: usize,
        progress: &Progress,
    ) -> Result<Dependents> {
        check_shares(by, self.is_signed)?;
        let direct = self.values[i];
        let mut values = self.leontief.solver.row(&self.table.coefficients, i, progress)?;
        // Adding 0 turns a negative zero into a positive one.
        values.iter_mut().for_each(|value| *value = direct * *value + 0.0);
        if !values.iter().all(|value| value.is_finite()) {
            return Err(Error::bad_whole("results are beyond the range of numbers"));
        }
        let share = |j: usize| if self.is_signed { None } else { share(values[j], self.series.totals()[j]) };
        let without_share = (0..values.len()).filter(|&j| share(j).is_none()).count();
        let top = || Top::new(limit, self.printed.node_rank());
        let largest = match by {
            DependentsBy::Share => {
                let mut top = top();
                (0..values.len()).filter_map(|j| Some((j, share(j)?))).for_each(|(j, share)| top.offer(j, share));
                top.finish()
            }
            DependentsBy::Value if self.is_signed => top().by_size(&values),
            DependentsBy::Value => top().values(&values),
        };
        let item = |(_, j): (f64, u32)| Dependent { node: j, value: values[j as usize], share: share(j as usize) };
        let items = largest.into_iter().map(item).collect();
        Ok(Dependents { node: i, direct, by, items, without_share })
    }
}

/// The share of a total; `None` if the total is 0 or the share is not one of a sum of values of one sign.
fn share(value: f64, total: f64) -> Option<f64> {
    let share = value / total;
    (-ROUNDING..=1.0 + ROUNDING).contains(&share).then(|| share.min(1.0) + 0.0)
}

fn check_shares(by: DependentsBy, is_signed: bool) -> Result<()> {
    if by == DependentsBy::Share && is_signed {
        let what = "BY share sorts shares, and an indicator with values below 0 has none that could be compared: give \
                    BY value";
        return Err(Error::Invalid(what.into()));
    }
    Ok(())
}

impl IoModel {
    /// Appends the document of the nodes that depend on a supplier, as in `docs/assessment-io-dependents.schema.json`.
    /// `out` is unchanged after an error.
    ///
    /// # Errors
    /// [`Error::NoSubject`] for an unknown supplier, [`Error::NoIndicator`], [`Error::NotReady`]; [`Error::Invalid`] for
    /// shares of an indicator with values below 0; [`Error::BadInput`] if a row solved on demand does not converge or is
    /// beyond the range of numbers; [`Error::Cancelled`].
    pub fn dependents(
        &self,
        identity: &Identity<'_>,
        (region, sector): (&[u8], &[u8]),
        dependence: &Dependence<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let supplier = self.table().labels.node(region, sector)?;
        let (basis, indicator) = self.basis_of(dependence.indicator)?;
        let dependents = basis.dependents(supplier, dependence.by, dependence.limit, progress)?;
        write(out, identity, indicator, &dependents, &basis);
        Ok(())
    }

    /// Finds the errors of a request that need no computation.
    ///
    /// # Errors
    /// Those of [`IoModel::dependents`] without [`Error::BadInput`] and [`Error::Cancelled`].
    pub fn check_dependents(&self, (region, sector): (&[u8], &[u8]), dependence: &Dependence<'_>) -> Result<()> {
        self.table().labels.node(region, sector)?;
        check_shares(dependence.by, self.indicator(dependence.indicator)?.is_signed)?;
        self.basis_of(dependence.indicator).map(|_| ())
    }

    /// The approximate duration of [`IoModel::dependents`].
    pub fn dependents_cost(&self, limit: usize) -> Duration {
        let n = self.table().labels.len() as u64;
        // Each element of the row is in another column: if the inverse does not fit into the caches, each is in another
        // page, too, which no cache knows.
        let per_node = if n * n * 8 > CACHED_BYTES { PER_NODE_UNCACHED } else { PER_NODE };
        Duration::from_nanos(3_000 + per_node * n + 300 * n.min(limit as u64) + self.solve_cost())
    }
}

/// The approximate time to read and to compare one element of a row of the stored inverse, in nanoseconds.
const PER_NODE: u64 = 30;
const PER_NODE_UNCACHED: u64 = 1_500;

/// The size of an inverse, in bytes, of which the caches of usual servers hold most.
const CACHED_BYTES: u64 = 32 << 20;

/// Appends the document.
fn write(
    out: &mut Vec<u8>,
    identity: &Identity<'_>,
    indicator: (&str, &str),
    dependents: &Dependents,
    basis: &Basis<'_>,
) {
    let nodes = basis.table.labels.nodes();
    identity.open_document(out);
    kind(out);
    out.push(b',');
    named(out, indicator);
    out.push(b',');
    subject(out, basis.printed, nodes[dependents.node]);
    out.extend_from_slice(b",\"direct\":");
    number(out, dependents.direct);
    out.extend_from_slice(b",\"by\":\"");
    out.extend_from_slice(dependents.by.name().as_bytes());
    out.extend_from_slice(b"\",\"dependents\":[");
    for (k, item) in dependents.items.iter().enumerate() {
        out.extend_from_slice(if k > 0 { b",{" } else { b"{" });
        node(out, basis.printed, nodes[item.node as usize]);
        out.extend_from_slice(b",\"value\":");
        number(out, item.value);
        out.extend_from_slice(b",\"share\":");
        number_or_null(out, item.share);
        out.push(b'}');
    }
    out.push(b']');
    if dependents.without_share > 0 {
        out.extend_from_slice(format!(",\"without_share\":{}", dependents.without_share).as_bytes());
    }
    out.push(b'}');
}
