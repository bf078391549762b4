//! Waiting for events that a test gets no notification of.

use std::thread;
use std::time::{Duration, Instant};

/// The longest wait before a test fails: far longer than anything takes on a slow and busy machine.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(3);

/// Waits until `happened` returns true; fails the test with `what` after [`LONGEST_WAIT`].
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    wait_for(what, || happened().then_some(()));
}

/// Waits until `look` returns a value, and returns it; fails the test with `what` after [`LONGEST_WAIT`].
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LONGEST_WAIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "timed out, waiting for: {what}");
        thread::sleep(PAUSE);
    }
}
