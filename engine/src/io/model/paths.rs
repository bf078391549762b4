//! The bounds for structural paths of each indicator, derived when first needed, and the cost of a search.

use std::time::Duration;

use super::IoModel;
use crate::io::paths::Wanted;
use crate::io::paths::bound::Bound;
use crate::{Error, Progress, Result};

/// The number of passes over the coefficients that a bound of typical data needs.
const USUAL_PASSES: u64 = 6;

impl IoModel {
    /// The bound of an indicator. The first call derives it: a few passes over the coefficients. An indicator without a
    /// bound keeps its error.
    ///
    /// # Errors
    /// [`Error::NoIndicator`]; [`Error::NotReady`] if the series of the indicator is missing; [`Error::Invalid`] if
    /// the indicator has no bound; [`Error::Cancelled`].
    pub(in crate::io) fn bound(&self, indicator: Option<&[u8]>, progress: &Progress) -> Result<&Bound> {
        let stressor = self.indicator(indicator)?;
        stressor.series()?;
        let bound = match stressor.bound.get() {
            Some(bound) => bound,
            None => match Bound::derive(&self.base.table, &stressor.indicator.values, progress) {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                // At worst, two threads derive the same bound.
                derived => stressor.bound.get_or_init(|| derived),
            },
        };
        bound.as_ref().map_err(Clone::clone)
    }

    /// The approximate duration of a search for paths, including the bound if it is missing.
    pub(in crate::io) fn paths_cost(&self, indicator: Option<&[u8]>, wanted: &Wanted) -> Duration {
        let n = self.base.table.labels.len() as u64;
        let is_known = self.indicator(indicator).is_ok_and(|stressor| stressor.bound.get().is_some());
        let bound = if is_known { 0 } else { USUAL_PASSES * n * n };
        // Real tables have at most about 0.1 / share paths at or above a share of the total.
        let above = wanted.cutoff.map_or(f64::INFINITY, |share| 0.1 / share + 1.0);
        let paths = above.min(wanted.limit() as f64) as u64;
        let extensions = paths / 4 + 4;
        Duration::from_nanos(
            bound.saturating_add(extensions.saturating_mul(n)).saturating_add(paths.saturating_mul(300)),
        )
    }
}
