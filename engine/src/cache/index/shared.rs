//! A name that several parts of a space share: one allocation, and a pointer in each part.

use std::borrow::Borrow;
use std::cmp::Ordering;

use triomphe::ThinArc;

/// The bytes of a name. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Name(ThinArc<(), u8>);

impl Name {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(ThinArc::from_header_and_slice((), bytes))
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.slice
    }

    /// The size of the allocation in bytes: reference count, length, name, and a word of the allocator, in steps of 16.
    pub(super) fn memory(&self) -> u64 {
        ((self.bytes().len() as u64 + 24).next_multiple_of(16)).max(32)
    }
}

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        self.bytes()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}
