//! What is counted of a cache: plain numbers per tier, and how long things took.

mod latency;
pub mod openmetrics;
mod rate;

pub use latency::Latency;
pub use rate::Rate;

use crate::cache::tiers::TierId;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters of one tier.
        #[derive(Debug, Clone, Default)]
        pub struct TierStats {
            $( $(#[$doc])* pub $name: u64, )*
            /// Microseconds of hits, of a sample.
            pub hit: Latency,
            /// Microseconds from the grant of a lease to its fill.
            pub compute: Latency,
            /// Microseconds that clients waited for somebody else's value.
            pub wait: Latency,
            /// Requests a second, lately.
            pub rate: Rate,
        }

        impl TierStats {
            /// Adds what another tier has counted.
            pub fn add(&mut self, other: &Self) {
                $( self.$name += other.$name; )*
                self.hit.add(&other.hit);
                self.compute.add(&other.compute);
                self.wait.add(&other.wait);
                self.rate.add(&other.rate);
            }
        }
    };
}

counters! {
    /// Reads served with a fresh value.
    hits,
    /// Reads served with a value in its grace.
    stale_hits,
    /// Reads that found nothing to serve.
    misses,
    /// Reads that were told of a failure remembered.
    negative_hits,
    /// Values stored without a lease.
    sets,
    /// Values stored by holders of leases.
    fills,
    /// Tokens refused because their lease had ended.
    refused_expired,
    /// Tokens refused because their key was invalidated.
    refused_invalidated,
    /// Tokens refused because their key was written or deleted.
    refused_overwritten,
    /// Tokens refused that nobody knows (any more).
    refused_unknown,
    /// Fills refused because one of their tags was invalidated.
    refused_tag,
    /// Leases granted.
    leases_granted,
    /// Leases that ended without a fill.
    leases_expired,
    /// Leases revoked.
    leases_revoked,
    /// Computations saved: clients that were served what somebody else computed while they waited.
    saved,
    /// Leases granted while there was a value to serve.
    refreshes,
    /// Entries evicted.
    evictions,
    /// Entries that expired.
    expiries,
    /// Entries invalidated.
    invalidations,
    /// Entries that expired without ever being hit.
    never_hit,
    /// Computations given up.
    errors,
    /// Bytes of values long enough to be packed.
    raw_bytes,
    /// The same, as they are kept.
    packed_bytes,
}

impl TierStats {
    /// Reads that wanted a value.
    pub fn requests(&self) -> u64 {
        self.hits + self.stale_hits + self.misses
    }

    /// Reads served, in percent of those that wanted a value; 0 before the first.
    pub fn hit_rate_percent(&self) -> f64 {
        let requests = self.requests();
        if requests == 0 { 0.0 } else { (self.hits + self.stale_hits) as f64 / requests as f64 * 100.0 }
    }

    fn operations(&self) -> u64 {
        self.requests() + self.negative_hits + self.sets + self.fills
    }
}

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

    #[test]
    fn a_stale_value_served_is_a_hit_of_the_rate_and_a_failure_remembered_is_no_request() {
        let stats = TierStats { hits: 1, stale_hits: 1, misses: 2, negative_hits: 9, ..TierStats::default() };
        assert!((stats.hit_rate_percent() - 50.0).abs() < 1e-9);
        assert!(TierStats::default().hit_rate_percent().abs() < 1e-9);
    }
}
