//! The slots of entries by the hashes of their names: extendible hashing.
//!
//! A hash table that grows moves all of its entries in a single step. That takes 70 ns to 1 us for each entry when the
//! records are not in the caches of the processor, so one table of a million entries would block the server for tens of
//! milliseconds. Therefore the entries are in small tables, the parts. A full part is split in two, and nothing else
//! moves. The directory maps the low bits of a hash to its part; a part that needs fewer bits than the directory has is
//! in it several times. (R. Fagin et al., Extendible hashing, ACM TODS 4 (1979), 315-344.)

use hashbrown::HashTable;

use super::slab::{Record, Slab};

/// The number of entries at which a part is split: it fills a hash table of 256 places.
const MOST: usize = 224;
/// Two parts of this many entries together are merged.
const FEW: usize = MOST / 4;
/// The directory has at most one place for this many entries. Names whose hashes have many bits in common would
/// otherwise double it with every split; their part grows instead.
const ENTRIES_PER_PLACE: usize = 16;

/// Slots by the hashes of their names.
#[derive(Debug)]
pub(super) struct Table {
    /// Indices into `parts`, by the low bits of a hash. The length is a power of two.
    directory: Vec<u32>,
    parts: Vec<Part>,
    entries: usize,
    /// The number of parts that need all bits of the directory.
    deepest: usize,
    /// The memory of all parts' slots, in bytes.
    bytes: usize,
}

/// The entries whose hashes end with the same bits.
#[derive(Debug)]
struct Part {
    slots: HashTable<u32>,
    bits: usize,
    /// The number of these bits.
    depth: u32,
}

/// A 64-bit hash for a part. It uses the low and the high bits, so all bits of the short hash are mixed into both.
#[inline]
fn wide(hash: u32) -> u64 {
    let mixed = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

/// The bits for the directory: others than those that a part uses.
#[inline]
fn bits(wide: u64) -> usize {
    (wide >> 16) as u32 as usize
}

impl Part {
    /// The places of the directory that have this part.
    fn places(&self, directory: usize) -> impl Iterator<Item = usize> + use<> {
        (self.bits..directory).step_by(1 << self.depth)
    }
}

impl Table {
    pub(super) fn new() -> Self {
        let only = Part { slots: HashTable::new(), bits: 0, depth: 0 };
        Self { directory: vec![0], parts: vec![only], entries: 0, deepest: 1, bytes: 0 }
    }

    #[inline]
    fn part(&self, wide: u64) -> usize {
        self.directory[bits(wide) & (self.directory.len() - 1)] as usize
    }

    #[inline]
    pub(super) fn find(&self, slab: &Slab, hash: u32, name: &[u8]) -> Option<u32> {
        let is_it = |&slot: &u32| slab.get(slot).is_some_and(|record| record.bytes() == name);
        let wide = wide(hash);
        self.parts[self.part(wide)].slots.find(wide, is_it).copied()
    }

    /// The slot for a hash, or now and then another one, without reading its record.
    #[inline]
    pub(super) fn candidate(&self, hash: u32) -> Option<u32> {
        let wide = wide(hash);
        self.parts[self.part(wide)].slots.find(wide, |_| true).copied()
    }

    /// Adds a slot whose record is in the slab.
    pub(super) fn insert(&mut self, slab: &Slab, hash: u32, slot: u32) {
        let wide = wide(hash);
        let mut part = self.part(wide);
        if self.parts[part].slots.len() >= MOST && self.may_split(part) {
            self.split(slab, part);
            part = self.part(wide);
        }
        let slots = &mut self.parts[part].slots;
        self.bytes -= slots.allocation_size();
        slots.insert_unique(wide, slot, |&slot| rehash(slab, slot));
        self.bytes += slots.allocation_size();
        self.entries += 1;
    }

    /// Removes a slot whose record is still in the slab.
    pub(super) fn remove(&mut self, slab: &Slab, hash: u32, slot: u32) {
        let wide = wide(hash);
        let part = self.part(wide);
        let slots = &mut self.parts[part].slots;
        if let Ok(found) = slots.find_entry(wide, |&other| other == slot) {
            found.remove();
            self.entries -= 1;
        }
        if slots.capacity() > MOST && slots.len() * 8 < slots.capacity() {
            self.bytes -= slots.allocation_size();
            slots.shrink_to(slots.len() * 2, |&slot| rehash(slab, slot));
            self.bytes += slots.allocation_size();
        }
        self.merge(slab, part);
    }

    fn may_split(&self, part: usize) -> bool {
        let places = self.directory.len();
        1 << self.parts[part].depth < places || places * ENTRIES_PER_PLACE <= self.entries
    }

    /// Gives a part one more bit and moves the entries with this bit to a new part.
    fn split(&mut self, slab: &Slab, part: usize) {
        let (new, depth) = (self.parts.len(), self.parts[part].depth);
        let bit = 1 << depth;
        if bit == self.directory.len() {
            self.directory.extend_from_within(..);
            self.deepest = 0;
        }
        let mut with = HashTable::with_capacity(MOST);
        let without = &mut self.parts[part];
        let slots = std::mem::replace(&mut without.slots, HashTable::with_capacity(MOST));
        self.bytes -= slots.allocation_size();
        for slot in slots {
            let wide = rehash(slab, slot);
            let half = if bits(wide) & bit == 0 { &mut without.slots } else { &mut with };
            half.insert_unique(wide, slot, |&slot| rehash(slab, slot));
        }
        without.depth += 1;
        self.bytes += without.slots.allocation_size() + with.allocation_size();
        self.parts.push(Part { slots: with, bits: self.parts[part].bits | bit, depth: depth + 1 });
        self.file(new);
        if bit * 2 == self.directory.len() {
            self.deepest += 2;
        }
    }

    /// Joins a part with the one from which it was split, if both have few entries.
    fn merge(&mut self, slab: &Slab, part: usize) {
        let Part { bits, depth, ref slots } = self.parts[part];
        if depth == 0 || slots.len() > FEW {
            return;
        }
        let bit = 1 << (depth - 1);
        let other = self.directory[bits ^ bit] as usize;
        if self.parts[other].depth != depth || slots.len() + self.parts[other].slots.len() > FEW {
            return;
        }
        let slots = std::mem::take(&mut self.parts[part].slots);
        let joined = &mut self.parts[other];
        self.bytes -= slots.allocation_size() + joined.slots.allocation_size();
        for slot in slots {
            joined.slots.insert_unique(rehash(slab, slot), slot, |&slot| rehash(slab, slot));
        }
        self.bytes += joined.slots.allocation_size();
        (joined.bits, joined.depth) = (bits & !bit, depth - 1);
        self.file(other);
        self.parts.swap_remove(part);
        if part < self.parts.len() {
            self.file(part);
        }
        if bit * 2 == self.directory.len() {
            self.deepest -= 2;
            self.shorten();
        }
    }

    /// Enters a part in its places of the directory.
    fn file(&mut self, part: usize) {
        for place in self.parts[part].places(self.directory.len()) {
            self.directory[place] = part as u32;
        }
    }

    /// Halves the directory as long as no part needs all of its bits.
    fn shorten(&mut self) {
        while self.deepest == 0 {
            let half = self.directory.len() / 2;
            self.directory.truncate(half);
            self.deepest = self.parts.iter().filter(|part| 1 << part.depth == half).count();
        }
        if self.directory.capacity() > self.directory.len() * 4 {
            self.directory.shrink_to_fit();
            self.parts.shrink_to_fit();
        }
    }

    #[cfg(any(test, feature = "test-hooks"))]
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.slots.len()).sum()
    }

    /// Bytes.
    pub(super) fn memory(&self) -> u64 {
        (self.bytes + self.parts.capacity() * size_of::<Part>() + self.directory.capacity() * size_of::<u32>()) as u64
    }
}

fn rehash(slab: &Slab, slot: u32) -> u64 {
    slab.get(slot).map_or(0, |record: &Record| wide(record.hash))
}

#[cfg(test)]
mod tests {
    use super::super::shared::Name;
    use super::super::slab::{Record, Slab};
    use super::{MOST, Table};

    /// A table and its records. The hashes are given.
    struct World(Slab, Table, Vec<(u32, u32, Vec<u8>)>, u32);

    impl World {
        fn new() -> Self {
            Self(Slab::default(), Table::new(), Vec::new(), 0)
        }

        fn add(&mut self, hash: u32) {
            self.3 += 1;
            let name = format!("name:{}", self.3).into_bytes();
            let slot = self.0.insert(Record::new(Name::new(&name), hash)).unwrap();
            self.1.insert(&self.0, hash, slot);
            self.2.push((hash, slot, name));
        }

        fn remove(&mut self) {
            let (hash, slot, name) = self.2.pop().unwrap();
            self.1.remove(&self.0, hash, slot);
            self.0.remove(slot);
            assert_eq!(self.1.find(&self.0, hash, &name), None);
        }

        /// The directory, the numbers of parts and of deepest parts and the memory are those of the parts.
        fn check(&self) {
            let Table { directory, parts, entries, deepest, bytes } = &self.1;
            assert!(directory.len().is_power_of_two());
            assert_eq!(*entries, self.2.len());
            assert_eq!(self.1.len(), *entries);
            assert_eq!(*bytes, parts.iter().map(|part| part.slots.allocation_size()).sum::<usize>());
            assert_eq!(*deepest, parts.iter().filter(|part| 1 << part.depth == directory.len()).count());
            assert_eq!(directory.len(), parts.iter().map(|part| directory.len() >> part.depth).sum::<usize>());
            for (index, part) in parts.iter().enumerate() {
                assert!(part.places(directory.len()).all(|place| directory[place] as usize == index));
            }
            for (hash, slot, name) in &self.2 {
                assert_eq!(self.1.find(&self.0, *hash, name), Some(*slot));
            }
        }
    }

    fn hash(number: u32) -> u32 {
        number.wrapping_mul(0x9e37_79b1) ^ number.rotate_left(13)
    }

    #[test]
    fn no_step_moves_many_entries_and_the_memory_is_given_back() {
        let mut world = World::new();
        let empty = world.1.memory();
        for number in 0..100_000 {
            world.add(hash(number));
        }
        world.check();
        assert!(world.1.parts.iter().all(|part| part.slots.len() <= MOST));
        assert!(world.1.parts.len() < 100_000 / (MOST / 3), "{} parts", world.1.parts.len());
        assert!(world.1.memory() < 100_000 * 10, "{} bytes", world.1.memory());
        for _ in 0..99_990 {
            world.remove();
        }
        world.check();
        assert!(world.1.parts.len() <= 10, "{} parts", world.1.parts.len());
        assert!(world.1.memory() < empty + 20_000, "{} bytes", world.1.memory());
        for _ in 0..10 {
            world.remove();
        }
        world.check();
        assert_eq!((world.1.parts.len(), world.1.directory.len()), (1, 1));
    }

    #[test]
    fn entries_with_equal_hashes_do_not_fill_the_memory() {
        let mut world = World::new();
        for number in 0..5_000 {
            world.add(if number % 8 == 0 { hash(number) } else { 42 });
        }
        world.check();
        assert!(world.1.directory.len() <= 5_000 / super::ENTRIES_PER_PLACE * 2);
        for _ in 0..5_000 {
            world.remove();
        }
        world.check();
        assert!(world.1.memory() < 10_000);
    }

    #[test]
    fn splits_and_merges_in_any_order_leave_a_whole_table() {
        let mut world = World::new();
        let mut random = 1u32;
        for round in 0..40 {
            for _ in 0..1_000 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Rounds of growth, rounds of shrinking, and hashes of which some have many low bits in common.
                if world.2.is_empty() || random >> 24 < if round % 8 < 4 { 180 } else { 60 } {
                    world.add(if random & 3 == 0 { random & 0xff } else { random });
                } else {
                    let last = world.2.len() - 1;
                    world.2.swap(random as usize % (last + 1), last);
                    world.remove();
                }
            }
            world.check();
        }
    }
}
