//! Work on the server's main thread, in slices.
//!
//! Workers never touch the keyspace: they post what is to be done, and it is done here, between the commands of
//! clients. Every slice is timed, and those over a millisecond are counted (`INFO assess`), because nobody may be made
//! to wait for us.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::time::Instant;

use crate::error::{Code, Failure, Outcome};
use crate::ffi::blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::event_loop::{self, Job};
use crate::report::stats;
use crate::work::guard;

/// What workers have posted.
static INBOX: Mutex<Vec<Posted>> = Mutex::new(Vec::new());

/// Work posted from any thread.
type Posted = Box<dyn FnOnce(Ctx<'_>) + Send>;

/// Has `job` run on the main thread, soon. Any thread.
pub(crate) fn post(job: impl FnOnce(Ctx<'_>) + Send + 'static) {
    let mut inbox = INBOX.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    inbox.push(Box::new(job));
    if inbox.len() == 1 {
        event_loop::wake();
    }
}

/// Has `job` run on the main thread after some milliseconds. Main thread only.
pub(crate) fn after(ms: u64, job: impl FnOnce(Ctx<'_>) + 'static) {
    event_loop::after(ms, Box::new(job));
}

/// Has `job` write to a database: at once where the server takes writes, after the pause where it does not (`CLIENT
/// PAUSE WRITE`, a failover; a write in a pause aborts the server). The job is told when it must not write at all.
/// Every write of our own that is not part of a command goes through here.
pub(crate) fn when_writable(ctx: Ctx<'_>, db: i32, job: impl FnOnce(Ctx<'_>, Outcome<()>) + 'static) {
    if !ctx.is_master() {
        let failure = Failure::new(Code::ReadOnly, "the server became a replica meanwhile");
        return job(ctx, Err(failure));
    }
    if ctx.writes_are_paused() {
        return after(10, move |ctx| when_writable(ctx, db, job));
    }
    let writable = if ctx.select(db) { Ok(()) } else { Err(Failure::internal()) };
    job(ctx, writable);
}

/// Runs what was posted, each as a slice of its own, so that clients are served in between.
pub(crate) fn drain(_: Ctx<'_>) {
    let jobs = std::mem::take(&mut *INBOX.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    for job in jobs {
        let job: Job = job;
        event_loop::after(0, job);
    }
}

/// Times a slice of background work on the main thread.
pub(crate) fn slice<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    stats::slice(start.elapsed());
    result
}

thread_local! {
    /// What is to be done in the next turn of the event loop.
    static NEXT_TURN: RefCell<Option<Job>> = const { RefCell::new(None) };
    static WATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Has `job` run in the very next turn of the event loop. A timer fires a millisecond later at the earliest, and the
/// server would idle for most of it; here it serves whoever has something to say, and goes on. One job at a time: what a
/// sweep needs. Main thread only.
pub(crate) fn next_turn(job: impl FnOnce(Ctx<'_>) + 'static) {
    if !WATCHING.get() {
        if !event_loop::watch_turns(true) {
            return after(0, job);
        }
        WATCHING.set(true);
    }
    NEXT_TURN.set(Some(Box::new(job)));
    event_loop::nudge();
}

/// Has turns of the event loop watched: somebody is blocked. Main thread only.
pub(crate) fn watch() {
    if !WATCHING.get() && event_loop::watch_turns(true) {
        WATCHING.set(true);
    }
}

/// A turn of the event loop.
pub(crate) fn turn(ctx: Ctx<'_>) {
    let job = NEXT_TURN.take();
    let has_worked = job.is_some();
    if let Some(job) = job {
        // Whatever becomes of it, clients are answered.
        guard::or("a slice of work", (), || slice(|| job(ctx)));
    }
    // After the job, whose replies are sent in this turn, too.
    blocked::serve();
    match has_worked || blocked::wants_turns() {
        true => {}
        // Nothing more to do: turns are not watched for nothing. Not from in here, though.
        false if WATCHING.replace(false) => after(0, |_| {
            if !WATCHING.get() {
                event_loop::watch_turns(false);
            }
        }),
        false => {}
    }
}
