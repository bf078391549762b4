//! The index of one database.
//!
//! A slab holds one record for each entry. A hash table finds an entry, a trie gives the order of names, each tier has
//! a recency list, and there are sets of tags. All of them refer to slot numbers, so that a whole database is moved or
//! dropped as one pointer.

#[cfg(any(test, feature = "test-hooks"))]
mod faults;

use std::ops::Bound;

use super::hot::Hot;
use super::order::Order;
use super::recency::Recency;
use super::shared::Name;
use super::slab::{NIL, NO_TIER, Record, Slab, U48, flag};
use super::table::Table;
use super::tags::Tags;
use super::{Entry, Freshness, Usage};

/// A write with its stamps.
pub(super) struct Stamped<'a> {
    pub(super) tier: u16,
    pub(super) freshness: Freshness,
    pub(super) bytes: Option<u64>,
    pub(super) tags: &'a [&'a [u8]],
    pub(super) stamp: u64,
    pub(super) used: u64,
    pub(super) reorders: bool,
}

/// The length up to which the queue of entries to measure is never limited.
const QUEUED_AT_LEAST: usize = 65_536;

/// The entries of a tier in this database.
#[derive(Debug, Default)]
struct Part {
    usage: Usage,
    /// The entries that are fresh until another time than their expiry.
    dated: usize,
    recency: Recency,
    hot: Hot,
}

/// The index of one database.
#[derive(Debug)]
pub(super) struct Space {
    slab: Slab,
    table: Table,
    order: Order,
    name_bytes: u64,
    /// Tiers by their number. Entries outside of all tiers are in `outside`.
    tiers: Vec<Option<Box<Part>>>,
    outside: Part,
    tags: Tags,
    /// The slots of entries to measure. Slots of entries that were removed or measured in the meantime stay in the
    /// queue: the flag of the record decides.
    unmeasured: Vec<u32>,
}

impl Space {
    pub(super) fn new() -> Self {
        Self {
            slab: Slab::default(),
            table: Table::new(),
            order: Order::default(),
            name_bytes: 0,
            tiers: Vec::new(),
            outside: Part::default(),
            tags: Tags::default(),
            unmeasured: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether it holds no names and no hits, so that it can be dropped.
    pub(super) fn is_void(&self) -> bool {
        self.order.is_empty()
            && self.outside.hot.is_empty()
            && self.tiers.iter().flatten().all(|part| part.hot.is_empty())
    }

    #[inline]
    pub(super) fn find(&self, hash: u32, name: &[u8]) -> Option<u32> {
        self.table.find(&self.slab, hash, name)
    }

    /// The slot for a hash, or now and then another one, without reading its record; [`NIL`] if there is none.
    #[inline]
    pub(super) fn candidate(&self, hash: u32) -> u32 {
        self.table.candidate(hash).unwrap_or(NIL)
    }

    /// Reads a record; what it returns has no meaning. See `later.rs`.
    #[inline]
    pub(super) fn read_record(&self, slot: u32) -> u32 {
        self.slab.get(slot).map_or(0, |record| record.hash)
    }

    /// Reads the name of a record and the records beside it in the order of use; what it returns has no meaning.
    #[inline]
    pub(super) fn read_name(&self, slot: u32) -> u32 {
        self.slab.get(slot).map_or(0, |record| {
            let beside = self.read_record(record.newer) ^ self.read_record(record.older);
            beside ^ record.bytes().first().map_or(0, |&byte| u32::from(byte))
        })
    }

    #[inline]
    pub(super) fn record(&self, slot: u32) -> Option<&Record> {
        self.slab.get(slot)
    }

    pub(super) fn written(&mut self, hash: u32, name: &[u8], write: &Stamped<'_>) -> u32 {
        let found = self.find(hash, name);
        let Some(slot) = found.or_else(|| self.create(hash, name)) else { return NIL };
        let Some(record) = self.slab.get_mut(slot) else { return NIL };
        let (was_in, had_tags) = (record.tier, record.has(flag::TAGGED));
        if found.is_none() || was_in != write.tier {
            if found.is_some() {
                self.detach(slot, false);
            }
            self.set(slot, write);
            self.attach(slot, write.tier, true);
        } else {
            let (before, used) = ((record.weight(), record.is_dated()), record.used);
            self.set(slot, write);
            if let Some(record) = self.slab.get_mut(slot).filter(|_| !write.reorders) {
                record.used = used;
            }
            self.recount(slot, before);
            let (slab, part) = self.part(write.tier);
            if write.reorders && part.recency.newest() != slot {
                part.recency.remove(slab, slot);
                part.recency.push_newest(slab, slot);
            }
        }
        if had_tags {
            self.tags.remove(slot);
        }
        let tagged = !write.tags.is_empty() && self.tags.add(slot, write.tags);
        if let Some(record) = self.slab.get_mut(slot) {
            record.put(flag::TAGGED, tagged);
        }
        slot
    }

    /// Adds a record for a new name to the slab, the table and the order, but not to the list of a tier.
    fn create(&mut self, hash: u32, name: &[u8]) -> Option<u32> {
        let own = Name::new(name);
        let bytes = own.memory();
        let slot = self.slab.insert(Record::new(own, hash))?;
        self.name_bytes += bytes;
        self.table.insert(&self.slab, hash, slot);
        self.order.insert(&self.slab, name, slot);
        Some(slot)
    }

    fn set(&mut self, slot: u32, write: &Stamped<'_>) {
        let entries = self.slab.len();
        let Some(record) = self.slab.get_mut(slot) else { return };
        record.stamp = U48::new(write.stamp);
        record.used = U48::new(write.used);
        record.put(flag::HIT, false);
        set_freshness(record, write.freshness);
        record.weigh(write.bytes);
        let (waits, must_wait) = (record.has(flag::UNMEASURED), write.bytes.is_none());
        // When entries are written faster than they are measured, some sizes stay unknown until the next write.
        let has_place = waits || self.unmeasured.len() <= entries + QUEUED_AT_LEAST;
        record.put(flag::UNMEASURED, must_wait && has_place);
        if must_wait && !waits && has_place {
            self.unmeasured.push(slot);
        }
    }

    pub(super) fn remove(&mut self, hash: u32, name: &[u8]) -> Option<Entry> {
        let slot = self.find(hash, name)?;
        self.detach(slot, true);
        self.table.remove(&self.slab, hash, slot);
        self.order.remove(name, slot);
        let record = self.slab.remove(slot)?;
        self.name_bytes -= record.name.as_ref().map_or(0, Name::memory);
        if record.has(flag::TAGGED) {
            self.tags.remove(slot);
        }
        Some(entry(&record))
    }

    fn part(&mut self, tier: u16) -> (&mut Slab, &mut Part) {
        let at = tier as usize;
        if tier == NO_TIER {
            return (&mut self.slab, &mut self.outside);
        }
        if self.tiers.len() <= at {
            self.tiers.resize_with(at + 1, || None);
        }
        (&mut self.slab, self.tiers[at].get_or_insert_default())
    }

    fn peek(&self, tier: u16) -> Option<&Part> {
        if tier == NO_TIER { Some(&self.outside) } else { self.tiers.get(tier as usize)?.as_deref() }
    }

    /// Removes an entry from its tier. `removed`: whether it is removed from the index too.
    fn detach(&mut self, slot: u32, removed: bool) {
        let Some(record) = self.slab.get(slot) else { return };
        let (tier, weight, is_dated) = (record.tier, record.weight(), record.is_dated());
        let (slab, part) = self.part(tier);
        part.usage.entries -= 1;
        part.usage.bytes -= weight;
        part.dated -= usize::from(is_dated);
        part.recency.remove(slab, slot);
        part.hot.leave(slab, slot, removed);
    }

    /// Adds an entry that is in no list to the list of a tier.
    fn attach(&mut self, slot: u32, tier: u16, newest: bool) {
        let (slab, part) = self.part(tier);
        let Some(record) = slab.get_mut(slot) else { return };
        record.tier = tier;
        part.usage.entries += 1;
        part.usage.bytes += record.weight();
        part.dated += usize::from(record.is_dated());
        record.hits = record.hits.saturating_add(part.hot.restore_hits(record.bytes()));
        if part.hot.wants(record) {
            part.hot.admit(slab, slot);
        }
        if newest {
            part.recency.push_newest(slab, slot);
        } else {
            part.recency.put_by_use(slab, slot);
        }
    }

    #[inline]
    pub(super) fn touched(&mut self, slot: u32, used: Option<u64>, times: u32) {
        let Some(record) = self.slab.get_mut(slot) else { return };
        record.hits = record.hits.saturating_add(times);
        record.put(flag::HIT, true);
        if let Some(used) = used {
            record.used = U48::new(used);
        }
        let tier = record.tier;
        let (slab, part) = self.part(tier);
        if used.is_some() && part.recency.newest() != slot {
            part.recency.remove(slab, slot);
            part.recency.push_newest(slab, slot);
        }
        if slab.get(slot).is_some_and(|record| part.hot.wants(record)) {
            part.hot.admit(slab, slot);
        }
    }

    pub(super) fn describe(&mut self, slot: u32, freshness: Freshness, bytes: Option<u64>) {
        let Some(record) = self.slab.get_mut(slot) else { return };
        let before = (record.weight(), record.is_dated());
        set_freshness(record, freshness);
        if bytes.is_some() {
            record.weigh(bytes);
            record.put(flag::UNMEASURED, false);
        }
        self.recount(slot, before);
    }

    /// The weight of an entry, or whether it is dated, has changed in its tier.
    fn recount(&mut self, slot: u32, (weight, was_dated): (u64, bool)) {
        let Some(record) = self.slab.get(slot) else { return };
        let (tier, now, is_dated) = (record.tier, record.weight(), record.is_dated());
        let (_, part) = self.part(tier);
        part.usage.bytes = part.usage.bytes - weight + now;
        part.dated = part.dated + usize::from(is_dated) - usize::from(was_dated);
    }

    /// Whether every entry of a tier is fresh until it expires.
    #[inline]
    pub(super) fn all_until_expiry(&self, tier: u16) -> bool {
        self.peek(tier).is_none_or(|part| part.dated == 0)
    }

    pub(super) fn set_tier(&mut self, slot: u32, tier: u16) {
        if self.slab.get(slot).is_some_and(|record| record.tier != tier) {
            self.detach(slot, false);
            self.attach(slot, tier, false);
        }
    }

    /// The least recently used entry of a tier.
    pub(super) fn oldest(&self, tier: u16) -> Option<&Record> {
        self.slab.get(self.peek(tier)?.recency.oldest())
    }

    pub(super) fn usage(&self, tier: u16) -> Usage {
        self.peek(tier).map_or_else(Usage::default, |part| part.usage)
    }

    pub(super) fn total(&self) -> Usage {
        let parts = self.tiers.iter().flatten().map(|part| part.usage);
        parts.fold(self.outside.usage, |sum, usage| sum.and(usage))
    }

    /// Names from a bound on, in their order.
    pub(super) fn names<'a>(&'a self, from: Bound<&[u8]>) -> impl Iterator<Item = (&'a [u8], u32)> + use<'a> {
        self.order.names(&self.slab, from)
    }

    pub(super) fn tags(&self) -> &Tags {
        &self.tags
    }

    /// Takes the next item from the queue of entries to measure: its name, or `Some(None)` if it need not be measured.
    /// `None` when the queue is empty.
    pub(super) fn take_unmeasured(&mut self) -> Option<Option<Box<[u8]>>> {
        let Some(slot) = self.unmeasured.pop() else {
            // Many writes can have made the queue long: its memory is freed.
            self.unmeasured = Vec::new();
            return None;
        };
        let record = self.slab.get_mut(slot).filter(|record| record.has(flag::UNMEASURED));
        Some(record.map(|record| {
            record.put(flag::UNMEASURED, false);
            record.bytes().into()
        }))
    }

    pub(super) fn hot(&self, tier: u16, n: usize) -> Vec<(Box<[u8]>, u64)> {
        let Some(part) = self.peek(tier) else { return Vec::new() };
        let mut found: Vec<(&[u8], u64)> = part.hot.candidates(&self.slab).collect();
        found.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        found.into_iter().take(n).map(|(name, hits)| (name.into(), hits)).collect()
    }

    pub(super) fn memory(&self) -> u64 {
        let order = self.order.memory() as u64;
        let waiting = self.unmeasured.capacity() as u64 * 4;
        let parts =
            self.tiers.iter().flatten().count() * size_of::<Part>() + self.tiers.capacity() * size_of::<usize>();
        let fixed = (size_of::<Self>() + parts) as u64;
        fixed + self.slab.memory() + self.table.memory() + order + waiting + self.name_bytes + self.tags.memory()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a duration in ms to 7 digits is more than the window of REFRESH needs")]
fn set_freshness(record: &mut Record, freshness: Freshness) {
    let (kind, at, duration_ms) = match freshness {
        // The grace of 0 begins when the entry expires.
        Freshness::UntilExpiry | Freshness::FromExpiry { grace: 0 } => (0, 0, 0),
        Freshness::Until { at, ttl } => (flag::UNTIL, at, ttl),
        Freshness::FromExpiry { grace } => (flag::FROM_EXPIRY, 0, grace),
    };
    record.put(flag::UNTIL | flag::FROM_EXPIRY, false);
    record.put(kind, true);
    record.at = U48::new(at);
    record.duration_ms = duration_ms as f32;
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a whole number and not negative")]
pub(super) fn entry(record: &Record) -> Entry {
    let freshness = if record.has(flag::UNTIL) {
        Freshness::Until { at: record.at.get(), ttl: record.duration_ms as u64 }
    } else if record.has(flag::FROM_EXPIRY) {
        Freshness::FromExpiry { grace: record.duration_ms as u64 }
    } else {
        Freshness::UntilExpiry
    };
    Entry {
        tier: (record.tier != NO_TIER).then_some(super::TierId(record.tier)),
        stamp: record.stamp.get(),
        freshness,
        bytes: record.known_weight(),
        hits: record.hits,
        hit_since_write: record.has(flag::HIT),
        tagged: record.has(flag::TAGGED),
    }
}
