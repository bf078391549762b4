//! The most requested entries of a tier in one database.
//!
//! Each entry counts its own hits exactly. This table only holds the candidates for the first places. A full table
//! drops its lowest quarter in a single step and raises the threshold for new candidates, so that keys with similar
//! hits do not replace each other at every hit.

use std::collections::BTreeMap;

use super::shared::Name;
use super::slab::{Record, Slab, flag};

/// The largest number of candidates of a table.
pub(super) const CANDIDATES: usize = 256;
const KEPT: usize = CANDIDATES * 3 / 4;

/// Candidates for the most requested entries.
#[derive(Debug, Default)]
pub(super) struct Hot {
    /// The slots of candidates in the index. Their records hold the hits.
    live: Vec<u32>,
    /// Removed candidates with their hits: popular keys are often written again.
    removed: BTreeMap<Name, u32>,
    /// An entry with more hits than this becomes a candidate.
    threshold: u32,
}

impl Hot {
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.removed.is_empty()
    }

    /// The number of candidates in the index.
    #[cfg(any(test, feature = "test-hooks"))]
    pub(super) fn live(&self) -> usize {
        self.live.len()
    }

    /// Whether an entry should become a candidate. Runs at every hit.
    #[inline]
    pub(super) fn wants(&self, record: &Record) -> bool {
        record.hits > self.threshold && !record.has(flag::HOT)
    }

    /// The hits of a removed candidate that is written again; 0 for any other name.
    pub(super) fn restore_hits(&mut self, name: &[u8]) -> u32 {
        if self.removed.is_empty() { 0 } else { self.removed.remove(name).unwrap_or(0) }
    }

    pub(super) fn admit(&mut self, slab: &mut Slab, slot: u32) {
        if self.live.len() + self.removed.len() >= CANDIDATES {
            self.drop_lowest(slab);
        }
        if let Some(record) = slab.get_mut(slot) {
            record.put(flag::HOT, true);
            self.live.push(slot);
        }
    }

    /// An entry leaves the tier. A candidate that is removed from the index is remembered by its name.
    pub(super) fn leave(&mut self, slab: &mut Slab, slot: u32, removed: bool) {
        let Some(record) = slab.get_mut(slot).filter(|record| record.has(flag::HOT)) else { return };
        record.put(flag::HOT, false);
        if let Some(at) = self.live.iter().position(|&other| other == slot) {
            self.live.swap_remove(at);
        }
        if let (true, Some(name)) = (removed, &record.name) {
            self.removed.insert(name.clone(), record.hits);
        }
    }

    fn drop_lowest(&mut self, slab: &mut Slab) {
        let hits = |slot: &u32| slab.get(*slot).map_or(0, |record| record.hits);
        let mut counts: Vec<u32> = self.live.iter().map(hits).chain(self.removed.values().copied()).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let Some(&bar) = counts.get(KEPT) else { return };
        // At most the hits of the kept candidates, so that an entry with as many hits is still admitted.
        self.threshold = bar.saturating_add(bar / 16).min(counts.first().copied().unwrap_or(bar));
        self.removed.retain(|_, hits| *hits > bar);
        self.live.retain(|&slot| match slab.get_mut(slot) {
            Some(record) if record.hits > bar => true,
            Some(record) => {
                record.put(flag::HOT, false);
                false
            }
            None => false,
        });
    }

    /// Candidates with their hits, in no particular order.
    pub(super) fn candidates<'a>(&'a self, slab: &'a Slab) -> impl Iterator<Item = (&'a [u8], u64)> {
        let live = self.live.iter().filter_map(|&slot| slab.get(slot)).map(|record| (record.bytes(), record.hits));
        let removed = self.removed.iter().map(|(name, &hits)| (name.bytes(), hits));
        live.chain(removed).map(|(name, hits)| (name, u64::from(hits)))
    }
}
