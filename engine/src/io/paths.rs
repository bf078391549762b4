//! Structural paths: the single supply chains behind the total of a node, largest first.
//!
//! The value of the path `i_k <- .. <- i_1 <- j` is `r_{i_k} A_{i_k i_{k-1}} .. A_{i_1 j}`: the part of the total of
//! node j that arises in node `i_k` and is delivered along this chain (Defourny & Thorbecke 1984, Economic Journal 94;
//! Miller & Blair, chapter 12, "structural path analysis"). The values of all paths of order k sum to the layer `t_k`.
//!
//! Paths are ranked by the size of their value, so that negative values can be compared. A path of value 0 is no path.

pub(in crate::io) mod bound;
mod search;
mod write;

#[cfg(test)]
mod tests;

pub(in crate::io) use search::Paths;
pub(in crate::io) use write::write;

use crate::{Error, Result};

/// The paths that a query requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::io) struct Wanted {
    /// The number of the largest paths; 0 without `cutoff` is none, with `cutoff` no limit.
    pub(in crate::io) top: usize,
    /// Only paths whose share of the total is at least this in size, 0 or more.
    pub(in crate::io) cutoff: Option<f64>,
    /// The largest number of paths, whatever is requested.
    pub(in crate::io) most: usize,
}

impl Wanted {
    /// Checks the cutoff.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(in crate::io) fn check(&self) -> Result<()> {
        match self.cutoff {
            Some(share) if !share.is_finite() || share < 0.0 => {
                Err(Error::Invalid("CUTOFF is a share of the total, 0 or more".into()))
            }
            _ => Ok(()),
        }
    }

    /// The largest number of paths in the result.
    pub(in crate::io) fn limit(&self) -> usize {
        self.requested().min(self.most)
    }

    /// The number of paths to search for: one more than the limit if it is `most` that limits, because the result then
    /// reports whether there are more.
    fn sought(&self) -> usize {
        let requested = self.requested();
        if requested > self.most { self.most.saturating_add(1) } else { requested }
    }

    fn requested(&self) -> usize {
        match (self.top, self.cutoff) {
            (0, Some(_)) => usize::MAX,
            (top, _) => top,
        }
    }
}
