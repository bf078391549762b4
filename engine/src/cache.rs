//! The cache: tiers, the index of entries, leases, invalidations, and the names of cached assessments.
//!
//! Pure state over abstract stamps and times that callers pass in. Never here: a clock, a server.

pub mod ban;
pub mod entry;
pub mod fence;
pub mod index;
pub mod lease;
pub mod name;
pub mod pattern;
pub mod tier;
pub mod tiers;
