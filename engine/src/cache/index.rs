//! Which cached entries there are, per database, in order, and what is known of each.
//!
//! The index follows the keyspace: whoever owns it tells it of every write and every death of a key. It holds no
//! values. Stamps order everything that happens to entries, so that what was written before an invalidation can be told
//! from what was written after it, and taking out the former costs what it matches, not what there is.
//!
//! An entry costs at most 128 bytes and its name (`examples/index_speed.rs` measures it), and what is used at every
//! hit costs the same however many there are.

mod entry;
mod hot;
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
use super::tiers::TierId;
use entry::NOTHING;
use slab::NO_TIER;
use space::{Space, Stamped, entry as entry_of};

/// Where an entry is: good until the next change of the index, and with its stamp for ever ([`Index::is_still`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    db: i32,
    slot: u32,
}

/// What was flushed: dropping it takes time, so that is done where nobody waits for it.
#[derive(Debug)]
#[must_use = "dropping it takes time: let another thread do it"]
pub struct Flushed(#[expect(dead_code, reason = "it is only dropped")] Spaces);

type Spaces = HashMap<i32, Box<Space>, Numbers>;

/// The entries of all databases.
#[derive(Debug)]
pub struct Index {
    spaces: Spaces,
    hasher: Names,
    clock: u64,
    /// Moments of use, a clock of its own: a hit is no change.
    uses: u64,
}

fn number(tier: Option<TierId>) -> u16 {
    tier.map_or(NO_TIER, |tier| tier.0)
}

impl Index {
    /// An empty index. The seed keeps names that collide from being made up outside.
    pub fn new(seed: u64) -> Self {
        Self { spaces: no_spaces(), hasher: Names::with_seed(seed), clock: 0, uses: 0 }
    }

    /// The next moment of the clock of changes.
    pub fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The latest moment of the clock of changes.
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
        self.spaces.get(&at.db)?.record(at.slot)
    }

    /// An entry was written: it is new or replaced, and the most recently used of its tier.
    pub fn written(&mut self, db: i32, name: &[u8], write: &Write<'_>) -> At {
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
        let hash = self.hash(name);
        let space = self.spaces.entry(db).or_insert_with(|| Box::new(Space::new()));
        At { db, slot: space.written(hash, name, &stamped) }
    }

    /// An entry is gone; what was known of it.
    pub fn remove(&mut self, db: i32, name: &[u8]) -> Option<Entry> {
        let hash = self.hash(name);
        let space = self.spaces.get_mut(&db)?;
        let was = space.remove(hash, name);
        if space.len() == 0 && space.is_void() {
            self.spaces.remove(&db);
        }
        was
    }

    /// The same for an entry whose time was over: many may be at one moment, so that the most expensive part of the work is
    /// left to [`tidy`](Self::tidy).
    pub fn expire(&mut self, db: i32, name: &[u8]) -> Option<Entry> {
        let hash = self.hash(name);
        self.spaces.get_mut(&db)?.expire(hash, name)
    }

    /// Does a part of the work that [`expire`](Self::expire) has left, for up to `limit` entries; whether there was any.
    pub fn tidy(&mut self, limit: usize) -> bool {
        let mut done = 0;
        self.spaces.retain(|_, space| {
            let count = space.tidy(limit - done);
            done += count;
            count == 0 || space.len() > 0 || !space.is_void()
        });
        done > 0
    }

    /// Where an entry is.
    #[inline]
    pub fn find(&self, db: i32, name: &[u8]) -> Option<At> {
        let slot = self.spaces.get(&db)?.find(self.hash(name), name)?;
        Some(At { db, slot })
    }

    /// Whether the entry with this stamp, which is not 0, is still there, in the same database.
    pub fn is_still(&self, at: At, stamp: u64) -> bool {
        stamp != 0 && self.record(at).is_some_and(|record| record.stamp.get() == stamp)
    }

    /// What is known of an entry.
    pub fn entry(&self, at: At) -> Entry {
        self.record(at).map_or(NOTHING, entry_of)
    }

    /// The name of an entry.
    pub fn name(&self, at: At) -> &[u8] {
        self.record(at).map_or(&[], slab::Record::bytes)
    }

    /// The tags of an entry, in the order they were given.
    pub fn tags(&self, at: At) -> impl Iterator<Item = &[u8]> {
        self.spaces.get(&at.db).into_iter().flat_map(move |space| space.tags().of(at.slot))
    }

    /// One more hit; with `reorder` it becomes the most recently used of its tier.
    #[inline]
    pub fn touched(&mut self, at: At, reorder: bool) {
        self.uses += u64::from(reorder);
        if let Some(space) = self.spaces.get_mut(&at.db) {
            space.touched(at.slot, reorder.then_some(self.uses));
        }
    }

    /// Tells more of an entry after one of our own writes; `bytes: None` leaves them as they are.
    pub fn describe(&mut self, at: At, freshness: Freshness, bytes: Option<u64>) {
        if let Some(space) = self.spaces.get_mut(&at.db) {
            space.describe(at.slot, freshness, bytes);
        }
    }

    /// An entry belongs to another tier now. It keeps its stamp, and its place in the order of use as far as that is
    /// found near the ends.
    pub fn set_tier(&mut self, at: At, tier: Option<TierId>) {
        if let Some(space) = self.spaces.get_mut(&at.db) {
            space.set_tier(at.slot, number(tier));
        }
    }

    /// The least recently used entry of a tier, over all databases.
    pub fn oldest(&self, tier: TierId) -> Option<(i32, &[u8])> {
        let each = self.spaces.iter().filter_map(|(&db, space)| Some((db, space.oldest(tier.0)?)));
        each.min_by_key(|(_, record)| record.used.get()).map(|(db, record)| (db, record.bytes()))
    }

    /// What a tier has over all databases; `None`: entries outside every tier.
    pub fn usage(&self, tier: Option<TierId>) -> Usage {
        self.spaces.values().fold(Usage::default(), |sum, space| sum.and(space.usage(number(tier))))
    }

    /// What there is in all.
    pub fn total(&self) -> Usage {
        self.spaces.values().fold(Usage::default(), |sum, space| sum.and(space.total()))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.spaces.values().map(|space| space.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the index takes, names included: an estimate.
    pub fn memory(&self) -> u64 {
        self.spaces.values().map(|space| space.memory()).sum()
    }

    /// What the parts of the index do not agree on, in words: everything is counted again. For tests.
    #[cfg(any(test, feature = "test-hooks"))]
    pub fn faults(&self) -> Vec<String> {
        let each = self.spaces.iter();
        each.flat_map(|(db, space)| space.faults().into_iter().map(move |fault| format!("db {db}: {fault}"))).collect()
    }

    /// How many entries have a tag.
    pub fn tagged(&self, db: i32, tag: &[u8]) -> usize {
        self.spaces.get(&db).map_or(0, |space| space.tags().count(tag))
    }

    /// Takes up to `limit` from the queue of entries whose sizes are not known; `None` when it is empty. Some of the queue
    /// have gone meanwhile, or were measured: fewer names come, then, and perhaps none.
    pub fn unmeasured(&mut self, limit: usize) -> Option<Vec<(i32, Box<[u8]>)>> {
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

    /// The most requested names of a tier with their hits, most first, also those that died; at most 256.
    pub fn hot(&self, db: i32, tier: TierId, n: usize) -> Vec<(Box<[u8]>, u64)> {
        self.spaces.get(&db).map_or_else(Vec::new, |space| space.hot(tier.0, n))
    }

    /// A database was emptied; `None` is all of them. Takes no time here: the caller drops what there was elsewhere.
    pub fn flushed(&mut self, db: Option<i32>) -> Flushed {
        match db {
            Some(db) => Flushed(self.spaces.remove_entry(&db).into_iter().collect()),
            None => Flushed(std::mem::replace(&mut self.spaces, no_spaces())),
        }
    }

    /// Two databases changed places.
    pub fn swapped(&mut self, a: i32, b: i32) {
        let (from_a, from_b) = (self.spaces.remove(&a), self.spaces.remove(&b));
        self.spaces.extend(from_a.map(|space| (b, space)));
        self.spaces.extend(from_b.map(|space| (a, space)));
    }
}

fn no_spaces() -> Spaces {
    // Numbers of databases come from the server, so this hasher needs no secret.
    Spaces::with_hasher(Numbers::with_seed(0))
}
