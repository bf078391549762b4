//! The counters of all tiers.

use super::TierStats;
use crate::cache::tiers::TierId;

/// Counters of every tier, and of keys in none.
#[derive(Debug, Default)]
pub struct Stats {
    none: TierStats,
    tiers: Vec<TierStats>,
    /// What a tier that has counted nothing has counted.
    nothing: TierStats,
}

impl Stats {
    /// The counters of a tier, to count with; `None`: of keys in no tier.
    #[inline]
    pub fn of(&mut self, tier: Option<TierId>) -> &mut TierStats {
        let Some(TierId(id)) = tier else { return &mut self.none };
        let id = usize::from(id);
        if id >= self.tiers.len() {
            self.tiers.resize_with(id + 1, TierStats::default);
        }
        &mut self.tiers[id]
    }

    /// The counters of a tier.
    pub fn get(&self, tier: Option<TierId>) -> &TierStats {
        match tier {
            None => &self.none,
            Some(TierId(id)) => self.tiers.get(usize::from(id)).unwrap_or(&self.nothing),
        }
    }

    /// Everything together.
    pub fn total(&self) -> TierStats {
        let mut total = self.none.clone();
        self.tiers.iter().for_each(|tier| total.add(tier));
        total
    }

    /// Zeroes everything.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes note of how much has been done by `now` (milliseconds), for the rates. To be called every second or so.
    pub fn observe(&mut self, now: u64) {
        for stats in self.tiers.iter_mut().chain([&mut self.none]) {
            let operations = stats.operations();
            stats.rate.observe(now, operations);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_count_for_themselves_and_together() {
        let mut stats = Stats::default();
        stats.of(Some(TierId(2))).hits += 3;
        stats.of(Some(TierId(2))).hit.record(40);
        stats.of(None).misses += 1;
        assert_eq!(stats.get(Some(TierId(2))).requests(), 3);
        assert_eq!(stats.get(Some(TierId(0))).requests(), 0);
        assert_eq!(stats.get(Some(TierId(9))).requests(), 0);
        let total = stats.total();
        assert_eq!((total.requests(), total.hit.count()), (4, 1));
        assert!((total.hit_rate_percent() - 75.0).abs() < 1e-9);
        stats.reset();
        assert_eq!(stats.total().requests(), 0);
    }
}
