//! Clean-up of the index after many entries expired at the same time, in slices, so that clients are served in between.
//!
//! The server spends at most a quarter of its time on expired keys. Work inside its expiry events would delay the
//! removal of the other expired keys, and would make each expiry cycle a longer stall for clients.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::with;
use crate::ffi::ctx::Ctx;
use crate::work::main_loop;

const SLICE: Duration = Duration::from_micros(200);
/// Pause between two slices, in milliseconds.
const PAUSE_MS: u64 = 1;
/// Entries between two readings of the clock.
const STEP: usize = 32;

thread_local! {
    static TIDYING: Cell<bool> = const { Cell::new(false) };
}

/// An entry has expired: schedules the clean-up.
#[inline]
pub(super) fn soon() {
    if !TIDYING.replace(true) {
        main_loop::after(PAUSE_MS, tidy);
    }
}

fn tidy(_: Ctx<'_>) {
    TIDYING.set(false);
    let begin = Instant::now();
    while with(|cache| cache.index.tidy(STEP)) {
        if begin.elapsed() >= SLICE {
            return soon();
        }
    }
}
