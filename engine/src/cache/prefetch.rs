//! Prefetching: which keys a connection usually reads after a key, and whether entries that were fetched ahead were
//! used.
//!
//! Both are bounded in memory and take no time from a clock. All steps of the work are small: no table is copied when
//! it grows, and a flush only notes that what was learned before it is no longer valid.

mod flushes;
mod marks;
mod predictor;
mod successors;
#[cfg(test)]
mod tests;

pub use self::marks::Prefetched;
pub use self::predictor::{Bounds, Predictor};
