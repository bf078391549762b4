//! Versions of models: a version identifies one content permanently.
//!
//! A version is the Unix time in milliseconds, so that a server that restarts without its data does not begin at 1
//! again. It is at least one more than every version that this server has seen, so that a clock that was set back does
//! no harm.

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

/// Whether a version from a file or from the master is valid: not more than a century ahead of the clock. A version
/// near the largest number would leave no versions for later contents.
pub(crate) fn is_plausible(version: u64) -> bool {
    const CENTURY_MS: u64 = 100 * 366 * 24 * 3600 * 1000;
    version <= now_ms().saturating_add(CENTURY_MS)
}

/// Records a version from a file or from the master.
pub(crate) fn seen(version: u64) {
    LAST.set(LAST.get().max(version));
}
