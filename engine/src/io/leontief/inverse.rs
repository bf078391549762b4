//! The Leontief inverse of a model: all of it, or a cache of recently used columns.

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::io::leontief::matrix::Matrix;
use crate::io::leontief::{neumann, product, solve};
use crate::io::options::LeontiefMode;
use crate::io::stage::Stage;
use crate::io::table::Table;
use crate::{Budget, Progress, Result};

/// `L = (I-A)^-1` and the data that depend only on it.
#[derive(Debug)]
pub(crate) struct Leontief {
    inverse: Inverse,
    /// Column sums `1'L`: the output of all nodes per unit that each node delivers.
    activity: Vec<f64>,
    /// Whether no coefficient of the table is below 0.
    is_nonnegative: bool,
    /// Messages for the user about how the inverse was built.
    warnings: Vec<String>,
}

#[derive(Debug)]
enum Inverse {
    Full(Matrix),
    Lazy(Mutex<LruCache<usize, Arc<[f64]>>>),
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

impl Leontief {
    /// Builds the inverse in the mode that the table requests. If it requests none, the mode is full if the budget
    /// allows it, else lazy. `more(mode)` is the memory needed for other derived data.
    ///
    /// # Errors
    /// [`crate::Error::NoRoom`], [`crate::Error::Cancelled`], [`crate::Error::BadInput`] if `I - A` is singular.
    pub(crate) fn build(
        table: &Table,
        budget: &Budget,
        more: impl Fn(LeontiefMode) -> u64,
        stage: &Stage<'_>,
    ) -> Result<Self> {
        let (n, precision) = (table.labels.len(), table.coefficients.precision());
        // The factors are freed before the other data are allocated, so the larger of the two sizes is needed.
        let needed = |mode| {
            let after = solve::held_bytes(n, precision, mode) + more(mode);
            solve::peak_bytes(n, precision, mode).max(after)
        };
        let full = needed(LeontiefMode::Full);
        let mut warnings = Vec::new();
        let mode = match table.leontief {
            Some(mode) => mode,
            None if budget.fits(full) => LeontiefMode::Full,
            None => {
                warnings.push(format!(
                    "memory does not suffice for the Leontief inverse ({} MB needed): its columns are solved on \
                     demand, as with LEONTIEF lazy",
                    full.div_ceil(1 << 20)
                ));
                LeontiefMode::Lazy
            }
        };
        budget.require("the Leontief inverse", needed(mode))?;
        let is_nonnegative = product::nonnegative(&table.coefficients);
        Ok(match mode {
            LeontiefMode::Full => {
                let inverse = solve::inverse(&table.coefficients, stage)?;
                let activity = column_sums(&inverse);
                Self { inverse: Inverse::Full(inverse), activity, is_nonnegative, warnings }
            }
            LeontiefMode::Lazy => {
                let sums = neumann::rows(&table.coefficients, vec![vec![1.0; n]], stage)?;
                let activity = sums.into_iter().flatten().collect();
                let kept = NonZeroUsize::new(solve::kept_columns(n)).unwrap_or(NonZeroUsize::MIN);
                Self { inverse: Inverse::Lazy(Mutex::new(LruCache::new(kept))), activity, is_nonnegative, warnings }
            }
        })
    }

    pub(crate) fn mode(&self) -> LeontiefMode {
        match self.inverse {
            Inverse::Full(_) => LeontiefMode::Full,
            Inverse::Lazy(_) => LeontiefMode::Lazy,
        }
    }

    pub(crate) fn activity(&self) -> &[f64] {
        &self.activity
    }

    /// Whether no coefficient of the table is below 0.
    pub(crate) fn is_nonnegative(&self) -> bool {
        self.is_nonnegative
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The whole inverse; `None` if columns are solved on demand.
    pub(crate) fn full(&self) -> Option<&Matrix> {
        match &self.inverse {
            Inverse::Full(matrix) => Some(matrix),
            Inverse::Lazy(_) => None,
        }
    }

    /// Column `j`. In lazy mode it is solved unless it is cached.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if it does not converge, [`crate::Error::Cancelled`] (both in lazy mode only).
    pub(crate) fn column(&self, coefficients: &Matrix, j: usize, progress: &Progress) -> Result<Column<'_>> {
        let cache = match &self.inverse {
            Inverse::Full(Matrix::F64(columns)) => return Ok(Column::F64(columns.column(j))),
            Inverse::Full(Matrix::F32(columns)) => return Ok(Column::F32(columns.column(j))),
            Inverse::Lazy(cache) => cache,
        };
        if let Some(column) = lock(cache).get(&j) {
            return Ok(Column::Solved(column.clone()));
        }
        // The lock is not held while solving: other threads can read cached columns. At worst, two threads solve the
        // same column.
        let solved = neumann::column(coefficients, j, &Stage::whole(progress))?;
        let column: Arc<[f64]> = solved.into();
        lock(cache).put(j, column.clone());
        Ok(Column::Solved(column))
    }

    /// Row `i`, n values: what each node needs of node `i`, directly and upstream. In lazy mode it is the sum of the
    /// series `e_i'(I + A + A^2 + ...)`, and not cached.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] if the series does not converge (in lazy mode only), [`crate::Error::Cancelled`].
    pub(crate) fn row(&self, coefficients: &Matrix, i: usize, progress: &Progress) -> Result<Vec<f64>> {
        match &self.inverse {
            Inverse::Full(inverse) => {
                progress.check()?;
                Ok((0..inverse.rows()).map(|j| inverse.get(i, j)).collect())
            }
            Inverse::Lazy(_) => {
                let mut unit = vec![0.0; coefficients.rows()];
                unit[i] = 1.0;
                let sums = neumann::rows(coefficients, vec![unit], &Stage::whole(progress))?;
                Ok(sums.into_iter().flatten().collect())
            }
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        let inverse = match &self.inverse {
            Inverse::Full(matrix) => matrix.bytes(),
            Inverse::Lazy(cache) => (lock(cache).len() * self.activity.len() * 8) as u64,
        };
        inverse + (self.activity.len() * 8) as u64
    }
}

/// Every operation under this lock is complete in itself, so the data stay consistent after a panic of another thread.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn column_sums(matrix: &Matrix) -> Vec<f64> {
    product::with_columns!(matrix, columns => (0..columns.len()).map(|j| product::sum(columns.column(j))).collect())
}

impl Column<'_> {
    /// The numbers as f64.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        match self {
            Self::F64(column) => column.to_vec(),
            Self::F32(column) => product::widened(column),
            Self::Solved(column) => column.to_vec(),
        }
    }

    /// A column solved on demand; `None` for a column of the stored inverse.
    pub(crate) fn solved(&self) -> Option<&[f64]> {
        match self {
            Self::Solved(column) => Some(column.deref()),
            Self::F64(_) | Self::F32(_) => None,
        }
    }
}
