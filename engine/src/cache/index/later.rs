//! Changes of entries that wait, and are applied several at a time.
//!
//! To find an entry the processor waits for memory four times, one after the other: for the part of the hash table, the
//! slot, the record, the name. With many entries none of these is in its caches. For several entries it can wait at the
//! same time, so the memory of all waiting changes is read first, step by step, and then they are applied: a hit of one
//! of a million entries takes a third of the time that it takes alone (`examples/index_speed.rs`).
//!
//! Nothing may read the index while changes wait: [`Index::settle`] comes first.

use std::hint::black_box;

use super::slab::NIL;
use super::space::Space;
use super::{At, Entry, Freshness, Index, Write};
use crate::cache::tiers::TierId;

/// Changes that wait at most.
const MOST: usize = 32;
/// Longer names, in bytes, cannot wait: they would have to be copied.
const LONGEST: usize = 512;

/// Why an entry was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// By a command.
    Deleted,
    /// Its time to live has passed.
    Expired,
    /// By the server, to free memory.
    Evicted,
}

/// A change that can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// A plain value was written: it has no tags, is fresh until it expires, and its size is unknown. The order of use
    /// of the tier is not needed.
    Written(TierId),
    /// The time to live was changed: the entry is fresh until it expires.
    TtlChanged,
    /// The entry was removed.
    Removed(Removal),
    /// The entry was hit. See [`Index::touched`].
    Hit {
        /// The entry becomes the most recently used one of its tier.
        reorder: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct Change {
    db: i32,
    hash: u32,
    /// Where the name begins.
    start: usize,
    length: usize,
    what: Later,
    /// How often: hits of the same entry are one change.
    times: u32,
}

/// The changes that wait, in their order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The names, one after the other.
    names: Vec<u8>,
    changes: Vec<Change>,
}

impl Waiting {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn name(&self, change: &Change) -> &[u8] {
        self.names.get(change.start..change.start + change.length).unwrap_or(&[])
    }

    /// Whether the last change covers this one, which then need not be added.
    #[inline]
    fn covers(&mut self, db: i32, name: &[u8], what: Later) -> bool {
        let Some(&last) = self.changes.last() else { return false };
        let is_covered = match (last.what, what) {
            (Later::Hit { .. }, Later::Hit { .. }) => last.what == what,
            // A value that was just written is fresh until it expires.
            (Later::Written(_), Later::TtlChanged) => true,
            _ => false,
        };
        let covers = is_covered && last.db == db && self.name(&last) == name;
        if let Some(last) = self.changes.last_mut().filter(|_| covers && matches!(what, Later::Hit { .. })) {
            last.times = last.times.saturating_add(1);
        }
        covers
    }

    #[inline]
    fn add(&mut self, db: i32, hash: u32, name: &[u8], what: Later) {
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.changes.push(Change { db, hash, start, length: name.len(), what, times: 1 });
    }

    fn clear(&mut self) {
        self.names.clear();
        self.changes.clear();
    }
}

impl Index {
    /// Whether a change of an entry can wait.
    #[inline]
    pub fn may_wait(name: &[u8]) -> bool {
        name.len() <= LONGEST
    }

    /// A change of an entry that waits: see [`Self::may_wait`]. Returns whether so many wait now that
    /// [`settle`](Self::settle) must be called.
    #[inline]
    #[must_use]
    pub fn change_later(&mut self, db: i32, name: &[u8], what: Later) -> bool {
        if self.waiting.covers(db, name, what) {
            return false;
        }
        let hash = self.hash(name);
        self.waiting.add(db, hash, name, what);
        self.waiting.changes.len() >= MOST
    }

    /// Whether changes wait.
    #[inline]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Applies the changes that wait. Calls `removed` for each entry that was removed, with its metadata.
    pub fn settle(&mut self, mut removed: impl FnMut(Removal, &Entry)) {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.read_ahead(&waiting.changes);
        for change in &waiting.changes {
            self.apply(change, waiting.name(change), &mut removed);
        }
        waiting.clear();
        self.waiting = waiting;
    }

    fn apply(&mut self, change: &Change, name: &[u8], removed: &mut impl FnMut(Removal, &Entry)) {
        let db = change.db;
        let find = |index: &Self| Some(At { db, slot: index.spaces.get(&db)?.find(change.hash, name)? });
        match change.what {
            Later::Written(tier) => {
                let freshness = Freshness::UntilExpiry;
                let write = Write { tier: Some(tier), freshness, bytes: None, tags: &[], stamp: None, reorders: false };
                self.written_as(db, change.hash, name, &write);
            }
            Later::TtlChanged => {
                let Some(at) = find(self) else { return };
                let entry = self.entry(at);
                if entry.tier.is_some() || entry.tagged {
                    self.describe(at, Freshness::UntilExpiry, entry.bytes);
                } else {
                    // It was in the index only because it was stale, and it no longer is.
                    self.remove_as(db, change.hash, name);
                }
            }
            Later::Removed(why) => {
                if let Some(entry) = self.remove_as(db, change.hash, name) {
                    removed(why, &entry);
                }
            }
            Later::Hit { reorder } => {
                if let Some(at) = find(self) {
                    self.touched_times(at, reorder, change.times);
                }
            }
        }
    }

    /// Reads the memory that the changes need. The steps of one change depend on each other, those of different changes
    /// do not: the processor waits for all of them together.
    fn read_ahead(&self, changes: &[Change]) {
        let mut slots = [NIL; MOST];
        let spaces = || changes.iter().map(|change| self.spaces.get(&change.db));
        for (slot, (change, space)) in slots.iter_mut().zip(changes.iter().zip(spaces())) {
            *slot = space.map_or(NIL, |space| space.candidate(change.hash));
        }
        let read = |step: fn(&Space, u32) -> u32| {
            let each = slots.iter().zip(spaces());
            let sum = each.fold(0u32, |sum, (&slot, space)| sum ^ space.map_or(0, |space| step(space, slot)));
            // Otherwise the compiler would leave the reads out: nothing needs their values yet.
            black_box(sum);
        };
        read(Space::read_record);
        read(Space::read_name);
    }
}
