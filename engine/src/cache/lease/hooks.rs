//! A hook for tests that break the machine on purpose, to show that they would notice. Absent from a release build.

#[cfg(any(test, feature = "test-hooks"))]
use super::Leases;

/// What is switched off.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hooks {
    #[cfg(any(test, feature = "test-hooks"))]
    fence_off: bool,
}

impl Hooks {
    /// Whether a token that is dead fills.
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
    /// From now on any token that was granted and died fills.
    pub fn switch_fence_off(&mut self) {
        self.hooks.fence_off = true;
    }
}
