//! What is derived of a table alone, without an indicator.

use super::matrix::Matrix;
use super::product;
use super::solver::Solver;

/// The Leontief inverse `L = (I-A)^-1` as far as it is derived, and the data that depend only on it.
#[derive(Debug)]
pub(crate) struct Leontief {
    /// Solves with `I - A`.
    pub(crate) solver: Solver,
    /// Column sums `1'L`: the output of all nodes per unit that each node delivers.
    activity: Vec<f64>,
    /// Whether no coefficient of the table is below 0.
    is_nonnegative: bool,
}

impl Leontief {
    /// `activity` is `1'L`. Makes one pass over the coefficients.
    pub(crate) fn new(solver: Solver, activity: Vec<f64>, coefficients: &Matrix) -> Self {
        Self { solver, activity, is_nonnegative: product::nonnegative(coefficients) }
    }

    pub(crate) fn activity(&self) -> &[f64] {
        &self.activity
    }

    /// Whether no coefficient of the table is below 0.
    pub(crate) fn is_nonnegative(&self) -> bool {
        self.is_nonnegative
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.solver.bytes(self.activity.len()) + (self.activity.len() * 8) as u64
    }
}
