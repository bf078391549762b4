//! The blocks of one half of a sweep that are solved, shared between the threads that solve them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use faer::Mat;

use crate::io::stage::Stage;
use crate::{Error, Result};

/// The number of times that a waiting thread looks again before it yields the processor: a few microseconds, about the
/// time between two blocks.
const LOOKS: usize = 500;

/// After so many looks a thread sleeps between them.
const YIELDS: usize = LOOKS + 200;

const PAUSE: Duration = Duration::from_micros(50);

/// Changes by block, in the order of the visits. Each is published once.
///
/// Threads wait for each other without locks. This cannot block forever: a thread that waits for visit k started after
/// the thread that solves visit k, which waits for earlier visits only.
pub(super) struct Relay {
    solved: Vec<OnceLock<Mat<f64>>>,
    abandoned: AtomicBool,
}

/// Releases the other threads if the thread that holds it panics.
pub(super) struct Watch<'a>(&'a Relay);

impl Relay {
    pub(super) fn new(blocks: usize) -> Self {
        Self { solved: (0..blocks).map(|_| OnceLock::new()).collect(), abandoned: AtomicBool::new(false) }
    }

    pub(super) fn watch(&self) -> Watch<'_> {
        Watch(self)
    }

    /// Publishes the changes of visit `k`.
    pub(super) fn publish(&self, k: usize, changes: Mat<f64>) -> &Mat<f64> {
        self.solved[k].get_or_init(|| changes)
    }

    /// The changes of visit `k`, when they are published.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; cancellation also stops the thread that would publish them.
    pub(super) fn wait(&self, k: usize, stage: &Stage<'_>) -> Result<&Mat<f64>> {
        let mut looks = 0;
        loop {
            if let Some(changes) = self.solved[k].get() {
                return Ok(changes);
            }
            if looks < LOOKS {
                looks += 1;
                std::hint::spin_loop();
                continue;
            }
            if self.abandoned.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            stage.step(k, self.solved.len())?;
            // A thread that waits long must not use up the processor time that the others need.
            looks += 1;
            if looks < YIELDS { std::thread::yield_now() } else { std::thread::sleep(PAUSE) }
        }
    }

    /// All changes, in the order of the visits.
    pub(super) fn into_solved(self) -> impl Iterator<Item = Option<Mat<f64>>> {
        self.solved.into_iter().map(OnceLock::into_inner)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandoned.store(true, Ordering::Relaxed);
        }
    }
}
