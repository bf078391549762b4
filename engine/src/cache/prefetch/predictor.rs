//! Which keys connections usually read after a key.

use std::hash::BuildHasher;
use std::num::NonZeroUsize;

use foldhash::quality::RandomState;
use lru::LruCache;

use super::flushes::Flushes;
use super::successors::Successors;

/// The longest name that is learned, in bytes. A longer one interrupts the sequence of its connection.
const MAX_NAME: usize = 1024;
/// The bytes of a key beside its name and its successors: the entry of the table and the headers of three allocations.
const KEY_BYTES: usize = size_of::<Known>() + 72;
/// The bytes of the table for each key that it may hold.
const TABLE_BYTES: usize = 2 * (size_of::<usize>() * 2 + 1);

/// The bounds of a [`Predictor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The most keys.
    pub keys: NonZeroUsize,
    /// The most bytes of keys, their successors and the table.
    pub bytes: usize,
    /// The most connections whose last key is known.
    pub clients: NonZeroUsize,
}

impl Default for Bounds {
    /// 65,536 keys, 16 MiB, and 16,384 connections (about 1.5 MB more).
    fn default() -> Self {
        let number = |number| NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN);
        Self { keys: number(65_536), bytes: 16 << 20, clients: number(16_384) }
    }
}

/// A key with its successors.
#[derive(Debug)]
struct Known {
    db: i32,
    name: Box<[u8]>,
    stamp: u64,
    successors: Successors,
}

impl Known {
    fn bytes(&self) -> usize {
        KEY_BYTES + self.name.len() + self.successors.bytes()
    }
}

/// Learns which key follows which one on the same connection, and predicts successors.
///
/// Keys are identified by a seeded hash of 64 bits of their database and name. The least recently read keys are dropped
/// beyond the bounds. A table of 2.2 MB is allocated at the first step; a key then costs about 200 bytes with its name,
/// and 16 for each of up to 12 successors.
#[derive(Debug, Default)]
pub struct Predictor {
    bounds: Bounds,
    hasher: RandomState,
    tables: Option<Tables>,
    flushes: Flushes,
    /// The bytes of the keys.
    bytes: usize,
}

#[derive(Debug)]
struct Tables {
    keys: LruCache<u64, Known>,
    /// The last key of each connection.
    clients: LruCache<u64, u64>,
}

impl Predictor {
    /// A predictor that has learned nothing.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    fn hash(&self, db: i32, name: &[u8]) -> u64 {
        self.hasher.hash_one((db, name))
    }

    /// A connection reads a key: records the step from the key that it read before, if that was another key of the same
    /// database.
    ///
    /// O(1): two lookups and a scan of at most 12 slots; beyond the bounds a few keys are dropped.
    pub fn asked(&mut self, client: u64, db: i32, name: &[u8]) {
        if name.len() > MAX_NAME {
            return self.disconnected(client);
        }
        let key = self.hash(db, name);
        let tables = self.tables.get_or_insert_with(|| Tables {
            // Allocated as a whole: a table that grows would be copied within one command.
            keys: LruCache::new(self.bounds.keys),
            clients: LruCache::new(self.bounds.clients),
        });
        let previous = tables.clients.put(client, key).filter(|&previous| previous != key);
        self.read(key, db, name);
        self.follow(previous, db, key);
        self.trim();
    }

    /// Makes a key the most recently read one, and adds it if it is not known or was flushed.
    fn read(&mut self, key: u64, db: i32, name: &[u8]) {
        let Some(tables) = &mut self.tables else { return };
        let is_same = |known: &Known| known.db == db && *known.name == *name && self.flushes.is_valid(db, known.stamp);
        if tables.keys.get(&key).is_some_and(is_same) {
            return;
        }
        let added = Known { db, name: name.into(), stamp: self.flushes.stamp(), successors: Successors::default() };
        self.bytes += added.bytes();
        // The key that had this place, or the least recently read one of a full table.
        if let Some((_, dropped)) = tables.keys.push(key, added) {
            self.bytes -= dropped.bytes();
        }
    }

    /// Records a step.
    fn follow(&mut self, previous: Option<u64>, db: i32, key: u64) {
        let Some((tables, previous)) = self.tables.as_mut().zip(previous) else { return };
        let Some(known) = tables.keys.peek_mut(&previous) else { return };
        if known.db == db && self.flushes.is_valid(db, known.stamp) {
            let before = known.bytes();
            known.successors.saw(key);
            self.bytes = self.bytes + known.bytes() - before;
        }
    }

    /// Drops the least recently read keys beyond the bounds.
    fn trim(&mut self) {
        let Some(tables) = &mut self.tables else { return };
        let table = self.bounds.keys.get() * TABLE_BYTES;
        while self.bytes + table > self.bounds.bytes {
            let Some((_, dropped)) = tables.keys.pop_lru() else { return };
            self.bytes -= dropped.bytes();
        }
    }

    /// Up to `n` keys that connections usually read after a key, the most frequent first: those to which at least two
    /// steps and 10 % of the latest steps lead, so at most 10.
    ///
    /// O(1): at most 12 slots and lookups.
    pub fn next(&self, db: i32, name: &[u8], n: usize) -> Vec<&[u8]> {
        let Some(tables) = &self.tables else { return Vec::new() };
        let valid = |key: u64| {
            let known = tables.keys.peek(&key)?;
            (known.db == db && self.flushes.is_valid(db, known.stamp)).then_some(known)
        };
        let Some(known) = valid(self.hash(db, name)).filter(|known| *known.name == *name) else { return Vec::new() };
        known.successors.likely().filter_map(valid).map(|known| &*known.name).take(n).collect()
    }

    /// A connection has ended. Its last key is forgotten.
    pub fn disconnected(&mut self, client: u64) {
        if let Some(tables) = &mut self.tables {
            tables.clients.pop(&client);
        }
    }

    /// Forgets a key: it is no longer predicted, and has no successors. For a key that will not be read again; a key
    /// whose entry is invalidated or expires is usually fetched again, and keeps what was learned.
    pub fn forget(&mut self, db: i32, name: &[u8]) {
        let key = self.hash(db, name);
        if let Some(dropped) = self.tables.as_mut().and_then(|tables| tables.keys.pop(&key)) {
            self.bytes -= dropped.bytes();
        }
    }

    /// A database, or all, were flushed: forgets its keys. O(1); they are freed when other keys need their place. For
    /// SWAPDB, flush both databases.
    pub fn flushed(&mut self, db: Option<i32>) {
        self.flushes.flush(db);
    }

    /// The number of keys, with those that were flushed and not yet freed.
    pub fn keys(&self) -> usize {
        self.tables.as_ref().map_or(0, |tables| tables.keys.len())
    }

    /// The number of connections whose last key is known.
    pub fn clients(&self) -> usize {
        self.tables.as_ref().map_or(0, |tables| tables.clients.len())
    }

    /// The bytes of keys, successors and their table.
    pub fn bytes(&self) -> usize {
        let table = if self.tables.is_some() { self.bounds.keys.get() * TABLE_BYTES } else { 0 };
        self.bytes + table
    }

    /// The bytes counted again.
    #[cfg(test)]
    pub(super) fn counted(&self) -> usize {
        self.tables.as_ref().map_or(0, |tables| tables.keys.iter().map(|(_, known)| known.bytes()).sum())
    }
}
