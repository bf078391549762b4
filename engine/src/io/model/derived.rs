//! The derived data of a model (what solves with `I - A`, the series, the digest), the order in which they are derived,
//! and their size in memory.

use super::{Base, IoModel, Stressor};
use crate::io::demand::FinalDemand;
use crate::io::digest;
use crate::io::leontief::groups::{Groups, groups_bytes};
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::series::{Series, deep_bytes, near_bytes};
use crate::io::leontief::solver::{Derived, Solver};
use crate::io::leontief::spectral::spectral_check;
use crate::io::options::LeontiefMode;
use crate::io::printed::Printed;
use crate::io::stage::Stage;
use crate::{Budget, Error, Progress, Result};

/// A step of the derivation. After the first one, the model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Multipliers and near layers.
    Series,
    Digest,
    /// The other layers.
    Deep,
    Factors,
    Inverse,
    /// Contributions by group.
    Groups,
}

impl IoModel {
    /// Whether requests are answered.
    pub(in crate::io) fn is_ready(&self) -> bool {
        self.base.leontief.get().is_some() && self.wanted().all(|stressor| stressor.series.get().is_some())
    }

    /// Whether nothing is left to derive.
    pub(in crate::io) fn is_complete(&self) -> bool {
        self.next_step().is_none()
    }

    /// What is derived; `None` before the first step.
    pub(in crate::io) fn derived_so_far(&self) -> Option<Derived> {
        self.base.leontief.get().map(|leontief| leontief.solver.derived())
    }

    /// What is derived of the table, and the printed labels.
    ///
    /// # Errors
    /// [`Error::NotReady`].
    pub(in crate::io) fn derived(&self) -> Result<(&Leontief, &Printed)> {
        self.base.leontief.get().zip(self.base.printed.get()).ok_or(Error::NotReady)
    }

    fn next_step(&self) -> Option<Step> {
        let Some(leontief) = self.base.leontief.get() else { return Some(Step::Series) };
        if !self.is_ready() {
            return Some(Step::Series);
        }
        if self.digest.get().is_none() {
            return Some(Step::Digest);
        }
        if self.missing(|series| series.is_deep()).next().is_some() {
            return Some(Step::Deep);
        }
        match leontief.solver.next() {
            Some(Derived::Inverse) => return Some(Step::Inverse),
            Some(_) => return Some(Step::Factors),
            None => {}
        }
        self.missing(|series| series.groups().is_some()).next().is_some().then_some(Step::Groups)
    }

    /// The indicators that must be derived whose series lacks something, with their series.
    fn missing(&self, has_it: impl Fn(&Series) -> bool) -> impl Iterator<Item = (&Stressor, &Series)> {
        self.wanted().filter_map(move |stressor| {
            let series = stressor.series.get()?.as_ref().ok()?;
            (!has_it(series)).then_some((stressor, series))
        })
    }

    /// Makes the next step of the derivation. Returns whether more steps are left.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::BadInput`], [`Error::Cancelled`].
    pub(in crate::io) fn fill_next(&self, budget: &Budget, progress: &Progress) -> Result<bool> {
        let stage = Stage::whole(progress);
        stage.step(0, 1)?;
        match self.next_step() {
            Some(Step::Series) => self.derive_series(budget, progress)?,
            Some(Step::Digest) => _ = self.content_digest(),
            Some(Step::Deep) => self.derive_deep(budget, &stage)?,
            Some(Step::Factors) => self.derive_factors(budget, &stage)?,
            Some(Step::Inverse) => self.derive_inverse(budget, &stage)?,
            Some(Step::Groups) => self.derive_groups(budget, &stage)?,
            None => {}
        }
        stage.step(1, 1)?;
        Ok(!self.is_complete())
    }

    fn derive_series(&self, budget: &Budget, progress: &Progress) -> Result<()> {
        let stage = &Stage::whole(progress);
        let (table, n) = (&self.base.table, self.base.table.labels.len());
        let missing: Vec<&Stressor> = self.wanted().filter(|stressor| stressor.series.get().is_none()).collect();
        budget.require("the series of the indicators", near_bytes(n) * missing.len() as u64)?;
        self.base.printed.get_or_init(|| Printed::new(&table.labels));
        let values: Vec<&[f64]> = missing.iter().map(|stressor| &*stressor.indicator.values).collect();
        let all = match self.base.leontief.get() {
            Some(leontief) => self.series_of(&leontief.solver, budget, &values, stage)?,
            None => {
                // A table that was restored with RESTORE has not been checked during a load.
                spectral_check(table, progress)?;
                let solver = Solver::new(table, &stage.part(0.05, 0.1))?;
                let all = self.series_of(&solver, budget, &values, &stage.part(0.1, 1.0))?;
                // The last indicator is output: its multipliers are the column sums of the inverse.
                let activity = match all.last() {
                    Some(Ok(series)) => series.totals().to_vec(),
                    Some(Err(error)) => return Err(error.clone()),
                    None => return Err(Error::NotReady),
                };
                self.base.leontief.get_or_init(|| Leontief::new(solver, activity, &table.coefficients));
                all
            }
        };
        for (stressor, series) in missing.iter().zip(all) {
            // If another thread has derived the same series in the meantime, that series is kept.
            stressor.series.get_or_init(|| series);
        }
        Ok(())
    }

    /// Series of indicators. If there are no factors yet, and sweeps do not solve the table, or converge too slowly, the
    /// factors are derived first.
    fn series_of(
        &self,
        solver: &Solver,
        budget: &Budget,
        values: &[&[f64]],
        stage: &Stage<'_>,
    ) -> Result<Vec<Result<Series>>> {
        let coefficients = &self.base.table.coefficients;
        if solver.sweeps() || solver.derived() > Derived::Series {
            match Series::derive(coefficients, solver, values, &stage.part(0.0, 0.3)) {
                Err(Error::BadInput { .. }) if solver.derived() == Derived::Series => {}
                derived => return derived,
            }
        }
        self.decide(solver, budget)?;
        if solver.next().is_some() {
            solver.factor(coefficients, &stage.part(0.3, 0.9))?;
        }
        Series::derive(coefficients, solver, values, &stage.part(0.9, 1.0))
    }

    fn derive_deep(&self, budget: &Budget, stage: &Stage<'_>) -> Result<()> {
        let missing: Vec<&Series> = self.missing(Series::is_deep).map(|(_, series)| series).collect();
        let bytes = deep_bytes(self.base.table.labels.len()) * missing.len() as u64;
        budget.require("the deep layers of the indicators", bytes)?;
        let (leontief, _) = self.derived()?;
        Series::deepen(&self.base.table.coefficients, &leontief.solver, &missing, stage)
    }

    fn decide(&self, solver: &Solver, budget: &Budget) -> Result<()> {
        let (table, wanted) = (&self.base.table, self.wanted().count() as u64);
        solver.decide(table, budget, |mode| groups_bytes(&table.labels, mode) * wanted)
    }

    fn derive_factors(&self, budget: &Budget, stage: &Stage<'_>) -> Result<()> {
        let (leontief, _) = self.derived()?;
        self.decide(&leontief.solver, budget)?;
        // Memory may suffice for the series only.
        if leontief.solver.next().is_none() {
            return Ok(());
        }
        leontief.solver.factor(&self.base.table.coefficients, stage)
    }

    fn derive_inverse(&self, budget: &Budget, stage: &Stage<'_>) -> Result<()> {
        let table = &self.base.table;
        let groups = groups_bytes(&table.labels, LeontiefMode::Full) * self.wanted().count() as u64;
        self.derived()?.0.solver.invert(table, budget, groups, stage)
    }

    fn derive_groups(&self, budget: &Budget, stage: &Stage<'_>) -> Result<()> {
        let (table, (leontief, _)) = (&self.base.table, self.derived()?);
        let missing: Vec<(&Stressor, &Series)> = self.missing(|series| series.groups().is_some()).collect();
        let mode = leontief.solver.mode().unwrap_or(LeontiefMode::Lazy);
        budget.require("the groups of the indicators", groups_bytes(&table.labels, mode) * missing.len() as u64)?;
        let values: Vec<&[f64]> = missing.iter().map(|(stressor, _)| &*stressor.indicator.values).collect();
        let groups = match leontief.solver.inverse() {
            Some(inverse) => Groups::of_inverse(table, inverse, &values, stage)?,
            None => {
                let parts = values.iter().enumerate().map(|(i, r)| (r, stage.slice(i, values.len())));
                parts.map(|(r, stage)| Groups::of_solver(table, &leontief.solver, r, &stage)).collect::<Result<_>>()?
            }
        };
        for ((_, series), groups) in missing.iter().zip(groups) {
            series.set_groups(groups);
        }
        Ok(())
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
        let demand = base.table.demand.as_ref().map_or(0, FinalDemand::bytes);
        let table = base.table.coefficients.bytes() + base.table.labels.bytes() + output + demand;
        let bound = |stressor: &Stressor| match stressor.bound.get() {
            Some(Ok(bound)) => bound.bytes(),
            Some(Err(_)) | None => 0,
        };
        let series = |stressor: &Stressor| match stressor.series.get() {
            Some(Ok(series)) => series.bytes(),
            Some(Err(_)) | None => 0,
        };
        let stressor = |stressor: &Stressor| n * 8 + series(stressor) + bound(stressor);
        table
            + base.printed.get().map_or(0, Printed::bytes)
            + base.text.len() as u64
            + base.leontief.get().map_or(0, Leontief::bytes)
            + self.stressors().map(stressor).sum::<u64>()
            + size_of::<Base>() as u64
    }
}
