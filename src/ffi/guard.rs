//! Catches panics, so that no panic reaches the server. Every callback runs inside [`run`] or [`or`].
//!
//! A panic that unwinds into C aborts the process with all its data. If it is caught, one client receives an error, and
//! the text of the panic is logged.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use super::ctx;
use crate::error::Failure;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// The number of panics that were caught since the server started.
pub(crate) fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Runs `work`; a panic becomes a failure, logged under `what`.
pub(crate) fn run<T>(what: &'static str, work: impl FnOnce() -> T) -> Result<T, Failure> {
    // Unwind safety: state that a panic may leave inconsistent belongs to one command, or is in cells that are only
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
