//! The pure part of `redis-assess`: models of coefficient data and the assessments they answer.
//!
//! Nothing here knows of Redis. A model is read from bytes ([`io::load`]), answers queries about its
//! subjects ([`model::Model`]), and is written as a sequence of bounded frames ([`model::codec`]) that the
//! module uses for persistence, replication and digests alike. Long work takes a [`Progress`], through which
//! it reports how far it is and hears that it is no longer wanted, and a [`Budget`], the memory it may use.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod budget;
pub mod cache;
mod day;
pub mod error;
pub mod history;
pub mod io;
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
