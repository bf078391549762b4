//! The metadata of an entry, and those that a write supplies.

use crate::cache::tiers::TierId;

/// The time until which an entry is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Until its key expires: a plain write.
    UntilExpiry,
    /// Until a time.
    Until {
        /// In Unix ms; 0: a soft invalidation made the entry stale.
        at: u64,
        /// The time to live from the write on, in ms, to 7 digits.
        ttl: u64,
    },
    /// Until the grace begins before its key expires: the entry was loaded from a file.
    FromExpiry {
        /// The grace in force when the entry was loaded, in ms, to 7 digits.
        grace: u64,
    },
}

/// The metadata of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its tier.
    pub tier: Option<TierId>,
    /// The stamp of its last write; 0 when it was loaded from a file.
    pub stamp: u64,
    /// The time until which it is fresh.
    pub freshness: Freshness,
    /// Its size in bytes; `None` until it is measured.
    pub bytes: Option<u64>,
    /// The hits of its name, those before the last write included.
    pub hits: u32,
    /// Whether it was hit since its last write.
    pub hit_since_write: bool,
    /// Whether it has tags.
    pub tagged: bool,
}

/// A write of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// Its tier from now on.
    pub tier: Option<TierId>,
    /// The time until which it is fresh.
    pub freshness: Freshness,
    /// Its size in bytes; `None` queues it for [`Index::unmeasured`](super::Index::unmeasured).
    pub bytes: Option<u64>,
    /// Its tags, which replace the previous ones.
    pub tags: &'a [&'a [u8]],
    /// `None` for a new value, which gets the next stamp. For an existing value its stamp: 0 for a key from a file, the
    /// stamp of the old entry for a renamed key.
    pub stamp: Option<u64>,
    /// Whether an overwritten entry becomes the most recently used one. Not needed in a tier without eviction, where it
    /// would be the most expensive part of a write.
    pub reorders: bool,
}

/// A number of entries, and their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The number of entries.
    pub entries: u64,
    /// The size in bytes of those that were measured.
    pub bytes: u64,
}

impl Usage {
    pub(super) fn and(self, other: Self) -> Self {
        Self { entries: self.entries + other.entries, bytes: self.bytes + other.bytes }
    }
}

/// The metadata for a place without an entry.
pub(super) const NOTHING: Entry = Entry {
    tier: None,
    stamp: 0,
    freshness: Freshness::UntilExpiry,
    bytes: None,
    hits: 0,
    hit_since_write: false,
    tagged: false,
};
