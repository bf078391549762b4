//! Finds the slot of a name.
//!
//! A hash table that grows moves everything in it at once: about 70 ns an entry once records are out of the processor's
//! caches, so one table of a million entries would stop the server for tens of milliseconds. Hence 256 tables, each with
//! every 256th entry: growing one moves 4 thousand entries of a million, 40 thousand of ten million.

use hashbrown::HashTable;

use super::slab::{Record, Slab};

const TABLES: usize = 256;

/// Slots by the hashes of their names.
#[derive(Debug)]
pub(super) struct Table {
    tables: Box<[HashTable<u32>]>,
}

/// The tables take bits from both ends; all bits of the short hash reach both.
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

    /// Notes a slot whose record is in the slab.
    pub(super) fn insert(&mut self, slab: &Slab, hash: u32, slot: u32) {
        self.tables[which(hash)].insert_unique(wide(hash), slot, |&slot| rehash(slab, slot));
    }

    /// Forgets a slot whose record is still in the slab.
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
