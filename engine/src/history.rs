//! The history of a model: a bounded log of the assessments that were computed, read newest first.
//!
//! Nothing here computes an assessment, and nothing here stores or replicates: [`codec`] writes entries as bytes.

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
