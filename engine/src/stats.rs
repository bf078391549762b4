//! Statistics of the cache: counters of each tier, latencies, rates, and their exposition as OpenMetrics text.
//!
//! The time is a parameter, and the numbers do not refer to entries.

mod counters;
mod latency;
pub mod openmetrics;
mod rate;
pub mod summed;
mod tiers;

pub use self::counters::TierStats;
pub use self::latency::Latency;
pub use self::rate::Rate;
pub use self::tiers::Stats;
