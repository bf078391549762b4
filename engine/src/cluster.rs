//! What the nodes of a cluster tell each other: messages, the nodes themselves, requests that every master carries out, and
//! the tiers that all masters share.
//!
//! The time is a parameter, nodes are names, and nothing here sends: the caller does what is returned.

pub mod nodes;
pub mod requests;
pub mod tiers;
pub mod wire;
