//! Lines of a file that are kept until all labels are known.

use crate::{Budget, Result};

/// The name of this memory in messages.
pub(super) const WAITING: &str = "the lines of the table";

/// Cells, with the numbers of their labels. There is one per line, so their memory is requested from
/// the budget.
#[derive(Default)]
pub(super) struct Waiting(pub(super) Vec<(u32, u32, f64)>);

impl Waiting {
    pub(super) fn push(&mut self, cell: (u32, u32, f64), budget: &Budget) -> Result<()> {
        let held = self.0.capacity();
        if self.0.len() == held {
            let wanted = (2 * held).max(1024);
            // The old cells stay allocated until they are copied.
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
