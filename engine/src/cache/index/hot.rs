//! The most requested entries of a tier in one database.
//!
//! Every entry counts its own hits exactly; here is only who may be among the first. A full table drops its lowest
//! quarter at once and asks more of the next candidate, so that keys which are all hit alike do not push each other out
//! at every hit.

use std::collections::BTreeMap;

use super::shared::Name;
use super::slab::{Record, Slab, flag};

/// Candidates of a table.
pub(super) const CANDIDATES: usize = 256;
const KEPT: usize = CANDIDATES * 3 / 4;

/// Candidates for the most requested entries.
#[derive(Debug, Default)]
pub(super) struct Hot {
    /// Slots of those that live: their records know how often they were hit.
    live: Vec<u32>,
    /// Those that died, with their hits: popular keys come back.
    removed: BTreeMap<Name, u32>,
    /// An entry with more hits than this becomes a candidate.
    threshold: u32,
}

impl Hot {
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.removed.is_empty()
    }

    /// How many live entries it lists.
    #[cfg(any(test, feature = "test-hooks"))]
    pub(super) fn live(&self) -> usize {
        self.live.len()
    }

    /// Whether an entry should be admitted: what a hit costs.
    #[inline]
    pub(super) fn wants(&self, record: &Record) -> bool {
        record.hits > self.threshold && !record.has(flag::HOT)
    }

    /// The hits of an entry that died here and is written again.
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

    /// An entry leaves; a candidate that dies is remembered by its name.
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
        // Not more than the kept ones have: whoever would stand among them is still admitted.
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

    /// Candidates with their hits, in no order.
    pub(super) fn candidates<'a>(&'a self, slab: &'a Slab) -> impl Iterator<Item = (&'a [u8], u64)> {
        let live = self.live.iter().filter_map(|&slot| slab.get(slot)).map(|record| (record.bytes(), record.hits));
        let removed = self.removed.iter().map(|(name, &hits)| (name.bytes(), hits));
        live.chain(removed).map(|(name, hits)| (name, u64::from(hits)))
    }
}
