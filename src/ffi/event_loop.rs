//! Three ways to have work done on the main thread: soon, asked from any thread; after a time; and in every turn of the
//! event loop, for long work in slices, between which clients are served.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use redis_module::raw;

use super::ctx::{Ctx, detached};
use crate::work::guard;

/// Work for the main thread.
pub(crate) type Job = Box<dyn FnOnce(Ctx<'_>)>;

/// Has `crate::work::main_loop::drain` called on the main thread soon. Any thread.
pub(crate) fn wake() {
    // SAFETY: the server allows this on any thread; the callback takes no data.
    unsafe { api!(RedisModule_EventLoopAddOneShot(Some(on_wake), std::ptr::null_mut())) };
}

/// A one-shot has no context, and what is written in one is not replicated until somebody else's command ends: a
/// timer has both.
extern "C" fn on_wake(_: *mut c_void) {
    guard::or("a wake-up", (), || after(0, Box::new(crate::work::main_loop::drain)));
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
        crate::work::main_loop::slice(|| job(ctx));
    });
}

thread_local! {
    /// Whether turns are subscribed to.
    static SUBSCRIBED: Cell<bool> = const { Cell::new(false) };
}

/// Has `crate::work::main_loop::turn` called in every turn of the event loop, or no more. Main thread, and never from inside
/// that call: the server would look at a subscription that is gone.
pub(crate) fn watch_turns(watch: bool) -> bool {
    // A subscription that is not there is not ended: the server would take the missing callback for a new one, and call it.
    if SUBSCRIBED.get() == watch {
        return true;
    }
    let event = raw::RedisModuleEvent { id: raw::REDISMODULE_EVENT_EVENTLOOP, dataver: 1 };
    let callback: raw::RedisModuleEventCallback = if watch { Some(on_turn) } else { None };
    // SAFETY: the detached context names the module; without a callback the subscription ends.
    let done = unsafe {
        api!(RedisModule_SubscribeToServerEvent(detached(), event, callback)) == raw::REDISMODULE_OK as c_int
    };
    if done {
        SUBSCRIBED.set(watch);
    }
    done
}

/// Has the event loop turn at once instead of waiting for something to happen.
pub(crate) fn nudge() {
    // SAFETY: the server allows this on any thread; the callback does nothing.
    unsafe { api!(RedisModule_EventLoopAddOneShot(Some(on_nudge), std::ptr::null_mut())) };
}

extern "C" fn on_nudge(_: *mut c_void) {}

unsafe extern "C" fn on_turn(ctx: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, what: u64, _: *mut c_void) {
    // Before it sleeps, so that a nudge in the callback keeps it from sleeping: the one of the turn before has been taken
    // in by then.
    if what != raw::REDISMODULE_SUBEVENT_EVENTLOOP_BEFORE_SLEEP {
        return;
    }
    guard::or("a turn of the event loop", (), || {
        // SAFETY: the context of this callback, on the main thread.
        let ctx = unsafe { Ctx::new(ctx) };
        crate::work::main_loop::turn(ctx);
    });
}
