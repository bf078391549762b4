//! Half of a sweep for columns: each block pushes its change to the blocks visited after it, by adding its columns of A.

use std::ops::Range;

use faer::Mat;

use super::half::Half;
use super::relay::Relay;
use crate::Result;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::leontief::product::{TOGETHER, add_columns, with_columns};
use crate::io::leontief::threads;

/// The number of columns between two checks for cancellation.
const STRIDE: usize = 64;

/// The changes of one half of a sweep.
///
/// Each thread owns the sums of the nodes of a range of visits, and adds to them from all blocks before, also from those
/// that other threads solve. Ranges have equal numbers of coefficients to add. Results do not depend on the number of
/// threads.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn half(half: &Half<'_>, coefficients: &Matrix) -> Result<Mat<f64>> {
    let relay = Relay::new(half.len());
    let pusher = Pusher { half, relay: &relay };
    with_columns!(coefficients, columns => pusher.chain(columns, &shares(half, threads::count())))?;
    half.assembled(relay)
}

/// Ranges of visits, one per thread. The first visits are cheap: up to a share x of the nodes, they cost x^2.
fn shares(half: &Half<'_>, threads: usize) -> Vec<Range<usize>> {
    let n = half.last.nrows() as f64;
    let mut shares: Vec<Range<usize>> = Vec::new();
    let (mut start, mut done) = (0, 0.0);
    for k in 0..half.len() {
        done += half.block(k).at.len() as f64;
        if done >= n * ((shares.len() + 1) as f64 / threads as f64).sqrt() {
            shares.push(start..k + 1);
            start = k + 1;
        }
    }
    if start < half.len() {
        shares.push(start..half.len());
    }
    shares
}

struct Pusher<'a> {
    half: &'a Half<'a>,
    relay: &'a Relay,
}

impl Pusher<'_> {
    /// Runs the first share on this thread and offers the others to the other threads. A share needs only those before
    /// it, and these have started by then: this does not wait forever even if all shares run on one thread.
    fn chain<T: Number>(&self, columns: &Columns<T>, shares: &[Range<usize>]) -> Result<()> {
        match shares {
            [] => Ok(()),
            [share] => self.run(columns, share),
            [share, others @ ..] => {
                let (first, second) = rayon::join(|| self.run(columns, share), || self.chain(columns, others));
                first.and(second)
            }
        }
    }

    /// Solves the blocks of a share.
    fn run<T: Number>(&self, columns: &Columns<T>, share: &Range<usize>) -> Result<()> {
        let _watch = self.relay.watch();
        let nodes = self.half.nodes(share.clone());
        let mut sums = self.half.source_of(&nodes);
        for k in 0..share.end {
            let at = &self.half.block(k).at;
            let changes = if share.contains(&k) {
                let own = sums.as_ref().subrows(at.start - nodes.start, at.len()).to_owned();
                self.relay.publish(k, self.half.block(k).column_solutions(&own))
            } else {
                self.relay.wait(k, &self.half.stage)?
            };
            let weights = changes + self.half.last_of(at);
            let after = self.half.nodes((k + 1).max(share.start)..share.end);
            self.push(columns, at, &weights, &after, &mut sums, nodes.start)?;
        }
        Ok(())
    }

    /// Adds `A_IJ w_J` of the block J to the sums of the nodes I. The sums begin at node `first`.
    fn push<T: Number>(
        &self,
        columns: &Columns<T>,
        block: &Range<usize>,
        weights: &Mat<f64>,
        nodes: &Range<usize>,
        sums: &mut Mat<f64>,
        first: usize,
    ) -> Result<()> {
        if nodes.is_empty() {
            return Ok(());
        }
        for start in (0..block.len()).step_by(TOGETHER) {
            if start.is_multiple_of(STRIDE) {
                self.half.stage.step(block.start + start, self.half.last.nrows())?;
            }
            let end = (start + TOGETHER).min(block.len());
            for v in 0..sums.ncols() {
                let target = &mut sums.col_as_slice_mut(v)[nodes.start - first..nodes.end - first];
                let weights = weights.col_as_slice(v);
                let factor = |k: usize| (block.start + k, weights[k]);
                if end - start == TOGETHER {
                    add_columns(columns, nodes, &[start, start + 1, start + 2, start + 3].map(factor), target);
                } else {
                    (start..end).for_each(|k| add_columns(columns, nodes, &[factor(k)], target));
                }
            }
        }
        Ok(())
    }
}
