//! The line of numbers cut into segments, each with the bin that holds it.

use super::{Bin, NO_CODE};

/// The most bins of an attribute.
pub(in crate::score) const MAX_BINS: usize = 512;

/// What happens where two bins hold the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::score) enum Overlap {
    /// The first one counts.
    First,
    /// That is an error.
    Refused,
}

/// Segment `i` reaches from edge `i - 1` up to and without edge `i`; the first and the last have no end.
#[derive(Debug)]
pub(in crate::score) struct Segments {
    /// Ascending.
    pub(super) edges: Box<[f64]>,
    /// One more than edges. Points are NaN where no bin is.
    pub(super) bins: Box<[Bin]>,
}

/// A segment that no bin holds.
const GAP: Bin = Bin { points: f64::NAN, code: NO_CODE };

impl Segments {
    /// Of bins `[from, to)`, infinite where one has no end; fails with a reason.
    pub(in crate::score) fn new(bins: &[(f64, f64, Bin)], overlap: Overlap) -> Result<Self, &'static str> {
        if bins.is_empty() || bins.len() > MAX_BINS {
            return Err("an attribute has 1 to 512 bins");
        }
        // Not `<`: a bound that is no number is refused as well.
        #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN is to be refused")]
        if bins.iter().any(|(from, to, _)| !(from < to)) {
            return Err("a bin ends where it begins, or before");
        }
        let mut edges: Vec<f64> = bins.iter().flat_map(|&(from, to, _)| [from, to]).collect();
        edges.retain(|edge| edge.is_finite());
        // Zeros of both signs are one edge.
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

    /// Of edges and one more bins, as they are kept.
    pub(super) fn from_parts(edges: Vec<f64>, bins: Vec<Bin>) -> Result<Self, &'static str> {
        let ascending = edges.iter().all(|edge| edge.is_finite()) && edges.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || bins.len() != edges.len() + 1 || edges.len() > 2 * MAX_BINS {
            return Err("the bins of an attribute do not fit together");
        }
        Ok(Self { edges: edges.into(), bins: bins.into() })
    }

    /// The bin that holds a value, which is not NaN.
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
