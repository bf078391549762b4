//! The memory that work may use, checked before the work begins.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// The number of bytes that work may allocate at its peak. The caller derives it from the server's limits.
///
/// A budget can belong to a [`Pool`] that several jobs share. Required bytes are then reserved in the pool until the
/// budget is dropped, so that two jobs cannot both plan with the same free memory.
#[derive(Debug, Clone)]
pub struct Budget {
    available: u64,
    share: Option<Arc<Share>>,
}

/// Memory that several concurrent jobs share.
pub trait Pool: Debug + Send + Sync {
    /// The number of bytes that are neither used nor reserved.
    fn free(&self) -> u64;

    /// Reserves all of the bytes if they are free, otherwise none. Returns whether they were reserved.
    fn reserve(&self, bytes: u64) -> bool;

    /// Releases reserved bytes.
    fn release(&self, bytes: u64);
}

/// The bytes that one budget has reserved in a pool.
#[derive(Debug)]
struct Share {
    pool: &'static dyn Pool,
    held: AtomicU64,
}

impl Share {
    fn release(&self) {
        self.pool.release(self.held.swap(0, Ordering::Relaxed));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

impl Budget {
    /// A budget without limit.
    pub const UNLIMITED: Self = Self { available: u64::MAX, share: None };

    /// A budget of `available` bytes.
    pub const fn new(available: u64) -> Self {
        Self { available, share: None }
    }

    /// A budget of at most `available` bytes, limited also by the bytes that are free in `pool` when they are required.
    pub fn within(pool: &'static dyn Pool, available: u64) -> Self {
        Self { available, share: Some(Arc::new(Share { pool, held: AtomicU64::new(0) })) }
    }

    /// Releases the reserved bytes, for work that ends before its budget is dropped.
    pub fn done(&self) {
        if let Some(share) = &self.share {
            share.release();
        }
    }

    /// Whether `bytes` fit into the memory that is available now.
    pub fn fits(&self, bytes: u64) -> bool {
        bytes <= self.available()
    }

    fn available(&self) -> u64 {
        let shared = |share: &Arc<Share>| share.pool.free().saturating_add(share.held.load(Ordering::Relaxed));
        self.available.min(self.share.as_ref().map_or(u64::MAX, shared))
    }

    /// Reserves `bytes`, or fails with [`Error::NoRoom`] when they do not fit. The error text names the
    /// consumer `what`.
    ///
    /// Each call of one job states a peak. The highest peak counts: the calls do not add up.
    pub fn require(&self, what: &'static str, bytes: u64) -> Result<()> {
        let reserved = |share: &Arc<Share>| {
            let more = bytes.saturating_sub(share.held.load(Ordering::Relaxed));
            let done = more == 0 || share.pool.reserve(more);
            if done {
                share.held.fetch_add(more, Ordering::Relaxed);
            }
            done
        };
        if bytes <= self.available && self.share.as_ref().is_none_or(reserved) {
            return Ok(());
        }
        Err(Error::NoRoom { what, needed: bytes, available: self.available() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool of a hundred bytes; the field counts the reserved ones.
    #[derive(Debug)]
    struct Hundred(AtomicU64);

    impl Pool for Hundred {
        fn free(&self) -> u64 {
            100 - self.0.load(Ordering::Relaxed)
        }

        fn reserve(&self, bytes: u64) -> bool {
            let fits = bytes <= self.free();
            if fits {
                self.0.fetch_add(bytes, Ordering::Relaxed);
            }
            fits
        }

        fn release(&self, bytes: u64) {
            self.0.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    #[test]
    fn bytes_required_by_one_budget_of_a_pool_are_unavailable_to_others_until_it_is_dropped() {
        static POOL: Hundred = Hundred(AtomicU64::new(0));
        let (one, two) = (Budget::within(&POOL, u64::MAX), Budget::within(&POOL, u64::MAX));
        assert!(one.fits(100) && two.fits(100));
        one.require("a part", 30).unwrap();
        // The higher peak replaces the lower one.
        one.require("the whole", 60).unwrap();
        one.require("a part", 10).unwrap();
        assert!(one.fits(100) && two.fits(40) && !two.fits(41));
        assert_eq!(two.require("too much", 41), Err(Error::NoRoom { what: "too much", needed: 41, available: 40 }));
        drop(one);
        two.require("all", 100).unwrap();
        drop(two);
        assert_eq!(POOL.free(), 100);
    }

    #[test]
    fn the_limit_of_a_budget_holds_also_when_the_pool_has_more() {
        static POOL: Hundred = Hundred(AtomicU64::new(0));
        let budget = Budget::within(&POOL, 10);
        assert!(budget.require("more", 11).is_err() && budget.require("all", 10).is_ok());
    }
}
