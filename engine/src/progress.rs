//! The progress and the cancellation of long work.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::{Error, Result};

thread_local! {
    /// Whether work on this thread yields the processor to other threads at each check.
    static YIELDS: Cell<bool> = const { Cell::new(false) };
}

/// Shared between one piece of long work and its observers. All methods may be called from any thread.
#[derive(Debug, Default)]
pub struct Progress {
    permille: AtomicU32,
    cancelled: AtomicBool,
}

impl Progress {
    /// Records the completed share of the work, 0..=1.
    pub fn set(&self, share: f64) {
        self.permille.store((share.clamp(0.0, 1.0) * 1000.0) as u32, Ordering::Relaxed);
    }

    /// The completed share in percent, 0..=100.
    pub fn percent(&self) -> u32 {
        self.permille.load(Ordering::Relaxed) / 10
    }

    /// Cancels the work: it stops at its next [`Progress::check`].
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Fails with [`Error::Cancelled`] after [`Progress::cancel`]. Work calls this at least every few milliseconds,
    /// wherever it controls its loop.
    pub fn check(&self) -> Result<()> {
        if YIELDS.get() {
            std::thread::yield_now();
        }
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// From now on every check on the calling thread, for any work, first yields the processor to other threads. For
    /// long work where the priority of the thread cannot be lowered.
    pub fn yield_on_this_thread() {
        YIELDS.set(true);
    }

    /// Records the completed share and checks for cancellation.
    ///
    /// # Errors
    /// As [`Progress::check`].
    pub fn step(&self, share: f64) -> Result<()> {
        self.set(share);
        self.check()
    }
}
