//! The cache: tiers, the index of entries, leases, invalidations, and the names of cached assessments.
//!
//! The state does not depend on a clock or on a server: callers pass in stamps and times.

pub mod ban;
pub mod entry;
pub mod fence;
pub mod index;
pub mod lease;
pub mod name;
pub mod pattern;
pub mod policy;
pub mod prefetch;
pub mod tiers;
