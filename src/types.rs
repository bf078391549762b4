//! The native types of the keyspace: `assessmdl` holds a model, `assessent` a cache entry with tags or compression,
//! `assessque` a queue of jobs.
//!
//! Each type has its value, its callbacks (RDB, append-only file, digest, memory, copy, free) and safe access to keys.
//! Commands, replies and policies are not here. The callbacks call `models` and `cache`, because the server calls them; the
//! values and the access to keys depend on neither.

mod encoding;
pub(crate) mod entry;
mod kind;
pub(crate) mod model;
pub(crate) mod queue;
pub(crate) mod value;
