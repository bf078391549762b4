//! Native values of the keyspace.

pub(crate) mod model;
pub(crate) mod value;
