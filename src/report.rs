//! What the module reports of itself: `INFO assess`, statistics of tiers, metrics, health.
//!
//! Every other room may count here; nothing here changes what it reports.

pub(crate) mod cache_stats;
pub(crate) mod health;
pub(crate) mod info;
pub(crate) mod metrics;
pub(crate) mod stats;
