//! The one timer of all queues.

use std::cell::Cell;

use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::work::main_loop;

thread_local! {
    /// When the timer fires, in Unix milliseconds.
    static ARMED: Cell<Option<u64>> = const { Cell::new(None) };
    /// Set when the module is loaded: so the timer does not depend on the code that it runs.
    static RUN: Cell<fn(Ctx<'_>)> = const { Cell::new(|_| {}) };
}

/// Sets the function that the timer runs.
pub(super) fn set_run(run: fn(Ctx<'_>)) {
    RUN.set(run);
}

/// The longest time of the timer: a day. Servers compute with microseconds, so a far time in a damaged queue would
/// overflow, and the timer would fire all the time.
const LONGEST_MS: u64 = 24 * 3600 * 1000;

/// Sets the timer for a time in Unix milliseconds, unless it fires before. It may fire too early, and finds nothing to do
/// then.
pub(super) fn at(time: u64) {
    let time = time.min(now_ms() + LONGEST_MS);
    if ARMED.get().is_some_and(|armed| armed <= time) {
        return;
    }
    ARMED.set(Some(time));
    main_loop::after(time.saturating_sub(now_ms()), move |ctx| {
        // If an earlier timer was set meanwhile, this one finds nothing to do.
        if ARMED.get() == Some(time) {
            ARMED.set(None);
        }
        RUN.get()(ctx);
    });
}
