//! Waiting for events that a test cannot be told of.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: far longer than it takes on a slow and busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(3);

/// Waits until `happened` says so; fails the test with `what` after [`PATIENCE`].
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    wait_for(what, || happened().then_some(()));
}

/// Waits until `look` finds something, and returns it; fails the test with `what` after [`PATIENCE`].
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(PAUSE);
    }
}
