//! The native types of the keyspace: `assessmdl` holds a model, `assessent` holds a cache entry with tags or
//! compression.
//!
//! Each type has its value, its callbacks (RDB, append-only file, digest, memory, copy, free) and safe access to keys.
//! Commands, replies and policies are not here.

pub(crate) mod entry;
mod kind;
pub(crate) mod model;
pub(crate) mod value;
