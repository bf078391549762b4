//! Jobs on the server's main thread: posted from any thread, run after a delay, or run in the next turn of the event
//! loop.
//!
//! Long work is split into slices; the server serves clients between them. The time of every slice is measured.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use redis_module::raw;

use super::ctx::{Ctx, detached, with_detached};
use super::guard;

/// A job for the main thread.
pub(crate) type Job = Box<dyn FnOnce(Ctx<'_>)>;

/// A job for the main thread that any thread may post.
type Posted = Box<dyn FnOnce(Ctx<'_>) + Send>;

/// Posted jobs that the main thread has not taken yet.
static INBOX: Mutex<Vec<Posted>> = Mutex::new(Vec::new());

fn inbox() -> MutexGuard<'static, Vec<Posted>> {
    INBOX.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Statistics of the slices of background work since the server started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slices {
    pub(crate) count: u64,
    /// How many took more than one millisecond.
    pub(crate) over_1ms: u64,
    /// The longest, in microseconds.
    pub(crate) max_us: u64,
}

thread_local! {
    static SLICES: Cell<Slices> = const { Cell::new(Slices { count: 0, over_1ms: 0, max_us: 0 }) };
    /// The job for the next turn of the event loop.
    static NEXT_TURN: RefCell<Option<Job>> = const { RefCell::new(None) };
    /// Runs at the end of every turn that the module watches. `true` keeps the turns watched.
    static AT_TURN_END: Cell<fn() -> bool> = const { Cell::new(|| false) };
    /// Whether turns are needed. The subscription itself ends later, see `turn`.
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    /// Whether the server calls `on_turn`.
    static SUBSCRIBED: Cell<bool> = const { Cell::new(false) };
}

/// The statistics of all slices. Main thread.
pub(crate) fn slices() -> Slices {
    SLICES.get()
}

/// Runs `work` and records its time as one slice.
pub(super) fn slice<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let us = start.elapsed().as_micros() as u64;
    let Slices { count, over_1ms, max_us } = SLICES.get();
    SLICES.set(Slices { count: count + 1, over_1ms: over_1ms + u64::from(us > 1000), max_us: max_us.max(us) });
    if us > 1000 {
        with_detached(|ctx| ctx.add_latency(c"assess-slice", us / 1000));
    }
    result
}

/// Runs `job` on the main thread as soon as possible. Any thread.
pub(crate) fn post(job: impl FnOnce(Ctx<'_>) + Send + 'static) {
    let job: Posted = Box::new(job);
    let is_first = {
        let mut inbox = inbox();
        inbox.push(job);
        inbox.len() == 1
    };
    // Without the lock: the call wakes the main thread, which takes the lock immediately. A thread that the system stops at
    // that moment would delay all clients.
    if is_first {
        // SAFETY: the server allows this on any thread; the callback takes no data.
        unsafe { api!(RedisModule_EventLoopAddOneShot(Some(on_wake), std::ptr::null_mut())) };
    }
}

/// A one-shot callback has no context, and its writes are not replicated until another command ends. A timer has a
/// context and replicates, so every posted job becomes a separate timer and a separate slice.
extern "C" fn on_wake(_: *mut c_void) {
    guard::or("a wake-up", (), || {
        let jobs = std::mem::take(&mut *inbox());
        for job in jobs {
            after(0, job);
        }
    });
}

/// Runs `job` on the main thread after `ms` milliseconds, as one slice. Main thread.
pub(crate) fn after(ms: u64, job: impl FnOnce(Ctx<'_>) + 'static) {
    let job: Job = Box::new(job);
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
        slice(|| job(ctx));
    });
}

/// Runs `job` in the next turn of the event loop. A timer would fire a millisecond later at the earliest, and the
/// server would be idle for most of that time. Here the server serves clients and then continues immediately with the
/// job. Only one job can be scheduled at a time, which is sufficient for a sweep. Main thread.
pub(crate) fn next_turn(job: impl FnOnce(Ctx<'_>) + 'static) {
    if !watch() {
        return after(0, job);
    }
    NEXT_TURN.set(Some(Box::new(job)));
    nudge();
}

/// Calls `serve` at the end of every turn that is watched; turns are watched as long as it returns `true`. Main thread.
pub(super) fn at_turn_end(serve: fn() -> bool) {
    AT_TURN_END.set(serve);
    watch();
}

fn watch() -> bool {
    if !WATCHING.get() {
        WATCHING.set(subscribe(true));
    }
    WATCHING.get()
}

/// Makes the event loop start its next turn immediately instead of waiting for an event. Any thread.
pub(super) fn nudge() {
    // SAFETY: the server allows this on any thread; the callback does nothing.
    unsafe { api!(RedisModule_EventLoopAddOneShot(Some(on_nudge), std::ptr::null_mut())) };
}

extern "C" fn on_nudge(_: *mut c_void) {}

/// Subscribes to the turns of the event loop, or ends the subscription; `false` when the server refuses. Main thread,
/// and never inside `on_turn`: the server would access the freed subscription.
fn subscribe(on: bool) -> bool {
    // If there is no subscription, a call without a callback would register the null pointer, and the server would call
    // it.
    if SUBSCRIBED.get() == on {
        return true;
    }
    let event = raw::RedisModuleEvent { id: raw::REDISMODULE_EVENT_EVENTLOOP, dataver: 1 };
    let callback: raw::RedisModuleEventCallback = if on { Some(on_turn) } else { None };
    // SAFETY: the detached context names the module; without a callback the subscription ends.
    let done = unsafe {
        api!(RedisModule_SubscribeToServerEvent(detached(), event, callback)) == raw::REDISMODULE_OK as c_int
    };
    if done {
        SUBSCRIBED.set(on);
    }
    done
}

/// Whether this server reports the turns of its event loop. Every reply to a blocked client is sent in a turn, so the
/// module refuses to load when this is `false`.
pub(super) fn reports_turns() -> bool {
    subscribe(true) && subscribe(false)
}

unsafe extern "C" fn on_turn(ctx: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, what: u64, _: *mut c_void) {
    // Only before the event loop sleeps: a nudge in this callback then prevents the sleep. The nudge of the previous
    // turn has been consumed by then.
    if what != raw::REDISMODULE_SUBEVENT_EVENTLOOP_BEFORE_SLEEP {
        return;
    }
    guard::or("a turn of the event loop", (), || {
        // SAFETY: the context of this callback, on the main thread.
        turn(unsafe { Ctx::new(ctx) });
    });
}

fn turn(ctx: Ctx<'_>) {
    let job = NEXT_TURN.take();
    let has_worked = job.is_some();
    if let Some(job) = job {
        // Guarded separately, so that clients are answered below even if the job panics.
        guard::or("a slice of work", (), || slice(|| job(ctx)));
    }
    // After the job, because its replies are sent in this turn too.
    let goes_on = AT_TURN_END.get()();
    if !has_worked && !goes_on && WATCHING.replace(false) {
        // There is no more work: end the subscription, but not inside this callback.
        after(0, |_| {
            if !WATCHING.get() {
                subscribe(false);
            }
        });
    }
}
