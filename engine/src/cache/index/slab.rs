//! Records of entries, in chunks.
//!
//! A record fills a line of the processor's cache and never moves, so a slot number is valid while its entry exists. Chunks avoid pauses when
//! the slab grows, because no vector of millions of records is copied. A chunk without records is freed.

use std::collections::BTreeSet;

use super::shared::Name;

/// No slot.
pub(super) const NIL: u32 = u32::MAX;
/// No tier.
pub(super) const NO_TIER: u16 = u16::MAX;
/// The number of records of a chunk. With the alignment and what the module's allocator adds it takes just below 64 KB: a
/// little more, and the server's allocator would take 80 KB.
const CHUNK: usize = 1022;

/// A number below 2^48 that needs no alignment to 8 bytes. Larger numbers are replaced by the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct U48([u16; 3]);

impl U48 {
    pub(super) const MAX: u64 = (1 << 48) - 1;

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "each part takes 16 bits")]
    pub(super) fn new(value: u64) -> Self {
        let value = value.min(Self::MAX);
        Self([value as u16, (value >> 16) as u16, (value >> 32) as u16])
    }

    #[inline]
    pub(super) fn get(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 16 | u64::from(self.0[2]) << 32
    }
}

/// Bits of [`Record::flags`].
pub(super) mod flag {
    /// Fresh until [`super::Record::at`].
    pub(in super::super) const UNTIL: u8 = 1;
    /// Fresh until the grace begins before its key expires.
    pub(in super::super) const FROM_EXPIRY: u8 = 2;
    /// Hit after its last write.
    pub(in super::super) const HIT: u8 = 4;
    /// Has tags.
    pub(in super::super) const TAGGED: u8 = 8;
    /// In the queue of entries to measure.
    pub(in super::super) const UNMEASURED: u8 = 16;
    /// A candidate for the most requested entries of its tier.
    pub(in super::super) const HOT: u8 = 32;
}

/// One entry, or a free place. It is aligned, so that an access to it waits for one line of memory and not for two.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Record {
    /// `None` in a free place.
    pub(super) name: Option<Name>,
    /// Stored so that a table can grow without hashing names again.
    pub(super) hash: u32,
    pub(super) hits: u32,
    /// The neighbours in the recency list of the tier. `older` of a free place is the next free place of the chunk.
    pub(super) newer: u32,
    pub(super) older: u32,
    /// The time to live, or the grace with [`flag::FROM_EXPIRY`].
    pub(super) duration_ms: f32,
    pub(super) stamp: U48,
    pub(super) at: U48,
    /// The time of the last use on the clock of uses, which all databases share.
    pub(super) used: U48,
    /// The size; [`U48::MAX`] if it is unknown.
    pub(super) bytes: U48,
    pub(super) tier: u16,
    pub(super) flags: u8,
}

impl Record {
    pub(super) fn new(name: Name, hash: u32) -> Self {
        Self { name: Some(name), hash, ..Self::free() }
    }

    fn free() -> Self {
        let zero = U48::new(0);
        Self {
            name: None,
            hash: 0,
            hits: 0,
            newer: NIL,
            older: NIL,
            duration_ms: 0.0,
            stamp: zero,
            at: zero,
            used: zero,
            bytes: U48::new(U48::MAX),
            tier: NO_TIER,
            flags: 0,
        }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.name.as_ref().map_or(&[], Name::bytes)
    }

    #[inline]
    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    #[inline]
    pub(super) fn put(&mut self, flag: u8, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }

    /// Whether it is fresh until another time than its expiry.
    #[inline]
    pub(super) fn is_dated(&self) -> bool {
        self.has(flag::UNTIL | flag::FROM_EXPIRY)
    }

    /// The size in bytes; 0 while it is unknown.
    #[inline]
    pub(super) fn weight(&self) -> u64 {
        self.known_weight().unwrap_or(0)
    }

    #[inline]
    pub(super) fn known_weight(&self) -> Option<u64> {
        let bytes = self.bytes.get();
        (bytes != U48::MAX).then_some(bytes)
    }

    #[inline]
    pub(super) fn weigh(&mut self, bytes: Option<u64>) {
        self.bytes = U48::new(bytes.map_or(U48::MAX, |bytes| bytes.min(U48::MAX - 1)));
    }
}

#[derive(Debug)]
struct Chunk {
    records: Vec<Record>,
    /// The first free place, or [`NIL`].
    free: u32,
    used: usize,
}

impl Chunk {
    const fn new() -> Self {
        Self { records: Vec::new(), free: NIL, used: 0 }
    }
}

/// All records of a space.
#[derive(Debug, Default)]
pub(super) struct Slab {
    chunks: Vec<Chunk>,
    /// Chunks with a free place. The lowest chunk is filled first, so that the others can become empty.
    room: BTreeSet<u32>,
    len: usize,
}

#[inline]
fn place(slot: u32) -> (usize, usize) {
    (slot as usize / CHUNK, slot as usize % CHUNK)
}

impl Slab {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The record in a slot; `None` for a free slot.
    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<&Record> {
        let (chunk, at) = place(slot);
        self.chunks.get(chunk)?.records.get(at).filter(|record| record.name.is_some())
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Record> {
        let (chunk, at) = place(slot);
        self.chunks.get_mut(chunk)?.records.get_mut(at).filter(|record| record.name.is_some())
    }

    /// Inserts a record and returns its slot; `None` when all slots (about four billion) are used.
    pub(super) fn insert(&mut self, record: Record) -> Option<u32> {
        let number = match self.room.first() {
            Some(&number) => number,
            None => self.add_chunk()?,
        };
        let chunk = self.chunks.get_mut(number as usize)?;
        if chunk.records.capacity() == 0 {
            chunk.records = Vec::with_capacity(CHUNK);
        }
        let at = if let Some(place) = chunk.records.get_mut(chunk.free as usize) {
            let at = chunk.free;
            chunk.free = place.older;
            *place = record;
            at
        } else {
            chunk.records.push(record);
            u32::try_from(chunk.records.len() - 1).ok()?
        };
        chunk.used += 1;
        if chunk.used == CHUNK {
            self.room.remove(&number);
        }
        self.len += 1;
        Some(number * CHUNK as u32 + at)
    }

    fn add_chunk(&mut self) -> Option<u32> {
        let number = u32::try_from(self.chunks.len()).ok().filter(|&number| number < NIL / CHUNK as u32)?;
        self.chunks.push(Chunk::new());
        self.room.insert(number);
        Some(number)
    }

    /// Removes the record of a slot.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Record> {
        let (number, at) = place(slot);
        let chunk = self.chunks.get_mut(number)?;
        let record = chunk.records.get_mut(at).filter(|record| record.name.is_some())?;
        let taken = std::mem::replace(record, Record { older: chunk.free, ..Record::free() });
        chunk.free = u32::try_from(at).ok()?;
        chunk.used -= 1;
        self.len -= 1;
        if chunk.used == 0 {
            *chunk = Chunk::new();
        }
        self.room.insert(u32::try_from(number).ok()?);
        self.drop_empty_chunks();
        Some(taken)
    }

    /// Drops the empty chunks at the end.
    fn drop_empty_chunks(&mut self) {
        while self.chunks.last().is_some_and(|chunk| chunk.used == 0) {
            self.chunks.pop();
            self.room.remove(&(self.chunks.len() as u32));
        }
        if self.chunks.capacity() > 64 && self.chunks.len() < self.chunks.capacity() / 4 {
            self.chunks.shrink_to(self.chunks.len() * 2);
        }
    }

    pub(super) fn memory(&self) -> u64 {
        let records: usize = self.chunks.iter().map(|chunk| chunk.records.capacity()).sum();
        (records * size_of::<Record>() + self.chunks.capacity() * size_of::<Chunk>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_64_bytes() {
        assert_eq!(size_of::<Record>(), 64);
    }

    #[test]
    fn empty_chunks_are_freed() {
        let mut slab = Slab::default();
        let slots: Vec<u32> =
            (0..5000u32).map(|i| slab.insert(Record::new(Name::new(&i.to_le_bytes()), i)).unwrap()).collect();
        for (i, &slot) in slots.iter().enumerate() {
            assert_eq!(slab.get(slot).unwrap().hash as usize, i);
        }
        for &slot in &slots[..4999] {
            assert!(slab.remove(slot).is_some());
            assert!(slab.remove(slot).is_none());
        }
        assert_eq!(slab.len(), 1);
        assert_eq!(slab.insert(Record::new(Name::new(b"a"), 0)), Some(0), "the lowest chunk first");
        slab.remove(slots[4999]);
        slab.remove(0);
        assert!(slab.memory() < 4096 && slab.chunks.is_empty() && slab.room.is_empty());
    }
}
