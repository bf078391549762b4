//! The history of a model: a bounded log of computed assessments, read from the newest to the oldest.
//!
//! [`codec`] encodes entries as bytes, which the module persists and replicates.

pub mod codec;
mod entry;
mod filter;
mod hash;
mod log;
mod record;

pub use self::entry::Entry;
pub use self::filter::Filter;
pub use self::hash::{hash_of, parse_hash};
pub use self::log::{BYTES_AN_ENTRY, Dropped, History, MAX_CAPACITY};
pub use self::record::Record;
pub(crate) use self::record::fields_before;

#[cfg(test)]
mod tests;
