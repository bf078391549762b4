//! The order of use of the entries of a tier in one database: a linked list through the records.

use super::slab::{NIL, Slab};

/// The number of entries from each end among which the place of an entry is searched.
const REACH: usize = 32;

/// The ends of a list.
#[derive(Debug)]
pub(super) struct Recency {
    newest: u32,
    oldest: u32,
}

impl Default for Recency {
    fn default() -> Self {
        Self { newest: NIL, oldest: NIL }
    }
}

impl Recency {
    pub(super) fn oldest(&self) -> u32 {
        self.oldest
    }

    pub(super) fn newest(&self) -> u32 {
        self.newest
    }

    /// Inserts a slot that is in no list next to `older`, on its newer side; [`NIL`] makes it the oldest.
    fn put_before(&mut self, slab: &mut Slab, slot: u32, older: u32) {
        let newer = if older == NIL { self.oldest } else { slab.get(older).map_or(NIL, |record| record.newer) };
        if let Some(record) = slab.get_mut(slot) {
            record.newer = newer;
            record.older = older;
        }
        match slab.get_mut(newer) {
            Some(record) => record.older = slot,
            None => self.newest = slot,
        }
        match slab.get_mut(older) {
            Some(record) => record.newer = slot,
            None => self.oldest = slot,
        }
    }

    pub(super) fn push_newest(&mut self, slab: &mut Slab, slot: u32) {
        self.put_before(slab, slot, self.newest);
    }

    /// Inserts a slot by the time of its last use. In a long list the place is searched near both ends only. A slot
    /// that belongs in the middle is treated as older than it is: at worst it is evicted too early.
    pub(super) fn put_by_use(&mut self, slab: &mut Slab, slot: u32) {
        let used = |slot: u32| slab.get(slot).map(|record| record.used.get());
        let mine = used(slot).unwrap_or(0);
        let mut newer_side = self.newest;
        let mut older_side = self.oldest;
        for _ in 0..REACH {
            match used(newer_side) {
                Some(theirs) if theirs > mine => newer_side = slab.get(newer_side).map_or(NIL, |record| record.older),
                _ => return self.put_before(slab, slot, newer_side),
            }
            match used(older_side) {
                Some(theirs) if theirs <= mine => older_side = slab.get(older_side).map_or(NIL, |record| record.newer),
                _ => break,
            }
        }
        let older = slab.get(older_side).map_or(self.newest, |record| record.older);
        self.put_before(slab, slot, older);
    }

    pub(super) fn remove(&mut self, slab: &mut Slab, slot: u32) {
        let Some(record) = slab.get_mut(slot) else { return };
        let (newer, older) = (record.newer, record.older);
        record.newer = NIL;
        record.older = NIL;
        match slab.get_mut(newer) {
            Some(record) => record.older = older,
            None => self.newest = older,
        }
        match slab.get_mut(older) {
            Some(record) => record.newer = newer,
            None => self.oldest = newer,
        }
    }
}
