//! A hook that switches the fence off. Tests use it to show that they detect a broken fence. Not part of a release
//! build.

#[cfg(any(test, feature = "test-hooks"))]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(any(test, feature = "test-hooks"))]
static FENCE_OFF: AtomicBool = AtomicBool::new(false);

/// Whether a report is accepted whatever its token.
#[cfg(any(test, feature = "test-hooks"))]
pub(super) fn is_fence_off() -> bool {
    FENCE_OFF.load(Ordering::Relaxed)
}

#[cfg(not(any(test, feature = "test-hooks")))]
pub(super) const fn is_fence_off() -> bool {
    false
}

#[cfg(any(test, feature = "test-hooks"))]
impl super::Queue {
    /// From now on, in the whole process, a report about a running job is accepted whatever its token.
    pub fn switch_fence_off() {
        FENCE_OFF.store(true, Ordering::Relaxed);
    }
}
