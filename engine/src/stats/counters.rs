//! The counters of one tier.

use super::{Latency, Rate};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters of one tier.
        #[derive(Debug, Clone, Default)]
        pub struct TierStats {
            $( $(#[$doc])* pub $name: u64, )*
            /// The time of a sample of the hits, in microseconds.
            pub hit: Latency,
            /// The time from the grant of a lease to its fill, in microseconds.
            pub compute: Latency,
            /// The time that clients waited for the value of another client, in microseconds.
            pub wait: Latency,
            /// Operations per second in the last seconds.
            pub rate: Rate,
        }

        impl TierStats {
            /// Adds the counters of another tier.
            pub fn add(&mut self, other: &Self) {
                $( self.$name = self.$name.saturating_add(other.$name); )*
                self.hit.add(&other.hit);
                self.compute.add(&other.compute);
                self.wait.add(&other.wait);
                self.rate.add(&other.rate);
            }

            /// The counters as numbers, in the order of their declaration.
            pub(super) fn numbers(&self) -> Vec<u64> {
                vec![$( self.$name, )*]
            }

            /// Takes the counters from what [`TierStats::numbers`] returned; `None` if there are too few.
            pub(super) fn take(&mut self, numbers: &mut impl Iterator<Item = u64>) -> Option<()> {
                $( self.$name = numbers.next()?; )*
                Some(())
            }
        }
    };
}

counters! {
    /// Reads served with a fresh value.
    hits,
    /// Reads served with a stale value, within its grace.
    stale_hits,
    /// Reads without a value to serve.
    misses,
    /// Reads answered with a remembered failure.
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
    /// Tokens refused because they were unknown or forgotten.
    refused_unknown,
    /// Fills refused because one of their tags was invalidated.
    refused_tag,
    /// Leases granted.
    leases_granted,
    /// Leases that ended without a fill.
    leases_expired,
    /// Leases revoked.
    leases_revoked,
    /// Computations saved: waiters that were served the value of another client.
    saved,
    /// Leases granted while there was a value to serve.
    refreshes,
    /// Entries evicted.
    evictions,
    /// Entries that expired.
    expiries,
    /// Entries invalidated.
    invalidations,
    /// Entries that expired without a hit.
    never_hit,
    /// Failed computations.
    errors,
    /// Bytes of the values that are long enough to be compressed, before compression.
    raw_bytes,
    /// Bytes of the same values as they are stored.
    stored_bytes,
}

impl TierStats {
    /// Reads that were hits or misses; reads of a remembered failure do not count.
    pub fn requests(&self) -> u64 {
        self.hits + self.stale_hits + self.misses
    }

    /// The hit rate in percent of [`TierStats::requests`], stale hits included; 0 before the first request.
    pub fn hit_rate_percent(&self) -> f64 {
        let requests = self.requests();
        if requests == 0 { 0.0 } else { (self.hits + self.stale_hits) as f64 / requests as f64 * 100.0 }
    }

    pub(super) fn operations(&self) -> u64 {
        self.requests() + self.negative_hits + self.sets + self.fills
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hit_rate_includes_stale_hits_and_excludes_remembered_failures() {
        let stats = TierStats { hits: 1, stale_hits: 1, misses: 2, negative_hits: 9, ..TierStats::default() };
        assert!((stats.hit_rate_percent() - 50.0).abs() < 1e-9);
        assert!(TierStats::default().hit_rate_percent().abs() < 1e-9);
    }
}
