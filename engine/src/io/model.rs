//! A model of a table and its indicators. It is immutable, except that derived data are filled in once.
//!
//! Terms of the field: *region*, *sector*, *node* (a region-sector pair), *technical coefficient* `A[i,j]` (input from
//! node i per unit of output of node j), *Leontief inverse* `L = (I-A)^-1`, *indicator* `r` (stressor intensity, one
//! number per node), *multiplier* `m = r'L`, *production layer* k (tier-k suppliers).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::codec::{Plan, text_of};
use super::indicator::Indicator;
use super::paths::bound::Bound;
use super::printed::Printed;
use super::table::Table;
use crate::io::leontief::inverse::Leontief;
use crate::io::leontief::product;
use crate::io::leontief::series::Series;
use crate::{Error, Result};

mod cost;
mod derived;
mod indicators;
mod paths;

pub(super) use self::indicators::check;

/// The name of the indicator that every model has: one unit per unit of output.
pub const OUTPUT: &str = "output";

/// The longest name or unit of an indicator, in bytes.
pub const MAX_NAME: usize = 256;

/// An input-output table with its indicators.
///
/// A change creates a new model that shares the table, the inverse and the series of unchanged indicators. Derived data
/// (the inverse, the series) may be missing: [`IoModel::derive`](crate::model::Model::derive) computes the missing
/// parts.
#[derive(Debug)]
pub struct IoModel {
    pub(super) base: Arc<Base>,
    pub(super) indicators: Vec<Arc<Stressor>>,
    plan: Plan,
    digest: OnceLock<[u8; 16]>,
}

/// The data that do not depend on user-defined indicators.
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
    /// The series, or the reason why there is none.
    series: OnceLock<Result<Series>>,
    /// The bound for structural paths, or the reason why there is none.
    bound: OnceLock<Result<Bound>>,
    /// A request has used this indicator, so its series is derived whatever its position in the list.
    requested: AtomicBool,
    /// Whether a value is below 0.
    pub(super) is_signed: bool,
    /// Whether all values are whole numbers and some are large. Totals often are, intensities almost never.
    pub(super) may_be_totals: bool,
}

/// The smallest whole number that is unusual for an intensity. Scores from 1 to 10 stay below it.
const LARGE: f64 = 11.0;

impl Stressor {
    fn new(indicator: Indicator) -> Arc<Self> {
        let is_signed = indicator.values.iter().any(|value| *value < 0.0);
        let may_be_totals = indicator.values.iter().all(|value| value.fract() == 0.0)
            && indicator.values.iter().any(|value| value.abs() >= LARGE);
        Arc::new(Self {
            indicator,
            series: OnceLock::new(),
            bound: OnceLock::new(),
            requested: AtomicBool::new(false),
            is_signed,
            may_be_totals,
        })
    }
}

impl Stressor {
    /// The derived series. If it is missing, the next [`IoModel::fill_next`] computes it.
    ///
    /// # Errors
    /// [`Error::NotReady`]; [`Error::BadInput`] if results are beyond the range of numbers.
    pub(super) fn series(&self) -> Result<&Series> {
        match self.series.get() {
            Some(series) => series.as_ref().map_err(Clone::clone),
            None => {
                self.requested.store(true, Ordering::Relaxed);
                Err(Error::NotReady)
            }
        }
    }

    /// Whether the series has an error instead of numbers.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.series.get(), Some(Err(_)))
    }

    /// Whether the series is derived. Unlike [`Stressor::series`], this does not request it.
    pub(super) fn is_derived(&self) -> bool {
        self.series.get().is_some()
    }
}

impl IoModel {
    /// A model of a table with the indicator `output` only and without derived data. Makes one pass over the
    /// coefficients.
    ///
    /// # Panics
    /// If the coefficients are not a square matrix with one row and column per label.
    pub fn new(table: Table) -> Self {
        let nonzeros = product::nonzeros(&table.coefficients);
        Self::assembled(table, nonzeros, Vec::new())
    }

    /// A model from parts: the caller has counted the nonzero coefficients and checked the indicators.
    pub(super) fn assembled(table: Table, nonzeros: u64, indicators: Vec<Indicator>) -> Self {
        let n = table.labels.len();
        let columns = product::with_columns!(&table.coefficients, columns => columns.len());
        assert!(table.coefficients.rows() == n && columns == n, "the coefficients must be n x n");
        let output = Indicator { name: OUTPUT.into(), unit: "".into(), values: vec![1.0; n] };
        let base = Base {
            printed: OnceLock::new(),
            nonzeros,
            leontief: OnceLock::new(),
            output: Stressor::new(output),
            digest: OnceLock::new(),
            text: text_of(&table),
            table,
        };
        Self::assemble(Arc::new(base), indicators.into_iter().map(Stressor::new).collect())
    }

    fn assemble(base: Arc<Base>, indicators: Vec<Arc<Stressor>>) -> Self {
        let plan = Plan::of(&base.table, base.text.len(), indicators.len());
        Self { base, indicators, plan, digest: OnceLock::new() }
    }

    /// Whether both models share one table in memory, not only equal tables.
    pub fn shares_table_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.base.table
    }

    /// Names and units of the user-defined indicators, in the order of definition; without `output`.
    pub fn indicators(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.indicators.iter().map(|stressor| (&*stressor.indicator.name, &*stressor.indicator.unit))
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

    /// The technical coefficients of many pairs of nodes: from-region, from-sector, to-region, to-sector of each. `None`
    /// where a label is unknown.
    ///
    /// All nodes are found before the first coefficient is read, so that the processor waits for the memory of several
    /// coefficients at the same time.
    pub fn coefficients<'a>(&self, pairs: impl IntoIterator<Item = [&'a [u8]; 4]>) -> Vec<Option<f64>> {
        let labels = &self.base.table.labels;
        let find = |[from_region, from_sector, to_region, to_sector]: [&[u8]; 4]| {
            Some((labels.node(from_region, from_sector).ok()?, labels.node(to_region, to_sector).ok()?))
        };
        let places: Vec<_> = pairs.into_iter().map(find).collect();
        places.into_iter().map(|place| place.map(|(from, to)| self.base.table.coefficients.get(from, to))).collect()
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }
}
