//! Native values of the keyspace.

pub(crate) mod entry;
mod kind;
pub(crate) mod model;
pub(crate) mod value;
