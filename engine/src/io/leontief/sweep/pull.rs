//! Half of a sweep for rows: each block pulls from the blocks visited before it, by dot products with its columns of A.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::half::Half;
use super::relay::Relay;
use crate::Result;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::leontief::product::{TOGETHER, dot, dots, with_columns};
use crate::io::leontief::threads;

/// The number of vectors from which matrix products are faster than dot products.
const MANY: usize = 4;

/// The number of columns between two checks for cancellation, and of a matrix product.
pub(super) const STRIDE: usize = 64;

/// The changes of one half of a sweep.
///
/// Threads take the blocks in the order of the visits. While the block before is still being solved, a thread pulls from
/// the blocks before that. The additions depend on the number of threads, not on their speed.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn half(half: &Half<'_>, coefficients: &Matrix) -> Result<Mat<f64>> {
    let relay = Relay::new(half.len());
    let threads = threads::count().min(half.len());
    let puller = Puller { half, relay: &relay, next: AtomicUsize::new(0), ahead: threads.saturating_sub(1) };
    with_columns!(coefficients, columns => match threads {
        0 | 1 => puller.run(columns),
        _ => (0..threads).into_par_iter().try_for_each(|_| puller.run(columns)),
    })?;
    half.assembled(relay)
}

struct Puller<'a> {
    half: &'a Half<'a>,
    relay: &'a Relay,
    /// The next visit that no thread has taken.
    next: AtomicUsize,
    /// The number of blocks that other threads may still be solving when a thread takes a block.
    ahead: usize,
}

/// What a thread knows: `last` of all nodes, and `d + last` of those of the first `known` visits.
struct Known {
    weights: Mat<f64>,
    visits: usize,
}

impl Puller<'_> {
    /// Solves blocks until all are taken.
    fn run<T: Number>(&self, columns: &Columns<T>) -> Result<()> {
        let _watch = self.relay.watch();
        let mut known = Known { weights: self.half.last.clone(), visits: 0 };
        loop {
            let k = self.next.fetch_add(1, Ordering::Relaxed);
            if k >= self.half.len() {
                return Ok(());
            }
            let block = self.half.block(k);
            let mut sums = self.half.source_of(&block.at);
            let early = k.saturating_sub(self.ahead);
            for visits in [0..early, early..k] {
                self.learn(&mut known, visits.end)?;
                self.pull(columns, &block.at, self.half.nodes(visits), &known.weights, &mut sums)?;
            }
            self.relay.publish(k, block.row_solutions(&sums));
        }
    }

    /// Adds the changes of the visits before `visits` to the weights.
    fn learn(&self, known: &mut Known, visits: usize) -> Result<()> {
        while known.visits < visits {
            let changes = self.relay.wait(known.visits, &self.half.stage)?;
            let at = &self.half.block(known.visits).at;
            let mut weights = known.weights.as_mut().subrows_mut(at.start, at.len());
            weights += changes;
            known.visits += 1;
        }
        Ok(())
    }

    /// Adds `w_I' A_IJ` to the sums of the block J, for the nodes I.
    fn pull<T: Number>(
        &self,
        columns: &Columns<T>,
        block: &Range<usize>,
        nodes: Range<usize>,
        weights: &Mat<f64>,
        sums: &mut Mat<f64>,
    ) -> Result<()> {
        if sums.ncols() >= MANY {
            return self.pull_many(columns, block, nodes, weights, sums);
        }
        for start in (0..block.len()).step_by(TOGETHER) {
            if start.is_multiple_of(STRIDE) {
                self.half.stage.step(block.start + start, self.half.last.nrows())?;
            }
            let column = |k: usize| &columns.column(block.start + start + k)[nodes.clone()];
            let together = block.len() - start >= TOGETHER;
            for v in 0..sums.ncols() {
                let weights = &weights.col_as_slice(v)[nodes.clone()];
                let sums = &mut sums.col_as_slice_mut(v)[start..];
                if together {
                    let products = dots(weights, [column(0), column(1), column(2), column(3)]);
                    sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
                } else {
                    sums.iter_mut().enumerate().for_each(|(k, sum)| *sum += dot(weights, column(k)));
                }
            }
        }
        Ok(())
    }

    /// The same for many vectors, as products of matrices.
    fn pull_many<T: Number>(
        &self,
        columns: &Columns<T>,
        block: &Range<usize>,
        nodes: Range<usize>,
        weights: &Mat<f64>,
        sums: &mut Mat<f64>,
    ) -> Result<()> {
        let weights = weights.as_ref().subrows(nodes.start, nodes.len());
        for start in (0..block.len()).step_by(STRIDE) {
            self.half.stage.step(block.start + start, self.half.last.nrows())?;
            let width = STRIDE.min(block.len() - start);
            let mut numbers = Vec::with_capacity(nodes.len() * width);
            for k in start..start + width {
                let column = &columns.column(block.start + k)[nodes.clone()];
                numbers.extend(column.iter().map(|&a| Into::<f64>::into(a)));
            }
            let part = MatRef::from_column_major_slice(&numbers, nodes.len(), width);
            let target = sums.as_mut().subrows_mut(start, width);
            matmul(target, Accum::Add, part.transpose(), weights, 1.0, Par::Seq);
        }
        Ok(())
    }
}
