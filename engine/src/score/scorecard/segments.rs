//! The real line cut into segments, each with its bin.

use super::{Bin, NO_CODE};

/// Maximum number of bins of an attribute.
pub(in crate::score) const MAX_BINS: usize = 512;

/// What to do when two bins hold the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::score) enum Overlap {
    /// The first bin counts.
    First,
    /// The scorecard is refused.
    Refused,
}

/// Segment `i` is `[edge i - 1, edge i)`; the first and the last segment are unbounded.
#[derive(Debug)]
pub(in crate::score) struct Segments {
    /// Ascending.
    pub(super) edges: Box<[f64]>,
    /// One more than edges. A segment without a bin has NaN as points.
    pub(super) bins: Box<[Bin]>,
}

/// A segment without a bin.
const GAP: Bin = Bin { points: f64::NAN, code: NO_CODE };

impl Segments {
    /// From bins `[from, to)`, where an infinite bound means no bound; fails with a reason.
    pub(in crate::score) fn new(bins: &[(f64, f64, Bin)], overlap: Overlap) -> Result<Self, &'static str> {
        if bins.is_empty() || bins.len() > MAX_BINS {
            return Err("an attribute has 1 to 512 bins");
        }
        // `!(from < to)` instead of `from >= to`: a NaN bound is refused as well.
        #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN is to be refused")]
        if bins.iter().any(|(from, to, _)| !(from < to)) {
            return Err("a bin ends where it begins, or before");
        }
        let mut edges: Vec<f64> = bins.iter().flat_map(|&(from, to, _)| [from, to]).collect();
        edges.retain(|edge| edge.is_finite());
        // Zeros of both signs are the same edge.
        edges.iter_mut().for_each(|edge| *edge += 0.0);
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let mut segments = vec![GAP; edges.len() + 1];
        for &(from, to, bin) in bins {
            let first = edges.partition_point(|&edge| edge <= from);
            let last = edges.partition_point(|&edge| edge < to);
            for segment in &mut segments[first..=last] {
                match segment.points.is_nan() {
                    true => *segment = bin,
                    false if overlap == Overlap::Refused => return Err("two bins overlap"),
                    false => {}
                }
            }
        }
        Self::from_parts(edges, segments)
    }

    /// From edges and bins as they are stored; there is one more bin than edges.
    pub(super) fn from_parts(edges: Vec<f64>, bins: Vec<Bin>) -> Result<Self, &'static str> {
        let ascending = edges.iter().all(|edge| edge.is_finite()) && edges.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || bins.len() != edges.len() + 1 || edges.len() > 2 * MAX_BINS {
            return Err("the bins of an attribute do not fit together");
        }
        Ok(Self { edges: edges.into(), bins: bins.into() })
    }

    /// The bin that holds a value; the value is not NaN.
    pub(super) fn find(&self, value: f64) -> Option<Bin> {
        let bin = self.bins[self.edges.partition_point(|&edge| edge <= value)];
        (!bin.points.is_nan()).then_some(bin)
    }

    /// The bins of all segments that have one.
    pub(super) fn bins(&self) -> impl Iterator<Item = Bin> {
        self.bins.iter().copied().filter(|bin| !bin.points.is_nan())
    }

    /// The smallest distance between two edges.
    pub(super) fn narrowest(&self) -> f64 {
        self.edges.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min)
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.edges) + size_of_val(&*self.bins)
    }
}
