//! The memory that work may use, checked before the work is begun.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// How many more bytes may be allocated at the peak. The caller takes the figure from the server's limits.
///
/// A budget may draw on a [`Pool`] that other work draws on too: then what it requires is set aside there until the
/// budget is dropped, so that two pieces of work do not both believe that all free memory is theirs.
#[derive(Debug, Clone)]
pub struct Budget {
    available: u64,
    share: Option<Arc<Share>>,
}

/// Memory that several pieces of work draw on at once.
pub trait Pool: Debug + Send + Sync {
    /// How many bytes nobody uses and nobody has set aside.
    fn free(&self) -> u64;

    /// Sets bytes aside if they are free, all or none, and says whether they were.
    fn reserve(&self, bytes: u64) -> bool;

    /// Gives back what was set aside.
    fn release(&self, bytes: u64);
}

/// What one budget has set aside.
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

    /// A budget of so many bytes.
    pub const fn new(available: u64) -> Self {
        Self { available, share: None }
    }

    /// A budget of so many bytes, of those that are free in `pool` by the time they are required.
    pub fn within(pool: &'static dyn Pool, available: u64) -> Self {
        Self { available, share: Some(Arc::new(Share { pool, held: AtomicU64::new(0) })) }
    }

    /// Gives back what was set aside, for work that is done before its budget is dropped.
    pub fn done(&self) {
        if let Some(share) = &self.share {
            share.release();
        }
    }

    /// Whether `bytes` fit, as things stand.
    pub fn fits(&self, bytes: u64) -> bool {
        bytes <= self.available()
    }

    fn available(&self) -> u64 {
        let shared = |share: &Arc<Share>| share.pool.free().saturating_add(share.held.load(Ordering::Relaxed));
        self.available.min(self.share.as_ref().map_or(u64::MAX, shared))
    }

    /// Fails with [`Error::NoRoom`] unless `bytes` fit. The figures of one piece of work are peaks, of which the
    /// highest counts: they do not add up.
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

    /// A hundred bytes.
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
    fn what_one_budget_of_a_pool_requires_no_other_gets_until_it_is_dropped() {
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
    fn the_limit_of_one_budget_holds_whatever_the_pool_has() {
        static POOL: Hundred = Hundred(AtomicU64::new(0));
        let budget = Budget::within(&POOL, 10);
        assert!(budget.require("more", 11).is_err() && budget.require("all", 10).is_ok());
    }
}
