//! The part of `redis-assess` that does not depend on Redis: models of coefficient data, their assessments, and the
//! state of the cache.
//!
//! A model is read from bytes ([`model::load`]), answers queries about its subjects ([`model::Model`]), and is encoded
//! as a sequence of bounded frames ([`model::codec`]). The module uses the frames for persistence, replication and
//! digests. Long work takes a [`Progress`], which reports its progress and cancels it, and a [`Budget`], which limits
//! its memory.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod budget;
pub mod cache;
pub mod cluster;
mod day;
pub mod error;
pub mod history;
pub mod io;
pub mod jobs;
mod json;
pub mod model;
pub mod origin;
pub mod progress;
#[cfg(test)]
#[path = "../tests/reference/mod.rs"]
mod reference;
pub mod score;
mod search;
pub mod stats;
pub mod words;

pub use budget::{Budget, Pool};
pub use day::Day;
pub use error::{Error, Place, Result};
pub use progress::Progress;
