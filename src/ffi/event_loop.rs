//! Two ways to have work done on the main thread: soon, asked from any thread, and after a time.

use std::ffi::c_void;

use redis_module::raw;

use super::ctx::{Ctx, detached};
use crate::guard;

/// Work for the main thread.
pub(crate) type Job = Box<dyn FnOnce(Ctx<'_>)>;

/// Has `crate::main_loop::drain` called on the main thread soon. Any thread.
pub(crate) fn wake() {
    // SAFETY: the server allows this on any thread; the callback takes no data.
    unsafe { api!(RedisModule_EventLoopAddOneShot(Some(on_wake), std::ptr::null_mut())) };
}

/// A one-shot has no context, and what is written in one is not replicated until somebody else's command ends: a
/// timer has both.
extern "C" fn on_wake(_: *mut c_void) {
    guard::or("a wake-up", (), || after(0, Box::new(crate::main_loop::drain)));
}

/// Runs a job on the main thread after some milliseconds. Main thread.
pub(crate) fn after(ms: u64, job: Job) {
    let data = Box::into_raw(Box::new(job));
    let period = i64::try_from(ms).unwrap_or(i64::MAX);
    // SAFETY: the detached context names the module; `on_timer` frees the data, exactly once.
    unsafe { api!(RedisModule_CreateTimer(detached(), period, Some(on_timer), data.cast::<c_void>())) };
}

extern "C" fn on_timer(ctx: *mut raw::RedisModuleCtx, data: *mut c_void) {
    // SAFETY: made by `after`; a timer fires once.
    let job = unsafe { Box::from_raw(data.cast::<Job>()) };
    guard::or("background work on the main thread", (), || {
        // SAFETY: the context of this callback, on the main thread.
        let ctx = unsafe { Ctx::new(ctx) };
        crate::main_loop::slice(|| job(ctx));
    });
}
