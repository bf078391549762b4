//! Lines of FIGARO's files that wait until all labels are known.

use crate::{Budget, Result};

/// What messages call the memory that the first pass over one of FIGARO's files takes.
pub(super) const WAITING: &str = "the lines of the table";

/// Cells of FIGARO's files, by the numbers of their labels: as many as there are lines, so their memory is asked for.
#[derive(Default)]
pub(super) struct Waiting(pub(super) Vec<(u32, u32, f64)>);

impl Waiting {
    pub(super) fn push(&mut self, cell: (u32, u32, f64), budget: &Budget) -> Result<()> {
        let held = self.0.capacity();
        if self.0.len() == held {
            let wanted = (2 * held).max(1024);
            // The old cells are there until they are copied.
            budget.require(WAITING, Self::bytes(held + wanted))?;
            self.0.reserve_exact(wanted - held);
        }
        self.0.push(cell);
        Ok(())
    }

    pub(super) fn bytes(cells: usize) -> u64 {
        (cells * size_of::<(u32, u32, f64)>()) as u64
    }
}
