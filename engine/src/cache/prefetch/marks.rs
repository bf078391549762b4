//! Entries that were fetched ahead and not yet read.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;

use foldhash::quality::RandomState;
use lru::LruCache;

use super::flushes::Flushes;

/// The most marks.
const MARKS: usize = 16_384;

/// Marks of entries that were fetched ahead, until they are read or removed, and the counts of both.
///
/// A mark is a seeded hash of 64 bits of database and name. A full set drops the oldest mark and counts its entry as
/// unused. A table of 0.6 MB is allocated at the first mark; a mark then costs about 64 bytes, at most 1 MB together.
#[derive(Debug, Default)]
pub struct Prefetched {
    hasher: RandomState,
    marks: Option<LruCache<u64, Mark>>,
    flushes: Flushes,
    /// The valid marks of each database.
    valid: BTreeMap<i32, u64>,
    used: u64,
    unused: u64,
}

#[derive(Debug)]
struct Mark {
    db: i32,
    stamp: u64,
}

impl Prefetched {
    fn hash(&self, db: i32, name: &[u8]) -> u64 {
        self.hasher.hash_one((db, name))
    }

    /// An entry was fetched ahead. An older mark of the same key was not used. O(1).
    pub fn mark(&mut self, db: i32, name: &[u8]) {
        let key = self.hash(db, name);
        let stamp = self.flushes.stamp();
        let most = NonZeroUsize::new(MARKS).unwrap_or(NonZeroUsize::MIN);
        // Allocated as a whole: a table that grows would be copied within one command.
        let marks = self.marks.get_or_insert_with(|| LruCache::new(most));
        let dropped = marks.push(key, Mark { db, stamp });
        *self.valid.entry(db).or_default() += 1;
        if dropped.is_some_and(|(_, mark)| self.end(&mark)) {
            self.unused += 1;
        }
    }

    /// An entry was read. Returns whether it was fetched ahead and is read for the first time. O(1).
    pub fn used(&mut self, db: i32, name: &[u8]) -> bool {
        let was_marked = self.take(db, name);
        self.used += u64::from(was_marked);
        was_marked
    }

    /// An entry was removed, overwritten, or has expired. Returns whether it was fetched ahead and never read. O(1).
    pub fn gone(&mut self, db: i32, name: &[u8]) -> bool {
        let was_marked = self.take(db, name);
        self.unused += u64::from(was_marked);
        was_marked
    }

    /// A database, or all, were flushed: what was fetched ahead was not used. O(1); marks are freed later.
    pub fn flushed(&mut self, db: Option<i32>) {
        self.flushes.flush(db);
        self.unused += match db {
            Some(db) => self.valid.remove(&db).unwrap_or(0),
            None => std::mem::take(&mut self.valid).into_values().sum(),
        };
    }

    fn take(&mut self, db: i32, name: &[u8]) -> bool {
        let key = self.hash(db, name);
        let mark = self.marks.as_mut().and_then(|marks| marks.pop(&key));
        mark.is_some_and(|mark| self.end(&mark))
    }

    /// Counts a mark out. Returns whether it was valid.
    fn end(&mut self, mark: &Mark) -> bool {
        let is_valid = self.flushes.is_valid(mark.db, mark.stamp);
        if is_valid && let Some(valid) = self.valid.get_mut(&mark.db) {
            *valid -= 1;
            if *valid == 0 {
                self.valid.remove(&mark.db);
            }
        }
        is_valid
    }

    /// The number of entries that were read after they had been fetched ahead.
    pub fn used_entries(&self) -> u64 {
        self.used
    }

    /// The number of entries that were fetched ahead and removed without being read.
    pub fn unused_entries(&self) -> u64 {
        self.unused
    }

    /// The number of entries that were fetched ahead and are neither read nor removed.
    pub fn pending_entries(&self) -> u64 {
        self.valid.values().sum()
    }

    /// Sets the two counts to zero.
    pub fn reset(&mut self) {
        (self.used, self.unused) = (0, 0);
    }
}
