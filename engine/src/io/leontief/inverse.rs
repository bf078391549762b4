//! What is derived of a table alone, without an indicator.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::matrix::Matrix;
use super::product::{self, widened, with_columns};
use super::solver::Solver;
use crate::Result;
use crate::io::stage::Stage;

/// The number of nodes whose column of `A^2` is kept: those of the last what-if analyses.
const KEPT: NonZeroUsize = NonZeroUsize::new(16).expect("it is not 0");

/// The Leontief inverse `L = (I-A)^-1` as far as it is derived, and the data that depend only on it.
#[derive(Debug)]
pub(crate) struct Leontief {
    /// Solves with `I - A`.
    pub(crate) solver: Solver,
    /// Column sums `1'L`: the output of all nodes per unit that each node delivers.
    activity: Vec<f64>,
    /// Whether no coefficient of the table is below 0.
    is_nonnegative: bool,
    /// Columns of `A^2`, by node. Only threads that compute take the lock.
    squared: Mutex<LruCache<usize, Arc<[f64]>>>,
    /// The number of these columns.
    squared_count: AtomicUsize,
}

impl Leontief {
    /// `activity` is `1'L`. Makes one pass over the coefficients.
    pub(crate) fn new(solver: Solver, activity: Vec<f64>, coefficients: &Matrix) -> Self {
        let squared = Mutex::new(LruCache::new(KEPT));
        Self {
            solver,
            activity,
            is_nonnegative: product::nonnegative(coefficients),
            squared,
            squared_count: AtomicUsize::new(0),
        }
    }

    pub(crate) fn activity(&self) -> &[f64] {
        &self.activity
    }

    /// Whether no coefficient of the table is below 0.
    pub(crate) fn is_nonnegative(&self) -> bool {
        self.is_nonnegative
    }

    /// `A^2 e_j`: what the direct suppliers of node j need directly, n values. One pass over the coefficients, unless it
    /// is kept of one of the last times.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(crate) fn squared(&self, coefficients: &Matrix, j: usize, stage: &Stage<'_>) -> Result<Arc<[f64]>> {
        if let Some(column) = self.kept().get(&j) {
            return Ok(column.clone());
        }
        let first = with_columns!(coefficients, columns => widened(columns.column(j)));
        let column: Arc<[f64]> = product::times_column(coefficients, &first, stage)?.into();
        let mut kept = self.kept();
        let evicted = kept.push(j, column.clone());
        self.squared_count.store(kept.len(), Ordering::Relaxed);
        drop(kept);
        drop(evicted);
        Ok(column)
    }

    fn kept(&self) -> MutexGuard<'_, LruCache<usize, Arc<[f64]>>> {
        // Every operation under the lock is complete in itself.
        self.squared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bytes(&self) -> u64 {
        let n = self.activity.len();
        self.solver.bytes(n) + ((1 + self.squared_count.load(Ordering::Relaxed)) * n * 8) as u64
    }
}
