//! How long work tells how far it is, and hears that it is no longer wanted.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::{Error, Result};

thread_local! {
    /// Whether work on this thread offers the processor to other threads at each check.
    static YIELDS: Cell<bool> = const { Cell::new(false) };
}

/// Shared between one piece of long work and those who watch it. All methods may be called from any thread.
#[derive(Debug, Default)]
pub struct Progress {
    permille: AtomicU32,
    cancelled: AtomicBool,
}

impl Progress {
    /// Records the share of the work that is done, 0..=1.
    pub fn set(&self, share: f64) {
        self.permille.store((share.clamp(0.0, 1.0) * 1000.0) as u32, Ordering::Relaxed);
    }

    /// Percent done, 0..=100.
    pub fn percent(&self) -> u32 {
        self.permille.load(Ordering::Relaxed) / 10
    }

    /// Asks the work to stop at its next [`Progress::check`].
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Fails with [`Error::Cancelled`] once somebody has asked the work to stop. Work calls this at least every few
    /// milliseconds wherever it is in control of its loop.
    pub fn check(&self) -> Result<()> {
        if YIELDS.get() {
            std::thread::yield_now();
        }
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// From now on every check made by the calling thread offers the processor to other threads first, whatever it
    /// works on: for threads that run long and whose priority cannot be lowered.
    pub fn yield_on_this_thread() {
        YIELDS.set(true);
    }

    /// Records the share and checks for cancellation in one go.
    pub fn step(&self, share: f64) -> Result<()> {
        self.set(share);
        self.check()
    }
}
