//! Native values of the keyspace.

pub(crate) mod entry;
pub(crate) mod model;
pub(crate) mod value;
