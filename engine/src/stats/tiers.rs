//! The counters of all tiers.

use super::TierStats;
use crate::cache::tiers::TierId;

/// The counters of every tier, and of keys outside of all tiers.
#[derive(Debug, Default)]
pub struct Stats {
    none: TierStats,
    tiers: Vec<TierStats>,
    /// The counters of a tier without any operation.
    nothing: TierStats,
}

impl Stats {
    /// The counters of a tier, to change them; `None`: of keys outside of all tiers.
    #[inline]
    pub fn of(&mut self, tier: Option<TierId>) -> &mut TierStats {
        let Some(TierId(id)) = tier else { return &mut self.none };
        let id = usize::from(id);
        if id >= self.tiers.len() {
            self.tiers.resize_with(id + 1, TierStats::default);
        }
        &mut self.tiers[id]
    }

    /// The counters of a tier; `None`: of keys outside of all tiers.
    pub fn get(&self, tier: Option<TierId>) -> &TierStats {
        match tier {
            None => &self.none,
            Some(TierId(id)) => self.tiers.get(usize::from(id)).unwrap_or(&self.nothing),
        }
    }

    /// The sum of all counters.
    pub fn total(&self) -> TierStats {
        let mut total = self.none.clone();
        self.tiers.iter().for_each(|tier| total.add(tier));
        total
    }

    /// Resets all counters.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Records the numbers of operations up to `now` (milliseconds), for the rates. Called about once per second.
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
    fn each_tier_has_its_counters_and_the_total_is_their_sum() {
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
