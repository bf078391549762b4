//! Reports of the module: `INFO assess`, statistics of tiers, metrics, health.
//!
//! Every other folder may increment the counters here. Nothing here changes models, entries or leases.

pub(crate) mod cache_stats;
pub(crate) mod health;
pub(crate) mod info;
pub(crate) mod metrics;
