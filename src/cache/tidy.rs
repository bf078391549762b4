//! What the index leaves undone when many entries expire at one moment: done in slices, between which clients are served.
//!
//! The server spends at most a quarter of its time on expired keys. What is done in its events lengthens the time until all
//! are gone, and every cycle of it is a stall for others.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::with;
use crate::ffi::ctx::Ctx;
use crate::work::main_loop;

const SLICE: Duration = Duration::from_micros(200);
/// Between two slices, in milliseconds.
const PAUSE_MS: u64 = 1;
/// Entries between two looks at the clock.
const STEP: usize = 32;

thread_local! {
    static TIDYING: Cell<bool> = const { Cell::new(false) };
}

/// An entry has expired.
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
