//! The module on the nodes of a cluster.

mod clients;
mod fanout;
mod repair;
mod resharding;
mod tiers;
