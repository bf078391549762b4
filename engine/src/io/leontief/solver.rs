//! Solves with `I - A`, with what is derived so far: sweeps over A, then the factors, then the inverse.
//!
//! A table answers as soon as it is read, by sweeps, and faster when a worker has factored `I - A` and inverted it.
//! Results of the three agree to rounding.

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lru::LruCache;

use super::matrix::Matrix;
use super::solve::{self, Factors};
use super::sweep::{self, Sweeper};
use super::{neumann, product};
use crate::io::options::{LeontiefMode, Precision};
use crate::io::stage::Stage;
use crate::io::table::Table;
use crate::{Budget, Error, Progress, Result};

/// What solves with `I - A`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Derived {
    /// Sums of the series `I + A + A^2 + ..`, by sweeps over A.
    Series,
    /// The factors of `I - A`: two triangular systems.
    Factors,
    /// The inverse: reads.
    Inverse,
}

impl Derived {
    /// The name in replies.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Series => "series",
            Self::Factors => "factors",
            Self::Inverse => "inverse",
        }
    }
}

/// Solves with `I - A`.
#[derive(Debug)]
pub(crate) struct Solver {
    /// Of tables that sweeps can solve, with its size in bytes.
    sweeper: Option<(Sweeper, u64)>,
    /// Freed when the inverse is there.
    factors: Mutex<Option<Arc<Factors>>>,
    inverse: OnceLock<Matrix>,
    /// What will be held in the end, decided when the factors are to be derived.
    goal: Mutex<Option<Goal>>,
    /// Columns solved on demand: the last used ones.
    columns: Mutex<LruCache<usize, Arc<[f64]>>>,
}

/// What will be held in the end, and why.
#[derive(Debug, Clone)]
struct Goal {
    derived: Derived,
    /// A message for the user if memory did not suffice for more.
    warning: Option<String>,
}

/// One column of `L`.
pub(crate) enum Column<'a> {
    /// Of the stored inverse, in f64.
    F64(&'a [f64]),
    /// Of the stored inverse, in f32.
    F32(&'a [f32]),
    /// Solved on demand.
    Solved(Arc<[f64]>),
}

/// The approximate time to read a coefficient once, in nanoseconds.
const PER_COEFFICIENT: u64 = 1;
/// The number of passes over A that sweeps of typical tables need.
const USUAL_SWEEPS: u64 = 16;

impl Solver {
    /// A solver by sweeps.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(crate) fn new(table: &Table, stage: &Stage<'_>) -> Result<Self> {
        let n = table.labels.len();
        let blocks = sweep::blocks(table.labels.nodes().iter().map(|&(region, _)| region));
        let kept = NonZeroUsize::new(solve::kept_columns(n)).unwrap_or(NonZeroUsize::MIN);
        let bytes = sweep::held_bytes(&blocks);
        let sweeper = Sweeper::of(&table.coefficients, blocks, stage)?;
        Ok(Self {
            sweeper: sweeper.map(|sweeper| (sweeper, bytes)),
            factors: Mutex::new(None),
            inverse: OnceLock::new(),
            goal: Mutex::new(None),
            columns: Mutex::new(LruCache::new(kept)),
        })
    }

    /// What solves now.
    pub(crate) fn derived(&self) -> Derived {
        if self.inverse.get().is_some() {
            Derived::Inverse
        } else if lock(&self.factors).is_some() {
            Derived::Factors
        } else {
            Derived::Series
        }
    }

    /// Whether sweeps solve this table: others are solved faster with the factors.
    pub(crate) fn sweeps(&self) -> bool {
        self.sweeper.is_some()
    }

    /// What is to be derived next; `None` when all is derived. Before the goal is set, the factors.
    pub(crate) fn next(&self) -> Option<Derived> {
        let goal = lock(&self.goal).as_ref().map_or(Derived::Factors, |goal| goal.derived);
        let next = match self.derived() {
            Derived::Series => Derived::Factors,
            Derived::Factors | Derived::Inverse => Derived::Inverse,
        };
        (self.derived() < goal).then_some(next)
    }

    /// The mode; `None` before the factors are derived.
    pub(crate) fn mode(&self) -> Option<LeontiefMode> {
        lock(&self.goal).as_ref().map(|goal| match goal.derived {
            Derived::Inverse => LeontiefMode::Full,
            Derived::Factors | Derived::Series => LeontiefMode::Lazy,
        })
    }

    /// A message for the user about memory that did not suffice.
    pub(crate) fn warning(&self) -> Option<String> {
        lock(&self.goal).as_ref()?.warning.clone()
    }

    /// Decides what is held in the end: in the mode full the inverse, in the mode lazy the factors. Without a mode, the
    /// inverse if the budget allows it. Requests the memory of the factors. `more(mode)` is the memory needed for other
    /// derived data.
    ///
    /// # Errors
    /// [`crate::Error::NoRoom`] for the mode full.
    pub(crate) fn decide(&self, table: &Table, budget: &Budget, more: impl Fn(LeontiefMode) -> u64) -> Result<()> {
        let (n, precision) = (table.labels.len(), table.coefficients.precision());
        let needed = |mode| {
            let after = solve::held_bytes(n, precision, mode) + more(mode);
            solve::peak_bytes(n, precision, mode).max(after)
        };
        let (full, lazy) = (needed(LeontiefMode::Full), needed(LeontiefMode::Lazy));
        let goal = match table.leontief {
            Some(LeontiefMode::Full) => {
                budget.require("the Leontief inverse", full)?;
                Goal { derived: Derived::Inverse, warning: None }
            }
            None if budget.fits(full) => {
                budget.require("the Leontief inverse", full)?;
                Goal { derived: Derived::Inverse, warning: None }
            }
            mode if budget.fits(lazy) => {
                budget.require("the factors of I - A", lazy)?;
                let warning = if mode.is_none() { Some(without_inverse(full)) } else { None };
                Goal { derived: Derived::Factors, warning }
            }
            _ => {
                let instead = "the columns of the Leontief inverse are summed on demand";
                Goal { derived: Derived::Series, warning: Some(lacking("factors of I - A", lazy, instead)) }
            }
        };
        *lock(&self.goal) = Some(goal);
        Ok(())
    }

    /// Factors `I - A`.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if it is singular, [`crate::Error::Cancelled`].
    pub(crate) fn factor(&self, coefficients: &Matrix, stage: &Stage<'_>) -> Result<()> {
        let factors = Factors::of(coefficients, stage)?;
        *lock(&self.factors) = Some(Arc::new(factors));
        Ok(())
    }

    /// Inverts `I - A` with the factors, and frees them. The factors are held in the end if memory has become short since
    /// the decision, unless the table requests the mode full; and if a number of the inverse cannot be stored in f32.
    ///
    /// # Errors
    /// [`crate::Error::NoRoom`] for the mode full; [`crate::Error::BadInput`] if the factors show that it is singular,
    /// [`crate::Error::Cancelled`].
    pub(crate) fn invert(&self, table: &Table, budget: &Budget, more: u64, stage: &Stage<'_>) -> Result<()> {
        let (n, coefficients) = (table.labels.len(), &table.coefficients);
        let peak = solve::peak_bytes(n, coefficients.precision(), LeontiefMode::Full) + more;
        let needed = peak.saturating_sub(solve::factors_bytes(n));
        if table.leontief.is_none() && !budget.fits(needed) {
            *lock(&self.goal) = Some(Goal { derived: Derived::Factors, warning: Some(without_inverse(needed)) });
            return Ok(());
        }
        budget.require("the Leontief inverse", needed)?;
        let factors = match self.factors() {
            Some(factors) => factors,
            None => Arc::new(Factors::of(coefficients, &stage.part(0.0, 1.0 / 3.0))?),
        };
        let inverse = match factors.invert(coefficients.precision(), stage) {
            // In f64 the columns that are solved on demand would not be finite either.
            Err(Error::BadInput { .. }) if coefficients.precision() == Precision::F32 => {
                *lock(&self.factors) = Some(factors);
                let warning = format!(
                    "the Leontief inverse has numbers beyond the range of {}: {ON_DEMAND}",
                    coefficients.precision().name()
                );
                *lock(&self.goal) = Some(Goal { derived: Derived::Factors, warning: Some(warning) });
                return Ok(());
            }
            inverse => inverse?,
        };
        self.inverse.get_or_init(|| inverse);
        let before = lock(&self.factors).take();
        drop(before);
        // The inverse holds the columns that were solved on demand.
        lock(&self.columns).clear();
        Ok(())
    }

    fn factors(&self) -> Option<Arc<Factors>> {
        lock(&self.factors).clone()
    }

    /// The whole inverse, if it is derived.
    pub(crate) fn inverse(&self) -> Option<&Matrix> {
        self.inverse.get()
    }

    /// Column `j` of `L`. Without the inverse it is solved unless it is cached.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if it does not converge, [`crate::Error::Cancelled`].
    pub(crate) fn column(&self, coefficients: &Matrix, j: usize, progress: &Progress) -> Result<Column<'_>> {
        match self.inverse.get() {
            Some(Matrix::F64(columns)) => return Ok(Column::F64(columns.column(j))),
            Some(Matrix::F32(columns)) => return Ok(Column::F32(columns.column(j))),
            None => {}
        }
        if let Some(column) = lock(&self.columns).get(&j) {
            return Ok(Column::Solved(column.clone()));
        }
        // The lock is not held while solving: other threads can read cached columns. At worst, two threads solve the
        // same column.
        let column: Arc<[f64]> = self.solved_column(coefficients, j, &Stage::whole(progress))?.into();
        lock(&self.columns).put(j, column.clone());
        Ok(Column::Solved(column))
    }

    fn solved_column(&self, coefficients: &Matrix, j: usize, stage: &Stage<'_>) -> Result<Vec<f64>> {
        stage.step(0, 1)?;
        if let Some(factors) = self.factors() {
            return Ok(factors.column(j));
        }
        let mut unit = vec![0.0; coefficients.rows()];
        unit[j] = 1.0;
        self.summed(coefficients, unit, stage)
    }

    /// `L d` for a column `d`, without the factors.
    fn summed(&self, coefficients: &Matrix, d: Vec<f64>, stage: &Stage<'_>) -> Result<Vec<f64>> {
        if let Some((sweeper, _)) = &self.sweeper
            && let Some(column) = sweeper.column(coefficients, &d, stage)?
        {
            return Ok(column);
        }
        neumann::times(coefficients, d, stage)
    }

    /// `L d` for a demand `d`, n values: the output of every node that `d` needs.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if it does not converge, [`crate::Error::Cancelled`].
    pub(crate) fn times(&self, coefficients: &Matrix, d: &[f64], stage: &Stage<'_>) -> Result<Vec<f64>> {
        if let Some(inverse) = self.inverse.get() {
            return product::times_column(inverse, d, stage);
        }
        stage.step(0, 1)?;
        match self.factors() {
            Some(factors) => Ok(factors.solve_column(d)),
            None => self.summed(coefficients, d.to_vec(), stage),
        }
    }

    /// `r'L` for several row vectors.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if it does not converge, [`crate::Error::Cancelled`].
    pub(crate) fn rows(&self, coefficients: &Matrix, rows: Vec<Vec<f64>>, stage: &Stage<'_>) -> Result<Vec<Vec<f64>>> {
        if let Some(inverse) = self.inverse.get() {
            return product::rows_times(&rows, inverse, stage);
        }
        stage.step(0, 1)?;
        if let Some(factors) = self.factors() {
            return Ok(factors.solve_rows(&rows));
        }
        if let Some((sweeper, _)) = &self.sweeper {
            if let Some(solved) = sweeper.rows(coefficients, &rows, stage)? {
                return Ok(solved);
            }
            // The series takes more passes than the sweeps. The factors are faster, unless memory does not suffice.
            if self.next().is_some() {
                return Err(neumann::slow());
            }
        }
        neumann::rows(coefficients, rows, stage)
    }

    /// Row `i` of `L`, n values: what each node needs of node `i`, directly and upstream. It is not cached.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if it does not converge, [`crate::Error::Cancelled`].
    pub(crate) fn row(&self, coefficients: &Matrix, i: usize, progress: &Progress) -> Result<Vec<f64>> {
        if let Some(inverse) = self.inverse.get() {
            progress.check()?;
            return Ok((0..inverse.rows()).map(|j| inverse.get(i, j)).collect());
        }
        let mut unit = vec![0.0; coefficients.rows()];
        unit[i] = 1.0;
        let solved = self.rows(coefficients, vec![unit], &Stage::whole(progress))?;
        Ok(solved.into_iter().flatten().collect())
    }

    /// The approximate time to solve one column or one row of a table of `n` nodes, in nanoseconds; 0 if it is read.
    pub(crate) fn solve_cost(&self, n: u64) -> u64 {
        let passes = match self.derived() {
            Derived::Series => USUAL_SWEEPS,
            Derived::Factors => 1,
            Derived::Inverse => 0,
        };
        passes * n * n * PER_COEFFICIENT
    }

    pub(crate) fn bytes(&self, n: usize) -> u64 {
        let factors = if lock(&self.factors).is_some() { solve::factors_bytes(n) } else { 0 };
        self.inverse.get().map_or(0, Matrix::bytes)
            + factors
            + self.sweeper.as_ref().map_or(0, |(_, bytes)| *bytes)
            + (lock(&self.columns).len() * n * 8) as u64
    }
}

fn lacking(what: &str, bytes: u64, instead: &str) -> String {
    format!("memory does not suffice for the {what} ({} MB needed): {instead}", bytes.div_ceil(1 << 20))
}

const ON_DEMAND: &str = "its columns are solved on demand, as with LEONTIEF lazy";

fn without_inverse(bytes: u64) -> String {
    lacking("Leontief inverse", bytes, ON_DEMAND)
}

/// Every operation under these locks is complete in itself, so the data stay consistent after a panic of another
/// thread.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Column<'_> {
    /// The column as numbers in f64.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        match self {
            Self::F64(column) => column.to_vec(),
            Self::F32(column) => product::widened(column),
            Self::Solved(column) => column.deref().to_vec(),
        }
    }
}
