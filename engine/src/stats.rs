//! Statistics of a cache: counters of each tier, latencies, rates, and their exposition as OpenMetrics text.
//!
//! Plain numbers: nothing here asks for the time, and nothing here knows an entry.

mod counters;
mod latency;
pub mod openmetrics;
mod rate;
mod tiers;

pub use self::counters::TierStats;
pub use self::latency::Latency;
pub use self::rate::Rate;
pub use self::tiers::Stats;
