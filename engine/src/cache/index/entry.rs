//! What is known of an entry, and what a write tells of it.

use crate::cache::tiers::TierId;

/// Until when an entry is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// For as long as it lives: a plain write.
    UntilExpiry,
    /// Until a moment.
    Until {
        /// Unix ms; 0: stale by a soft invalidation.
        at: u64,
        /// How long it is fresh from the write on, in ms, to 7 digits.
        ttl: u64,
    },
    /// Until a grace before its expiry: it came from a file.
    FromExpiry {
        /// In ms, to 7 digits: the grace in force when it came.
        grace: u64,
    },
}

/// What is known of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The tier it belongs to.
    pub tier: Option<TierId>,
    /// The tick of its last write, 0 when it came from a file.
    pub stamp: u64,
    /// Until when it is fresh.
    pub freshness: Freshness,
    /// What it takes, once that was measured.
    pub bytes: Option<u64>,
    /// Hits of its name, also before the last write.
    pub hits: u32,
    /// Whether it was hit since its last write.
    pub hit_since_write: bool,
    /// Whether it has tags.
    pub tagged: bool,
}

/// A write of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The tier it belongs to now.
    pub tier: Option<TierId>,
    /// Until when it is fresh.
    pub freshness: Freshness,
    /// What it takes; `None` queues it for [`Index::unmeasured`](super::Index::unmeasured).
    pub bytes: Option<u64>,
    /// Its tags; they replace those it had.
    pub tags: &'a [&'a [u8]],
    /// The stamp of what was written elsewhere: 0 for a key from a file, that of the entry it was for one that was
    /// renamed; `None` for a write of this moment, which takes a tick.
    pub stamp: Option<u64>,
    /// Whether an entry that is overwritten becomes the most recently used: where nothing is evicted by use, that would
    /// cost a write more than all the rest.
    pub reorders: bool,
}

/// Entries and what they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How many.
    pub entries: u64,
    /// Bytes of those that were measured.
    pub bytes: u64,
}

impl Usage {
    pub(super) fn and(self, other: Self) -> Self {
        Self { entries: self.entries + other.entries, bytes: self.bytes + other.bytes }
    }
}

/// The entry of a place that has none.
pub(super) const NOTHING: Entry = Entry {
    tier: None,
    stamp: 0,
    freshness: Freshness::UntilExpiry,
    bytes: None,
    hits: 0,
    hit_since_write: false,
    tagged: false,
};
