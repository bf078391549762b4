//! The common arguments of all readers.

use crate::io::demand::FinalDemand;
use crate::io::{Demand, LoadOptions};
use crate::{Budget, Progress};

/// The common arguments of all readers.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) budget: &'a Budget,
    pub(super) progress: &'a Progress,
}

impl Job<'_> {
    /// Whether final demand is kept.
    pub(super) fn keeps_demand(&self) -> bool {
        self.options.demand == Demand::Kept
    }

    /// The memory of `columns` columns of final demand that are kept, n numbers each, in bytes.
    pub(super) fn demand_bytes(&self, n: usize, columns: usize) -> u64 {
        if self.keeps_demand() { FinalDemand::bytes_of(n, columns, self.options.precision) } else { 0 }
    }
}
