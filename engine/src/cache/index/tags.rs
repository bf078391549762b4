//! The tags of the entries of a database.
//!
//! Trees are used instead of hash tables because they grow without a pause. An entry keeps its slot while it exists, so
//! a walk in the order of slots stays valid when entries change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::shared::Name;

/// Entries by tag, and tags by entry.
#[derive(Debug, Default)]
pub(super) struct Tags {
    entries: BTreeMap<Name, BTreeSet<u32>>,
    tags: BTreeMap<u32, Box<[Name]>>,
    pairs: u64,
    name_bytes: u64,
}

impl Tags {
    /// Sets the tags of an entry without tags. Returns whether there are any.
    pub(super) fn add(&mut self, slot: u32, tags: &[&[u8]]) -> bool {
        let mut names: Vec<Name> = Vec::with_capacity(tags.len());
        for &tag in tags {
            let name = match self.entries.get_key_value(tag) {
                Some((name, _)) => name.clone(),
                None => {
                    let name = Name::new(tag);
                    self.name_bytes += name.memory();
                    name
                }
            };
            if self.entries.entry(name.clone()).or_default().insert(slot) {
                names.push(name);
            }
        }
        self.pairs += names.len() as u64;
        let any = !names.is_empty();
        if any {
            self.tags.insert(slot, names.into());
        }
        any
    }

    /// Removes all tags of an entry.
    pub(super) fn remove(&mut self, slot: u32) {
        for name in self.tags.remove(&slot).iter().flatten() {
            self.pairs -= 1;
            if let Some(slots) = self.entries.get_mut(name) {
                slots.remove(&slot);
                if slots.is_empty() {
                    self.name_bytes -= name.memory();
                    self.entries.remove(name);
                }
            }
        }
    }

    /// The tags of an entry, in the order of the write.
    pub(super) fn of(&self, slot: u32) -> impl Iterator<Item = &[u8]> {
        self.tags.get(&slot).into_iter().flatten().map(Name::bytes)
    }

    pub(super) fn count(&self, tag: &[u8]) -> usize {
        self.entries.get(tag).map_or(0, BTreeSet::len)
    }

    /// The slots of the entries with a tag, after the slot `after`.
    pub(super) fn entries(&self, tag: &[u8], after: Option<u32>) -> impl Iterator<Item = u32> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.get(tag).into_iter().flat_map(move |slots| slots.range((from, Bound::Unbounded)).copied())
    }

    /// Whether both directions agree and contain only existing entries.
    #[cfg(any(test, feature = "test-hooks"))]
    pub(super) fn agree(&self, is_there: impl Fn(u32) -> bool) -> bool {
        let of_tags: usize = self.entries.values().map(BTreeSet::len).sum();
        let of_entries: usize = self.tags.values().map(|names| names.len()).sum();
        of_tags == of_entries
            && self.pairs == of_tags as u64
            && self.entries.values().all(|slots| !slots.is_empty())
            && self.tags.iter().all(|(&slot, names)| {
                is_there(slot)
                    && !names.is_empty()
                    && names.iter().all(|name| self.entries.get(name).is_some_and(|slots| slots.contains(&slot)))
            })
    }

    /// The memory in bytes: an estimate, with nodes of the trees two thirds full.
    pub(super) fn memory(&self) -> u64 {
        self.name_bytes + self.entries.len() as u64 * 140 + self.tags.len() as u64 * 60 + self.pairs * 16
    }
}
