//! The memory that work may use, checked before the work is begun.

use crate::{Error, Result};

/// How many more bytes may be allocated at the peak. The caller takes the figure from the server's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    available: u64,
}

impl Budget {
    /// A budget without limit.
    pub const UNLIMITED: Self = Self { available: u64::MAX };

    /// A budget of so many bytes.
    pub const fn new(available: u64) -> Self {
        Self { available }
    }

    /// Whether `bytes` fit.
    pub const fn fits(&self, bytes: u64) -> bool {
        bytes <= self.available
    }

    /// Fails with [`Error::NoRoom`] unless `bytes` fit.
    pub fn require(&self, what: &'static str, bytes: u64) -> Result<()> {
        if self.fits(bytes) { Ok(()) } else { Err(Error::NoRoom { what, needed: bytes, available: self.available }) }
    }
}
