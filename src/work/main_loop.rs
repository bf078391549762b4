//! Jobs on the server's main thread.
//!
//! Workers never access the keyspace. They post a job, which runs on the main thread between the commands of clients.
//! Each job is one slice, and its time is measured (`INFO assess`: `assess_slices_over_1ms`).

use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
pub(crate) use crate::ffi::event_loop::{after, next_turn, post};

/// Runs `job` when the server accepts writes, with the database `db` selected: now, or after a pause (`CLIENT PAUSE
/// WRITE`, a failover; a write during a pause aborts the server). The job receives a failure when it must not write at
/// all. Every write of the module outside a command uses this function.
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
