//! No panic reaches the server: whatever it calls is run here.
//!
//! A panic that unwinds into C aborts the process, with everybody's data. Caught, it costs one client its answer; the
//! log gets the text and the place.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use super::ctx;
use crate::error::Failure;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// How many panics were caught since the server started.
pub(crate) fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Runs `work`; a panic becomes a failure, logged under `what`.
pub(crate) fn run<T>(what: &'static str, work: impl FnOnce() -> T) -> Result<T, Failure> {
    // Unwind safety: state that a panic leaves half-changed is per command, or lives in cells that are only ever
    // replaced as a whole.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        ctx::warn(&format!("{what} panicked, which is a bug of redis-assess: {}", text_of(panic.as_ref())));
        Failure::internal()
    })
}

/// Runs `work` for its effect; a panic yields `otherwise`.
pub(crate) fn or<T>(what: &'static str, otherwise: T, work: impl FnOnce() -> T) -> T {
    run(what, work).unwrap_or(otherwise)
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "no text"
    }
}
