//! A part of a long operation that reports its progress as a share of the whole.

use crate::{Progress, Result};

/// A range of a [`Progress`]: the progress of this part is mapped to the range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage<'a> {
    progress: &'a Progress,
    from: f64,
    to: f64,
}

impl<'a> Stage<'a> {
    /// The whole operation.
    pub(crate) fn whole(progress: &'a Progress) -> Self {
        Self { progress, from: 0.0, to: 1.0 }
    }

    /// The part of this stage between two fractions of it, 0..=1.
    pub(crate) fn part(&self, from: f64, to: f64) -> Self {
        let width = self.to - self.from;
        Self { progress: self.progress, from: self.from + from * width, to: self.from + to * width }
    }

    /// Part `i` of `n` equal parts.
    pub(crate) fn slice(&self, i: usize, n: usize) -> Self {
        self.part(i as f64 / n as f64, (i + 1) as f64 / n as f64)
    }

    /// Reports that `done` of `all` steps are complete.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] if the operation was cancelled.
    pub(crate) fn step(&self, done: usize, all: usize) -> Result<()> {
        let share = if all == 0 { 1.0 } else { done as f64 / all as f64 };
        self.progress.step(self.from + share * (self.to - self.from))
    }
}
