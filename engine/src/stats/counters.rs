//! What is counted of one tier.

use super::{Latency, Rate};

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

    pub(super) fn operations(&self) -> u64 {
        self.requests() + self.negative_hits + self.sets + self.fills
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_value_served_is_a_hit_of_the_rate_and_a_failure_remembered_is_no_request() {
        let stats = TierStats { hits: 1, stale_hits: 1, misses: 2, negative_hits: 9, ..TierStats::default() };
        assert!((stats.hit_rate_percent() - 50.0).abs() < 1e-9);
        assert!(TierStats::default().hit_rate_percent().abs() < 1e-9);
    }
}
