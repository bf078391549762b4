//! Versions of models: one number names one content for ever.
//!
//! They are Unix milliseconds, so that a server that restarts without its data does not begin again at 1, and at least
//! one more than every version this server has seen, so that a clock set back does no harm.

use std::cell::Cell;

use crate::clock::now_ms;

thread_local! {
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// A version that no content had before.
pub(crate) fn next() -> u64 {
    let version = now_ms().max(LAST.get().saturating_add(1));
    LAST.set(version);
    version
}

/// Whether a version that came from a file or from the master can be one: not more than a century ahead. One near the
/// end of the numbers would leave none for what comes after it.
pub(crate) fn is_plausible(version: u64) -> bool {
    const CENTURY_MS: u64 = 100 * 366 * 24 * 3600 * 1000;
    version <= now_ms().saturating_add(CENTURY_MS)
}

/// Records a version that came from a file or from the master.
pub(crate) fn seen(version: u64) {
    LAST.set(LAST.get().max(version));
}
