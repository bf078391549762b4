//! The roll call of a table's rows: every node once.

use crate::{Error, Place, Result};

/// Which nodes have had their row.
pub(super) struct Roll {
    seen: Vec<bool>,
    left: usize,
}

impl Roll {
    /// `n` nodes, none seen.
    pub(super) fn new(n: usize) -> Self {
        Self { seen: vec![false; n], left: n }
    }

    /// Node `i` has its row at `place`.
    pub(super) fn mark(&mut self, i: usize, place: Place) -> Result<()> {
        if std::mem::replace(&mut self.seen[i], true) {
            return Err(Error::bad("the label occurs twice", place));
        }
        self.left -= 1;
        Ok(())
    }

    /// Fails unless all have their row (or column: `what`); `place` is after the last row.
    pub(super) fn complete(&self, what: &str, place: Place) -> Result<()> {
        match self.left {
            0 => Ok(()),
            left => Err(Error::bad(format!("the file is cut short, missing {what}: {left}"), place)),
        }
    }
}
