//! Holding sweeps, for tests that have to look at one, or to end the server, in its middle. Debug builds only.

use std::cell::Cell;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    /// The next step is taken nevertheless.
    static PASSES: Cell<bool> = const { Cell::new(false) };
}

/// Nothing is swept from now on, or everything again.
pub(crate) fn set(on: bool) {
    ON.set(on);
    PASSES.set(false);
}

/// One step more: a few entries.
pub(crate) fn let_one_pass() {
    PASSES.set(true);
}

/// Whether the next step is to wait.
pub(super) fn is_on() -> bool {
    ON.get() && !PASSES.take()
}
