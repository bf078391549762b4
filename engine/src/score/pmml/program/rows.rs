//! The slots of several rows, which are evaluated together.

/// The slots of rows, row after row.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) slots: &'a mut [f64],
    /// The number of slots of a row.
    width: usize,
}

impl<'a> Rows<'a> {
    /// `slots` has `width` slots for each row, and `width` is not 0.
    pub(super) fn new(slots: &'a mut [f64], width: usize) -> Self {
        Self { slots, width }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.slots.len() / self.width
    }

    /// Where the slots of a row begin.
    pub(super) fn start(&self, row: usize) -> usize {
        row * self.width
    }

    /// The slots of each row.
    pub(super) fn each(&mut self) -> std::slice::ChunksExactMut<'_, f64> {
        self.slots.chunks_exact_mut(self.width)
    }
}
