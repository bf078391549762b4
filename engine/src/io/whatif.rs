//! What-if analysis: the assessment of a node before and after changes of the table and the indicator.
//!
//! Changes are suppliers that leave the economy (hypothetical extraction; Miller & Blair, chapter 12), deliveries times
//! a factor, input that comes from another region, and intensities times a factor. They are applied together, in the
//! order given, and the table itself does not change. No inverse is computed: the changed solution is an update of the
//! stored inverse, or a sum of the series of the changed table.

use std::time::Duration;

use super::assess::Basis;
use super::labels::Labels;
use super::leontief::neumann::USUAL_TERMS;
use super::leontief::solver::Derived;
use super::model::IoModel;
use super::subject;
use crate::model::{Identity, Query};
use crate::{Progress, Result};

mod apply;
mod change;
mod converge;
mod figures;
mod second;
mod sets;
mod solve;
mod update;
mod write;

#[cfg(test)]
mod tests;

use change::{Change, Nodes};
pub(in crate::io) use change::{canonical, len, parse};
use write::write;

impl IoModel {
    /// Appends the document of a what-if analysis: the subject (region and sector) before and after changes, which are
    /// words such as `EXTRACT CHN c14 SCALE RUS * * * 0.5`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for changes that are not valid, [`crate::Error::NoSubject`],
    /// [`crate::Error::NoIndicator`], [`crate::Error::NotReady`], [`crate::Error::Invalid`] if the changed table does
    /// not converge or results are beyond the range of numbers, [`crate::Error::Cancelled`]. After an error, `out` is
    /// unchanged.
    pub fn what_if(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        changes: &[&[u8]],
        query: &Query<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let &[region, sector] = subject else { return Err(subject::not_two()) };
        subject::check_layers(query)?;
        let table = self.table();
        let node = table.labels.node(region, sector)?;
        let changes = parse(changes, &table.labels)?;
        let stressor = self.indicator(query.indicator)?;
        let (leontief, printed) = self.derived()?;
        let series = stressor.series()?;
        let indicator = &stressor.indicator;
        let values = &indicator.values;
        let basis = Basis { table, printed, leontief, values, is_signed: stressor.is_signed, series };
        let result = basis.what_if(node, &changes, query.layers as usize, query.top as usize, progress)?;
        write(out, identity, (&indicator.name, &indicator.unit), &changes, &result, table, printed);
        Ok(())
    }

    /// The approximate duration of a what-if analysis with these changes; that of the slowest if they are not valid.
    pub fn what_if_estimate(&self, changes: &[&[u8]]) -> Duration {
        let labels = &self.table().labels;
        let parsed = are_few(changes).then(|| parse(changes, labels)).and_then(Result::ok);
        let rank = parsed.as_ref().map_or(usize::MAX, |changes| rank(changes, labels));
        let has_inverse = self.derived_so_far() == Some(Derived::Inverse);
        let n = labels.len() as u64;
        // The proof that a grown table converges may take all its steps.
        let proof =
            if parsed.is_none_or(|changes| changes.iter().any(Change::may_grow)) { converge::MOST_STEPS } else { 0 };
        let lookups = if are_few(changes) { 0 } else { changes.len() as u64 * n * LOOKUP };
        estimate(labels.len(), rank, has_inverse) + Duration::from_nanos(proof * n * n + lookups)
    }
}

/// The approximate time to look up one label and to change one coefficient, in nanoseconds.
const LOOKUP: u64 = 50;

/// Whether changes are so few that looking up their labels takes microseconds: a change of every node looks up as many.
pub(in crate::io) fn are_few(changes: &[&[u8]]) -> bool {
    const FEW_WORDS: usize = 16;
    changes.len() <= FEW_WORDS
}

/// The approximate duration of an analysis of a table with n nodes, with changes of k rows and columns.
pub(in crate::io) fn estimate(n: usize, k: usize, has_inverse: bool) -> Duration {
    let (n, rank) = (n as u64, k as u64);
    // A pass over the matrix takes about a nanosecond per coefficient and vector.
    let nanoseconds = if has_inverse && k <= sets::MOST_RANK {
        20_000 + rank.pow(3) + 8 * n * rank + 3 * n * n / 2
    } else {
        n * n * USUAL_TERMS as u64
    };
    Duration::from_nanos(nanoseconds)
}

/// The number of rows and columns that changes affect, at most.
fn rank(changes: &[Change], labels: &Labels) -> usize {
    let mut by_region = vec![0; labels.regions().len()];
    let mut by_sector = vec![0; labels.sectors().len()];
    for &(region, sector) in labels.nodes() {
        by_region[region as usize] += 1;
        by_sector[sector as usize] += 1;
    }
    let size = |nodes: &Nodes| match *nodes {
        Nodes::All => labels.len(),
        Nodes::Region(region) => by_region[region as usize],
        Nodes::Sector(sector) => by_sector[sector as usize],
        Nodes::Node(_) => 1,
    };
    let of = |change: &Change| match change {
        Change::Extract(nodes) | Change::Replace { nodes, .. } => 2 * size(nodes),
        Change::Scale { from, to, .. } => size(from).min(size(to)),
        Change::Stress { .. } => 0,
    };
    changes.iter().map(of).sum()
}
