//! Checks that every node has exactly one row or column.

use crate::{Error, Place, Result};

/// The nodes whose row or column was found.
pub(super) struct Coverage {
    seen: Vec<bool>,
    left: usize,
}

impl Coverage {
    /// `n` nodes, none found yet.
    pub(super) fn new(n: usize) -> Self {
        Self { seen: vec![false; n], left: n }
    }

    /// Records that node `i` has its row or column at `place`.
    pub(super) fn mark(&mut self, i: usize, place: Place) -> Result<()> {
        if std::mem::replace(&mut self.seen[i], true) {
            return Err(Error::bad("the label occurs twice", place));
        }
        self.left -= 1;
        Ok(())
    }

    /// Fails unless every node was found. `what` is rows or columns; `place` is after the last of them.
    pub(super) fn complete(&self, what: &str, place: Place) -> Result<()> {
        match self.left {
            0 => Ok(()),
            left => Err(Error::bad(format!("the file is cut short, missing {what}: {left}"), place)),
        }
    }
}
