//! The slots of entries by the hashes of their names.
//!
//! A hash table that grows moves all of its entries in a single step. That takes about 70 ns for each entry when the
//! records are not in the caches of the processor, so one table of a million entries would block the server for tens of
//! milliseconds. Therefore the entries are spread over 256 tables. One of them moves 4 thousand entries of a million,
//! or 40 thousand of ten million.

use hashbrown::HashTable;

use super::slab::{Record, Slab};

const TABLES: usize = 256;

/// Slots by the hashes of their names.
#[derive(Debug)]
pub(super) struct Table {
    tables: Box<[HashTable<u32>]>,
}

/// A 64-bit hash for a table. The table uses the low and the high bits, so all bits of the short hash are mixed into
/// both.
#[inline]
fn wide(hash: u32) -> u64 {
    let mixed = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

#[inline]
fn which(hash: u32) -> usize {
    (hash >> 16) as usize % TABLES
}

impl Table {
    pub(super) fn new() -> Self {
        Self { tables: (0..TABLES).map(|_| HashTable::new()).collect() }
    }

    #[inline]
    pub(super) fn find(&self, slab: &Slab, hash: u32, name: &[u8]) -> Option<u32> {
        let is_it = |&slot: &u32| slab.get(slot).is_some_and(|record| record.bytes() == name);
        self.tables[which(hash)].find(wide(hash), is_it).copied()
    }

    /// Adds a slot whose record is in the slab.
    pub(super) fn insert(&mut self, slab: &Slab, hash: u32, slot: u32) {
        self.tables[which(hash)].insert_unique(wide(hash), slot, |&slot| rehash(slab, slot));
    }

    /// Removes a slot whose record is still in the slab.
    pub(super) fn remove(&mut self, slab: &Slab, hash: u32, slot: u32) {
        let table = &mut self.tables[which(hash)];
        if let Ok(found) = table.find_entry(wide(hash), |&other| other == slot) {
            found.remove();
        }
        if table.is_empty() {
            *table = HashTable::new();
        } else if table.len() * 8 < table.capacity() {
            table.shrink_to(table.len() * 2, |&slot| rehash(slab, slot));
        }
    }

    #[cfg(any(test, feature = "test-hooks"))]
    pub(super) fn len(&self) -> usize {
        self.tables.iter().map(HashTable::len).sum()
    }

    pub(super) fn memory(&self) -> u64 {
        let tables: usize = self.tables.iter().map(HashTable::allocation_size).sum();
        (tables + TABLES * size_of::<HashTable<u32>>()) as u64
    }
}

fn rehash(slab: &Slab, slot: u32) -> u64 {
    slab.get(slot).map_or(0, |record: &Record| wide(record.hash))
}
