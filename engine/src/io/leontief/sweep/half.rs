//! Half of a sweep: every block once, forwards or backwards.

use std::ops::Range;

use faer::{Mat, MatRef};

use super::block::Block;
use super::relay::Relay;
use crate::io::stage::Stage;
use crate::{Error, Result};

/// One half of a sweep, for some vectors, which are the columns of n x count matrices.
///
/// For rows, it computes the changes `d` with `d_J = (s_J + sum of (d_I + last_I) A_IJ) (I - A_JJ)^-1` over the blocks I
/// that are visited before J; for columns, the same with A transposed. `s` is the source, 0 after the first half, and
/// `last` is the change of the half before, which went the other way.
pub(super) struct Half<'a> {
    pub(super) blocks: &'a [Block],
    pub(super) forwards: bool,
    pub(super) source: Option<&'a Mat<f64>>,
    pub(super) last: &'a Mat<f64>,
    pub(super) stage: Stage<'a>,
}

impl Half<'_> {
    /// The number of blocks.
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The number of vectors.
    pub(super) fn count(&self) -> usize {
        self.last.ncols()
    }

    /// The block that is visited after `k` others.
    pub(super) fn block(&self, k: usize) -> &Block {
        if self.forwards { &self.blocks[k] } else { &self.blocks[self.len() - 1 - k] }
    }

    /// The nodes of the blocks that are visited at these places of the order. They are contiguous.
    pub(super) fn nodes(&self, visits: Range<usize>) -> Range<usize> {
        if visits.is_empty() {
            return 0..0;
        }
        let (first, last) = (&self.block(visits.start).at, &self.block(visits.end - 1).at);
        first.start.min(last.start)..first.end.max(last.end)
    }

    /// The source of some nodes.
    pub(super) fn source_of(&self, nodes: &Range<usize>) -> Mat<f64> {
        match self.source {
            Some(source) => source.as_ref().subrows(nodes.start, nodes.len()).to_owned(),
            None => Mat::zeros(nodes.len(), self.count()),
        }
    }

    /// The change of the half before, of some nodes.
    pub(super) fn last_of(&self, nodes: &Range<usize>) -> MatRef<'_, f64> {
        self.last.as_ref().subrows(nodes.start, nodes.len())
    }

    /// The changes of all blocks in one matrix.
    pub(super) fn assembled(&self, relay: Relay) -> Result<Mat<f64>> {
        let mut all = Mat::zeros(self.last.nrows(), self.count());
        for (k, solved) in relay.into_solved().enumerate() {
            let solved = solved.ok_or(Error::Cancelled)?;
            let at = &self.block(k).at;
            all.as_mut().subrows_mut(at.start, at.len()).copy_from(solved);
        }
        Ok(all)
    }
}
