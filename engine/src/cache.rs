//! The cache: tiers, the index of entries, leases, invalidations; and the names of cached assessments.
//!
//! Pure state over abstract stamps: nothing here asks for the time or for a server.

pub mod ban;
pub mod entry;
pub mod fence;
pub mod index;
pub mod lease;
pub mod name;
pub mod pattern;
pub mod tier;
pub mod tiers;
