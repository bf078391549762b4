//! The derived data of a model (the inverse, the series, the digest), its size in memory, and the cost of an
//! assessment.

use std::time::Duration;

use super::{Base, IoModel, Stressor};
use crate::io::digest;
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::neumann::USUAL_TERMS;
use crate::io::leontief::series::{Series, series_bytes};
use crate::io::leontief::spectral::spectral_check;
use crate::io::options::LeontiefMode;
use crate::io::printed::Printed;
use crate::io::stage::Stage;
use crate::{Budget, Error, Progress, Result};

impl IoModel {
    pub(in crate::io) fn is_ready(&self) -> bool {
        // The digest is included, so that a reader of a model that is ready gets the digest without computing it.
        self.digest.get().is_some()
            && self.base.leontief.get().is_some()
            && self.wanted().all(|stressor| stressor.series.get().is_some())
    }

    /// The inverse and the printed labels.
    ///
    /// # Errors
    /// [`Error::NotReady`].
    pub(in crate::io) fn derived(&self) -> Result<(&Leontief, &Printed)> {
        self.base.leontief.get().zip(self.base.printed.get()).ok_or(Error::NotReady)
    }

    pub(in crate::io) fn fill(&self, budget: &Budget, progress: &Progress) -> Result<()> {
        let stage = Stage::whole(progress);
        stage.step(0, 1)?;
        let missing: Vec<&Stressor> = self.wanted().filter(|stressor| stressor.series.get().is_none()).collect();
        let table = &self.base.table;
        let series_bytes = |mode: LeontiefMode| series_bytes(&table.labels, mode) * missing.len() as u64;
        self.base.printed.get_or_init(|| Printed::new(&table.labels));
        let mut after = stage;
        let leontief = match self.base.leontief.get() {
            Some(leontief) => leontief,
            None => {
                // A table that was restored with RESTORE has not been checked during a load.
                spectral_check(table, progress)?;
                // These shares are proportional to the operations for the inverse and the series of medium-size tables.
                let built = Leontief::build(table, budget, series_bytes, &stage.part(0.0, 0.75))?;
                after = stage.part(0.75, 1.0);
                self.base.leontief.get_or_init(|| built)
            }
        };
        if !missing.is_empty() {
            budget.require("the series of the indicators", series_bytes(leontief.mode()))?;
            let values: Vec<&[f64]> = missing.iter().map(|stressor| &*stressor.indicator.values).collect();
            let derived = Series::derive(table, leontief, &values, &after.part(0.0, 0.9))?;
            for (stressor, series) in missing.iter().zip(derived) {
                // If another thread has derived the same series in the meantime, that series is kept.
                stressor.series.get_or_init(|| series);
            }
        }
        self.content_digest();
        stage.step(1, 1)
    }

    pub(in crate::io) fn content_digest(&self) -> [u8; 16] {
        *self.digest.get_or_init(|| {
            let table = self.base.digest.get_or_init(|| digest::of_table(&self.base.table, &self.base.text));
            digest::of_model(table, self.indicators.iter().map(|stressor| &stressor.indicator))
        })
    }

    pub(in crate::io) fn content_digest_if_known(&self) -> Option<[u8; 16]> {
        self.digest.get().copied()
    }

    pub(in crate::io) fn held(&self) -> u64 {
        let base = &self.base;
        let n = base.table.labels.len() as u64;
        let output = base.table.output.as_ref().map_or(0, |x| x.len() as u64 * 8);
        let table = base.table.coefficients.bytes() + base.table.labels.bytes() + output;
        let bound = |stressor: &Stressor| match stressor.bound.get() {
            Some(Ok(bound)) => bound.bytes(),
            Some(Err(_)) | None => 0,
        };
        let series = |stressor: &Stressor| n * 8 + stressor.series.get().map_or(0, Series::bytes) + bound(stressor);
        table
            + base.printed.get().map_or(0, Printed::bytes)
            + base.text.len() as u64
            + base.leontief.get().map_or(0, Leontief::bytes)
            + self.stressors().map(series).sum::<u64>()
            + size_of::<Base>() as u64
    }

    /// The approximate duration of an assessment if the columns that it needs are not cached.
    pub(in crate::io) fn cost(&self, top: u32) -> Duration {
        let n = self.base.table.labels.len() as u64;
        match self.base.leontief.get().map(Leontief::mode) {
            Some(LeontiefMode::Lazy) => Duration::from_nanos(n * n * USUAL_TERMS as u64),
            _ => Duration::from_nanos(3_000 + 3 * n + 800 * u64::from(top).min(n)),
        }
    }
}
