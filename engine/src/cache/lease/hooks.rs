//! A hook that switches the fence off. Tests use it to show that they detect a broken fence. Not part of a release
//! build.

#[cfg(any(test, feature = "test-hooks"))]
use super::Leases;

/// The switches of the hook.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hooks {
    #[cfg(any(test, feature = "test-hooks"))]
    fence_off: bool,
}

impl Hooks {
    /// Whether a token of a lease that has ended is accepted.
    #[cfg(any(test, feature = "test-hooks"))]
    pub(super) const fn is_fence_off(self) -> bool {
        self.fence_off
    }

    #[cfg(not(any(test, feature = "test-hooks")))]
    pub(super) const fn is_fence_off(self) -> bool {
        false
    }
}

#[cfg(any(test, feature = "test-hooks"))]
impl Leases {
    /// From now on every token that was granted is accepted, also after its lease has ended.
    pub fn switch_fence_off(&mut self) {
        self.hooks.fence_off = true;
    }
}
