//! A model of a table and its indicators: an immutable value whose derived data are filled in once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::codec::encode::Plan;
use super::digest;
use super::indicator::Indicator;
use super::leontief::Leontief;
use super::options::LeontiefMode;
use super::printed::Printed;
use super::product;
use super::series::{Series, series_bytes};
use super::spectral::spectral_check;
use super::stage::Stage;
use super::table::Table;
use crate::{Budget, Error, Progress, Result};

/// The name of the indicator that every model has: one unit per unit of output.
pub const OUTPUT: &str = "output";

/// How many indicators are derived before anybody asks for them. A satellite account brings a thousand, whose series
/// would take hours and tens of gigabytes: the others are derived when they are first asked for.
const EAGER: usize = 8;

/// The longest name or unit of an indicator, in bytes.
pub const MAX_NAME: usize = 256;

/// An input-output table with its indicators.
///
/// A change makes a new model that shares the table, the inverse and the series of every indicator that stays. Derived
/// data (the inverse, the series) may be missing: [`IoModel::derive`](crate::model::Model::derive) fills in what is.
#[derive(Debug)]
pub struct IoModel {
    pub(super) base: Arc<Base>,
    pub(super) indicators: Vec<Arc<Stressor>>,
    plan: Plan,
    digest: OnceLock<[u8; 16]>,
}

/// What does not depend on the indicators that were set.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) table: Table,
    printed: OnceLock<Printed>,
    pub(super) nonzeros: u64,
    pub(super) leontief: OnceLock<Leontief>,
    /// The indicator `output`.
    pub(super) output: Arc<Stressor>,
    digest: OnceLock<blake3::Hash>,
    /// Labels and warnings as they are encoded.
    pub(super) text: Vec<u8>,
}

/// An indicator and its series.
#[derive(Debug)]
pub(super) struct Stressor {
    pub(super) indicator: Indicator,
    series: OnceLock<Series>,
    /// Somebody has asked for it, so it is derived wherever it stands in the order.
    asked: AtomicBool,
    /// Whether a value is below 0.
    pub(super) is_signed: bool,
    /// Whether the values are whole numbers, some of them large: totals are, intensities hardly ever.
    pub(super) may_be_totals: bool,
}

/// From here on a whole number is large for an intensity; scores from 1 to 10 are not.
const LARGE: f64 = 11.0;

impl Stressor {
    fn new(indicator: Indicator) -> Arc<Self> {
        let is_signed = indicator.values.iter().any(|value| *value < 0.0);
        let may_be_totals = indicator.values.iter().all(|value| value.fract() == 0.0)
            && indicator.values.iter().any(|value| value.abs() >= LARGE);
        Arc::new(Self { indicator, series: OnceLock::new(), asked: AtomicBool::new(false), is_signed, may_be_totals })
    }
}

impl Stressor {
    /// What is derived from it. Where it is not there yet, it will be by the next [`IoModel::fill`].
    ///
    /// # Errors
    /// [`Error::NotReady`].
    pub(super) fn series(&self) -> Result<&Series> {
        self.series.get().ok_or_else(|| {
            self.asked.store(true, Ordering::Relaxed);
            Error::NotReady
        })
    }
}

impl IoModel {
    /// A model of a table, with the indicator `output` only and nothing derived. One pass over the coefficients.
    ///
    /// # Panics
    /// When the coefficients are not a square of one row and column for each label.
    pub fn new(table: Table) -> Self {
        let nonzeros = product::nonzeros(&table.coefficients);
        Self::assembled(table, nonzeros, Vec::new())
    }

    /// A model put together by somebody who has counted the coefficients that are not 0 and checked the indicators.
    pub(super) fn assembled(table: Table, nonzeros: u64, indicators: Vec<Indicator>) -> Self {
        let n = table.labels.len();
        let columns = product::with_columns!(&table.coefficients, columns => columns.len());
        assert!(table.coefficients.rows() == n && columns == n, "coefficients are n x n");
        let output = Indicator { name: OUTPUT.into(), unit: "".into(), values: vec![1.0; n] };
        let base = Base {
            printed: OnceLock::new(),
            nonzeros,
            leontief: OnceLock::new(),
            output: Stressor::new(output),
            digest: OnceLock::new(),
            text: super::codec::encode::text_of(&table),
            table,
        };
        Self::assemble(Arc::new(base), indicators.into_iter().map(Stressor::new).collect())
    }

    fn assemble(base: Arc<Base>, indicators: Vec<Arc<Stressor>>) -> Self {
        let plan = Plan::of(&base.table, base.text.len(), indicators.len());
        Self { base, indicators, plan, digest: OnceLock::new() }
    }

    /// Whether both are of the same table, not only of equal ones.
    pub fn shares_table_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.base.table
    }

    /// Names and units of the indicators that were set, in that order; `output` is not among them.
    pub fn indicators(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.indicators.iter().map(|stressor| (&*stressor.indicator.name, &*stressor.indicator.unit))
    }

    /// The model with an indicator added, or put in the place of the one with its name. Everything else is shared.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the name is empty, too long or `output`, the unit too long, the values not one finite
    /// number for each node.
    pub fn with_indicator(&self, indicator: Indicator) -> Result<Self> {
        check(&indicator, self.base.table.labels.len())?;
        let mut indicators = self.indicators.clone();
        let place = indicators.iter().position(|old| old.indicator.name == indicator.name);
        match place {
            Some(place) => indicators[place] = Stressor::new(indicator),
            None => indicators.push(Stressor::new(indicator)),
        }
        Ok(Self::assemble(self.base.clone(), indicators))
    }

    /// The model without an indicator; `None` when it has no such one, or it is `output`.
    pub fn without_indicator(&self, name: &[u8]) -> Option<Self> {
        let place = self.indicators.iter().position(|old| old.indicator.name.as_bytes() == name)?;
        let mut indicators = self.indicators.clone();
        indicators.remove(place);
        Some(Self::assemble(self.base.clone(), indicators))
    }

    /// The model with the indicators of another one, for a table loaded anew: values go by label. An indicator is
    /// carried over when its labels are those of this table, in whatever order: a label of this table would have no
    /// value otherwise, or a value no label. Returns the names of those that were not. An indicator that this model has
    /// already stays as it is.
    pub fn with_indicators_of(&self, old: &Self) -> (Self, Vec<String>) {
        let (new, labels) = (&self.base.table.labels, &old.base.table.labels);
        let source = |i: usize| {
            let (region, sector) = new.names(i);
            labels.node(region.as_bytes(), sector.as_bytes()).ok()
        };
        let sources: Option<Vec<usize>> = (0..new.len()).map(source).collect();
        let Some(sources) = sources.filter(|sources| sources.len() == labels.len()) else {
            let dropped = old.indicators.iter().map(|stressor| stressor.indicator.name.to_string()).collect();
            return (Self::assemble(self.base.clone(), self.indicators.clone()), dropped);
        };
        let mut indicators = self.indicators.clone();
        for stressor in &old.indicators {
            let Indicator { name, unit, values } = &stressor.indicator;
            if indicators.iter().all(|mine| mine.indicator.name != *name) {
                let values = sources.iter().map(|&i| values[i]).collect();
                indicators.push(Stressor::new(Indicator { name: name.clone(), unit: unit.clone(), values }));
            }
        }
        (Self::assemble(self.base.clone(), indicators), Vec::new())
    }

    /// The technical coefficient from one node to another: input per unit of output.
    ///
    /// # Errors
    /// [`Error::NoSubject`].
    pub fn coefficient(
        &self,
        from_region: &[u8],
        from_sector: &[u8],
        to_region: &[u8],
        to_sector: &[u8],
    ) -> Result<f64> {
        let labels = &self.base.table.labels;
        let from = labels.node(from_region, from_sector)?;
        let to = labels.node(to_region, to_sector)?;
        Ok(self.base.table.coefficients.get(from, to))
    }

    /// The indicator of a name, the default one without: the first that was set, else `output`.
    pub(super) fn indicator(&self, name: Option<&[u8]>) -> Result<&Stressor> {
        let Some(name) = name else {
            return Ok(self.indicators.first().unwrap_or(&self.base.output));
        };
        if name == OUTPUT.as_bytes() {
            return Ok(&self.base.output);
        }
        let found = self.indicators.iter().find(|stressor| stressor.indicator.name.as_bytes() == name);
        found.map(AsRef::as_ref).ok_or(Error::NoIndicator)
    }

    /// All indicators, `output` last.
    pub(super) fn stressors(&self) -> impl Iterator<Item = &Stressor> {
        self.indicators.iter().chain([&self.base.output]).map(AsRef::as_ref)
    }

    /// The indicators whose series are wanted.
    fn wanted(&self) -> impl Iterator<Item = &Stressor> {
        let is_wanted = |&(i, stressor): &(usize, &Arc<Stressor>)| i < EAGER || stressor.asked.load(Ordering::Relaxed);
        self.indicators
            .iter()
            .enumerate()
            .filter(is_wanted)
            .map(|(_, s)| s)
            .chain([&self.base.output])
            .map(AsRef::as_ref)
    }

    pub(super) fn is_ready(&self) -> bool {
        // With the digest: who sees a model that is ready sees its digest too, without computing it.
        self.digest.get().is_some()
            && self.base.leontief.get().is_some()
            && self.wanted().all(|stressor| stressor.series.get().is_some())
    }

    /// The inverse, and how labels are printed.
    ///
    /// # Errors
    /// [`Error::NotReady`].
    pub(super) fn derived(&self) -> Result<(&Leontief, &Printed)> {
        self.base.leontief.get().zip(self.base.printed.get()).ok_or(Error::NotReady)
    }

    pub(super) fn fill(&self, budget: &Budget, progress: &Progress) -> Result<()> {
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
                // A table that came by way of RESTORE has not been checked by whoever loaded it.
                spectral_check(table, progress)?;
                // Operations of the inverse and of the series in proportion, for tables of some size.
                let built = Leontief::build(table, budget, series_bytes, &stage.part(0.0, 0.75))?;
                after = stage.part(0.75, 1.0);
                self.base.leontief.get_or_init(|| built)
            }
        };
        if !missing.is_empty() {
            budget.require("what indicators derive", series_bytes(leontief.mode()))?;
            let values: Vec<&[f64]> = missing.iter().map(|stressor| &*stressor.indicator.values).collect();
            let derived = Series::derive(table, leontief, &values, &after.part(0.0, 0.9))?;
            for (stressor, series) in missing.iter().zip(derived) {
                // Somebody else may have derived the same meanwhile: then theirs stays.
                stressor.series.get_or_init(|| series);
            }
        }
        self.content_digest();
        stage.step(1, 1)
    }

    pub(super) fn content_digest(&self) -> [u8; 16] {
        *self.digest.get_or_init(|| {
            let table = self.base.digest.get_or_init(|| digest::of_table(&self.base.table, &self.base.text));
            digest::of_model(table, self.indicators.iter().map(|stressor| &stressor.indicator))
        })
    }

    pub(super) fn content_digest_if_known(&self) -> Option<[u8; 16]> {
        self.digest.get().copied()
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn held(&self) -> u64 {
        let base = &self.base;
        let n = base.table.labels.len() as u64;
        let output = base.table.output.as_ref().map_or(0, |x| x.len() as u64 * 8);
        let table = base.table.coefficients.bytes() + base.table.labels.bytes() + output;
        let series = |stressor: &Stressor| n * 8 + stressor.series.get().map_or(0, Series::bytes);
        table
            + base.printed.get().map_or(0, Printed::bytes)
            + base.text.len() as u64
            + base.leontief.get().map_or(0, Leontief::bytes)
            + self.stressors().map(series).sum::<u64>()
            + size_of::<Base>() as u64
    }

    /// About how long one assessment takes when the columns it needs are not at hand.
    pub(super) fn cost(&self, top: u32) -> Duration {
        let n = self.base.table.labels.len() as u64;
        match self.base.leontief.get().map(Leontief::mode) {
            Some(LeontiefMode::Lazy) => Duration::from_nanos(n * n * super::neumann::USUAL_TERMS as u64),
            _ => Duration::from_nanos(3_000 + 3 * n + 800 * u64::from(top).min(n)),
        }
    }
}

/// Whether an indicator fits a table of n nodes.
pub(super) fn check(indicator: &Indicator, n: usize) -> Result<()> {
    let Indicator { name, unit, values } = indicator;
    if name.is_empty() || name.len() > MAX_NAME || unit.len() > MAX_NAME {
        return Err(Error::Invalid("the name of an indicator has 1 to 256 bytes, its unit up to 256".into()));
    }
    if &**name == OUTPUT {
        return Err(Error::Invalid("the indicator output is built in: choose another name".into()));
    }
    if values.len() != n {
        return Err(Error::Invalid("an indicator has one value for each node".into()));
    }
    if values.iter().all(|value| value.is_finite()) {
        Ok(())
    } else {
        Err(Error::Invalid("the values of an indicator are finite".into()))
    }
}
