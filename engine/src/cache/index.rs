//! The index of cached entries: per database, in the order of names, with the metadata of each entry.
//!
//! The index follows the keyspace: its owner reports every write and every removal of a key. The index holds no values.
//! Stamps order all changes of entries, so that entries written before an invalidation are distinguished from those
//! written after it. The cost of removing the former depends on their number, not on the size of the index.
//!
//! An entry occupies at most 128 bytes plus its name (`examples/index_speed.rs` measures it). The cost of a hit does
//! not depend on the number of entries.

mod entry;
mod hot;
mod later;
mod order;
mod recency;
mod shared;
mod slab;
mod space;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState as Numbers;
use foldhash::quality::FixedState as Names;

pub use self::entry::{Entry, Freshness, Usage, Write};
pub use self::later::{Later, Removal};
use super::tiers::TierId;
use entry::NOTHING;
use slab::NO_TIER;
use space::{Space, Stamped, entry as entry_of};

/// The place of an entry. It is valid until the next change of the index; later [`Index::is_still`] checks it with the
/// stamp of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    db: i32,
    slot: u32,
}

/// The entries that a flush removed. Dropping them takes time: a worker does it.
#[derive(Debug)]
#[must_use = "dropping it takes time: another thread should do that"]
pub struct Flushed(#[expect(dead_code, reason = "it is only dropped")] Spaces);

type Spaces = HashMap<i32, Box<Space>, Numbers>;

/// The entries of all databases.
#[derive(Debug)]
pub struct Index {
    spaces: Spaces,
    hasher: Names,
    clock: u64,
    /// The clock of uses. It is separate from the clock of changes, because a hit is not a change.
    uses: u64,
    waiting: later::Waiting,
}

fn number(tier: Option<TierId>) -> u16 {
    tier.map_or(NO_TIER, |tier| tier.0)
}

impl Index {
    /// An empty index. A secret seed prevents clients from choosing names whose hashes collide.
    pub fn new(seed: u64) -> Self {
        Self {
            spaces: no_spaces(),
            hasher: Names::with_seed(seed),
            clock: 0,
            uses: 0,
            waiting: later::Waiting::default(),
        }
    }

    /// Advances the clock of changes by one and returns it.
    pub fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The clock of changes.
    pub fn now(&self) -> u64 {
        self.clock
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "32 bits of a hash are enough, and kept in every record")]
    fn hash(&self, name: &[u8]) -> u32 {
        self.hasher.hash_one(name) as u32
    }

    #[inline]
    fn record(&self, at: At) -> Option<&slab::Record> {
        self.space(at.db)?.record(at.slot)
    }

    /// The entries of a database. Changes that wait would be missing: see [`Self::settle`].
    #[inline]
    fn space(&self, db: i32) -> Option<&Space> {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        self.spaces.get(&db).map(|space| &**space)
    }

    #[inline]
    fn space_mut(&mut self, db: i32) -> Option<&mut Space> {
        debug_assert!(self.waiting.is_empty(), "the index is changed while changes wait");
        self.spaces.get_mut(&db).map(|space| &mut **space)
    }

    /// An entry was written: adds or replaces it, as the most recently used one of its tier (but see
    /// [`Write::reorders`]). Returns its place.
    pub fn written(&mut self, db: i32, name: &[u8], write: &Write<'_>) -> At {
        debug_assert!(self.waiting.is_empty(), "the index is changed while changes wait");
        self.written_as(db, self.hash(name), name, write)
    }

    fn written_as(&mut self, db: i32, hash: u32, name: &[u8], write: &Write<'_>) -> At {
        self.uses += 1;
        let stamped = Stamped {
            tier: number(write.tier),
            freshness: write.freshness,
            bytes: write.bytes,
            tags: write.tags,
            stamp: write.stamp.unwrap_or_else(|| self.tick()),
            used: self.uses,
            reorders: write.reorders,
        };
        let space = self.spaces.entry(db).or_insert_with(|| Box::new(Space::new()));
        At { db, slot: space.written(hash, name, &stamped) }
    }

    /// Removes an entry. Returns its metadata; `None` if it was not in the index.
    pub fn remove(&mut self, db: i32, name: &[u8]) -> Option<Entry> {
        self.remove_as(db, self.hash(name), name)
    }

    fn remove_as(&mut self, db: i32, hash: u32, name: &[u8]) -> Option<Entry> {
        let space = self.space_mut(db)?;
        let was = space.remove(hash, name);
        if space.len() == 0 && space.is_void() {
            self.spaces.remove(&db);
        }
        was
    }

    /// The place of an entry.
    #[inline]
    pub fn find(&self, db: i32, name: &[u8]) -> Option<At> {
        let slot = self.space(db)?.find(self.hash(name), name)?;
        Some(At { db, slot })
    }

    /// Whether the entry with this stamp is still at this place. `false` for stamp 0, which is not unique.
    pub fn is_still(&self, at: At, stamp: u64) -> bool {
        stamp != 0 && self.record(at).is_some_and(|record| record.stamp.get() == stamp)
    }

    /// The metadata of an entry.
    pub fn entry(&self, at: At) -> Entry {
        self.record(at).map_or(NOTHING, entry_of)
    }

    /// The name of an entry.
    pub fn name(&self, at: At) -> &[u8] {
        self.record(at).map_or(&[], slab::Record::bytes)
    }

    /// The tags of an entry, in the order of the write.
    pub fn tags(&self, at: At) -> impl Iterator<Item = &[u8]> {
        self.space(at.db).into_iter().flat_map(move |space| space.tags().of(at.slot))
    }

    /// Whether every entry of a tier is fresh until it expires. Changes that wait can only make it more so.
    #[inline]
    pub fn all_until_expiry(&self, db: i32, tier: TierId) -> bool {
        self.spaces.get(&db).is_none_or(|space| space.all_until_expiry(tier.0))
    }

    /// Whether there are entries outside of all tiers. Changes that wait do not add any.
    #[inline]
    pub fn has_outside(&self) -> bool {
        self.spaces.values().any(|space| space.usage(NO_TIER).entries > 0)
    }

    /// Counts a hit. With `reorder` the entry becomes the most recently used one of its tier.
    #[inline]
    pub fn touched(&mut self, at: At, reorder: bool) {
        self.touched_times(at, reorder, 1);
    }

    #[inline]
    fn touched_times(&mut self, at: At, reorder: bool, times: u32) {
        self.uses += u64::from(reorder);
        let uses = reorder.then_some(self.uses);
        if let Some(space) = self.space_mut(at.db) {
            space.touched(at.slot, uses, times);
        }
    }

    /// Sets freshness and size of an entry after a write of the module; `bytes: None` leaves the size unchanged.
    pub fn describe(&mut self, at: At, freshness: Freshness, bytes: Option<u64>) {
        if let Some(space) = self.space_mut(at.db) {
            space.describe(at.slot, freshness, bytes);
        }
    }

    /// Moves an entry to another tier. It keeps its stamp. Its place in the order of use is searched near both ends of
    /// the list only, so it can be approximate.
    pub fn set_tier(&mut self, at: At, tier: Option<TierId>) {
        if let Some(space) = self.space_mut(at.db) {
            space.set_tier(at.slot, number(tier));
        }
    }

    /// The least recently used entry of a tier, over all databases.
    pub fn oldest(&self, tier: TierId) -> Option<(i32, &[u8])> {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        let each = self.spaces.iter().filter_map(|(&db, space)| Some((db, space.oldest(tier.0)?)));
        each.min_by_key(|(_, record)| record.used.get()).map(|(db, record)| (db, record.bytes()))
    }

    /// The entries of a tier in all databases, and their size; `None`: entries outside of all tiers.
    pub fn usage(&self, tier: Option<TierId>) -> Usage {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        self.spaces.values().fold(Usage::default(), |sum, space| sum.and(space.usage(number(tier))))
    }

    /// All entries, and their size.
    pub fn total(&self) -> Usage {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        self.spaces.values().fold(Usage::default(), |sum, space| sum.and(space.total()))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        self.spaces.values().map(|space| space.len()).sum()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory of the index in bytes, names included: an estimate.
    pub fn memory(&self) -> u64 {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        self.spaces.values().map(|space| space.memory()).sum()
    }

    /// Inconsistencies between the parts of the index, as texts: everything is counted again. For tests.
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn faults(&self) -> Vec<String> {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        let each = self.spaces.iter();
        each.flat_map(|(db, space)| space.faults().into_iter().map(move |fault| format!("db {db}: {fault}"))).collect()
    }

    /// The number of entries with a tag.
    pub fn tagged(&self, db: i32, tag: &[u8]) -> usize {
        self.space(db).map_or(0, |space| space.tags().count(tag))
    }

    /// Takes up to `limit` items from the queue of entries whose sizes are unknown; `None` when it is empty. Entries
    /// that were removed or measured in the meantime are left out, so the result can be shorter than `limit`, or empty.
    pub fn unmeasured(&mut self, limit: usize) -> Option<Vec<(i32, Box<[u8]>)>> {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        let (mut taken, mut looked) = (Vec::new(), 0);
        for (&db, space) in &mut self.spaces {
            while looked < limit
                && let Some(next) = space.take_unmeasured()
            {
                looked += 1;
                taken.extend(next.map(|name| (db, name)));
            }
        }
        (looked > 0).then_some(taken)
    }

    /// The most requested names of a tier with their hits, the most hits first, removed entries included; at most 256.
    pub fn hot(&self, db: i32, tier: TierId, n: usize) -> Vec<(Box<[u8]>, u64)> {
        self.space(db).map_or_else(Vec::new, |space| space.hot(tier.0, n))
    }

    /// Flushes a database; `None` means all databases. Takes constant time: another thread drops the removed entries.
    pub fn flushed(&mut self, db: Option<i32>) -> Flushed {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        match db {
            Some(db) => Flushed(self.spaces.remove_entry(&db).into_iter().collect()),
            None => Flushed(std::mem::replace(&mut self.spaces, no_spaces())),
        }
    }

    /// Swaps two databases.
    pub fn swapped(&mut self, a: i32, b: i32) {
        debug_assert!(self.waiting.is_empty(), "the index is read while changes wait");
        let (from_a, from_b) = (self.spaces.remove(&a), self.spaces.remove(&b));
        self.spaces.extend(from_a.map(|space| (b, space)));
        self.spaces.extend(from_b.map(|space| (a, space)));
    }
}

fn no_spaces() -> Spaces {
    // Clients cannot choose the numbers of databases, so this hasher needs no secret seed.
    Spaces::with_hasher(Numbers::with_seed(0))
}
