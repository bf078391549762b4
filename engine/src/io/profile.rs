//! The profile of a node: the figures of several indicators side by side, read from their series.

use std::collections::HashMap;
use std::time::Duration;

use super::assess::Assessment;
use super::document::{figures, kind, named, subject};
use super::model::{IoModel, Stressor};
use super::shown::shown;
use crate::json::json_string;
use crate::model::Identity;
use crate::{Error, Progress, Result};

/// The maximum number of indicators that a request can name.
pub const MAX_INDICATORS: usize = 1000;

/// The maximum number of indicators listed as not derived.
const SHOWN: usize = 100;

/// The indicators of a profile.
struct Selection<'a> {
    stressors: Vec<&'a Stressor>,
    /// Names of the indicators that are left out because their series is not derived, or is beyond the range of numbers,
    /// at most [`SHOWN`].
    not_derived: Vec<&'a str>,
    /// The number of indicators that are left out.
    not_derived_total: usize,
}

impl IoModel {
    /// Appends the profile of a node, as in `docs/assessment-io-profile.schema.json`: direct, upstream, total, mean and
    /// foreign share of the indicators named, in the order of the names. The series of these indicators are requested if
    /// they are not derived.
    ///
    /// Without names, the profile has all indicators whose series is derived or will be derived without a request, in
    /// the order of definition, `output` last. It requests no series, because a model with a satellite account has
    /// thousands of indicators; the others are listed as not derived. `out` is unchanged after an error.
    ///
    /// # Errors
    /// [`Error::NoSubject`], [`Error::NoIndicator`]; [`Error::TooBig`] for more than [`MAX_INDICATORS`] names;
    /// [`Error::Invalid`] for a name that occurs twice; [`Error::NotReady`]. For an indicator with values below 0, in
    /// lazy mode only: [`Error::BadInput`] if a column does not converge, [`Error::Cancelled`].
    pub fn profile(
        &self,
        identity: &Identity<'_>,
        (region, sector): (&[u8], &[u8]),
        names: &[&[u8]],
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let node = self.table().labels.node(region, sector)?;
        let selection = self.selection(names)?;
        let profiled: Vec<(&Stressor, Assessment<'_>)> = selection
            .stressors
            .iter()
            .map(|&stressor| Ok((stressor, self.basis_with(stressor)?.figures(node, progress)?)))
            .collect::<Result<_>>()?;
        let (_, printed) = self.derived()?;
        identity.open_document(out);
        kind(out);
        out.push(b',');
        subject(out, printed, self.table().labels.nodes()[node]);
        out.extend_from_slice(b",\"indicators\":[");
        for (k, (Stressor { indicator, .. }, assessment)) in profiled.iter().enumerate() {
            out.extend_from_slice(if k > 0 { b",{" } else { b"{" });
            named(out, (&indicator.name, &indicator.unit));
            out.push(b',');
            figures(out, assessment);
            out.push(b'}');
        }
        out.push(b']');
        selection.write_rest(out);
        out.push(b'}');
        Ok(())
    }

    /// Finds the errors of a request that need no computation.
    ///
    /// # Errors
    /// Those of [`IoModel::profile`] without [`Error::BadInput`] and [`Error::Cancelled`].
    pub fn check_profile(&self, (region, sector): (&[u8], &[u8]), names: &[&[u8]]) -> Result<()> {
        self.table().labels.node(region, sector)?;
        self.selection(names)?;
        self.derived().map(|_| ())
    }

    /// The approximate duration of [`IoModel::profile`].
    pub fn profile_cost(&self, names: usize) -> Duration {
        let n = self.table().labels.len() as u64;
        let defined = self.indicators.len() as u64 + 1;
        // Before the groups are derived, the contributions of every indicator are added up.
        let reads_column = |stressor: &&Stressor| stressor.is_signed || !self.is_complete();
        let signed = self.stressors().filter(reads_column).count() as u64;
        let solve = if signed == 0 { 0 } else { self.solve_cost() };
        let rows = if names == 0 { defined } else { defined.min(names as u64) };
        Duration::from_nanos(3_000 + PER_NAME * defined + PER_ROW * rows + 3 * n * signed.min(rows) + solve)
    }

    /// The indicators that a request selects. All that are not derived are requested, not only the first.
    fn selection(&self, names: &[&[u8]]) -> Result<Selection<'_>> {
        let selection = if names.is_empty() { self.at_hand() } else { self.named(names)? };
        let mut is_missing = false;
        for stressor in &selection.stressors {
            match stressor.series() {
                Ok(_) => {}
                Err(Error::NotReady) => is_missing = true,
                Err(error) => return Err(error),
            }
        }
        if is_missing { Err(Error::NotReady) } else { Ok(selection) }
    }

    fn at_hand(&self) -> Selection<'_> {
        let mut selection = Selection { stressors: Vec::new(), not_derived: Vec::new(), not_derived_total: 0 };
        for (stressor, is_at_hand) in self.stressors_at_hand() {
            if is_at_hand && !stressor.has_failed() {
                selection.stressors.push(stressor);
            } else {
                selection.not_derived_total += 1;
                if selection.not_derived.len() < SHOWN {
                    selection.not_derived.push(&stressor.indicator.name);
                }
            }
        }
        selection
    }

    /// If a profile without names leaves indicators out: an empty name, which no indicator has, and the names of those
    /// that it has.
    pub(in crate::io) fn incomplete_profile(&self) -> Option<Vec<&[u8]>> {
        let selection = self.at_hand();
        let names = selection.stressors.iter().map(|stressor| stressor.indicator.name.as_bytes());
        (selection.not_derived_total > 0).then(|| [&b""[..]].into_iter().chain(names).collect())
    }

    fn named(&self, names: &[&[u8]]) -> Result<Selection<'_>> {
        if names.len() > MAX_INDICATORS {
            return Err(Error::TooBig { what: "the number of indicators of a profile", limit: MAX_INDICATORS as u64 });
        }
        let mut places = HashMap::with_capacity(names.len());
        for (place, &name) in names.iter().enumerate() {
            if places.insert(name, place).is_some() {
                let name = shown(&String::from_utf8_lossy(name));
                return Err(Error::Invalid(format!("the indicator {name} is named twice").into()));
            }
        }
        // One pass over the indicators: a search for each name would compare every name with thousands of others.
        let mut found = vec![None; names.len()];
        for stressor in self.stressors() {
            if let Some(&place) = places.get(stressor.indicator.name.as_bytes()) {
                found[place] = Some(stressor);
            }
        }
        let stressors = found.into_iter().collect::<Option<_>>().ok_or(Error::NoIndicator)?;
        Ok(Selection { stressors, not_derived: Vec::new(), not_derived_total: 0 })
    }
}

/// The approximate time to compare the name of one indicator, and to read and to write the figures of one, in
/// nanoseconds.
const PER_NAME: u64 = 40;
const PER_ROW: u64 = 1_500;

impl Selection<'_> {
    /// Appends the indicators that are left out, if any.
    fn write_rest(&self, out: &mut Vec<u8>) {
        if self.not_derived_total == 0 {
            return;
        }
        out.extend_from_slice(b",\"not_derived\":[");
        for (k, name) in self.not_derived.iter().enumerate() {
            if k > 0 {
                out.push(b',');
            }
            json_string(name, out);
        }
        out.extend_from_slice(format!("],\"not_derived_total\":{}", self.not_derived_total).as_bytes());
    }
}
