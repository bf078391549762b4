//! The cost of an assessment.

use std::time::Duration;

use super::IoModel;

impl IoModel {
    /// The approximate duration of an assessment if the columns that it needs are not cached.
    pub(in crate::io) fn cost(&self, top: u32) -> Duration {
        let n = self.base.table.labels.len() as u64;
        Duration::from_nanos(3_000 + 3 * n + 800 * u64::from(top).min(n) + self.solve_cost())
    }

    /// The approximate time to solve one column or one row of the inverse, in nanoseconds; 0 if it is read.
    pub(in crate::io) fn solve_cost(&self) -> u64 {
        let n = self.base.table.labels.len() as u64;
        self.base.leontief.get().map_or(0, |leontief| leontief.solver.solve_cost(n))
    }
}
