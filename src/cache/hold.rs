//! Pauses sweeps, for tests that inspect a sweep, or stop the server, in the middle of it (feature `test-hooks`).

use std::cell::Cell;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    /// The next step runs although sweeps are paused.
    static PASSES: Cell<bool> = const { Cell::new(false) };
}

/// Pauses all sweeps, or continues them.
pub(crate) fn set(on: bool) {
    ON.set(on);
    PASSES.set(false);
}

/// Lets one step run: a few entries.
pub(crate) fn let_one_pass() {
    PASSES.set(true);
}

/// Whether the next step must wait.
pub(super) fn is_on() -> bool {
    ON.get() && !PASSES.take()
}
