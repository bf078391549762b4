//! The timer of all queues: leases and delays that end, schedules that are due, ended jobs that are dropped.

use std::time::{Duration, Instant};

use assess_engine::jobs::Changes;

use super::change::settle;
use super::{alarm, claims, directory, run};
use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::types::queue;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(400);
/// The steps between two looks at the clock: a step can be a schedule, which takes a part of a millisecond.
const STEPS: usize = 1;

/// Milliseconds until the next attempt while nothing may be written (`CLIENT PAUSE WRITE`, a failover).
const PAUSE_MS: u64 = 10;

/// One slice: the queues that are due, the earliest first.
pub(super) fn run(ctx: Ctx<'_>) {
    // A replica applies the changes of its master. When it is promoted, or has loaded, every queue is due.
    if !ctx.is_master() || ctx.is_loading() {
        return;
    }
    if ctx.writes_are_paused() {
        return alarm::at(now_ms() + PAUSE_MS);
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        match directory::first() {
            Some((at, db, name)) if at <= now_ms() => look(ctx, db, &name, begin),
            _ => break,
        }
    }
    if let Some((at, ..)) = directory::first() {
        alarm::at(at.max(now_ms()));
    }
}

/// Performs what is due in one queue.
fn look(ctx: Ctx<'_>, db: i32, name: &[u8], begin: Instant) {
    let mut changes = Changes::default();
    {
        if !ctx.select(db) {
            return directory::removed(db, name);
        }
        // Expiry may remove the key in this call. Not open for writing, as in `change`.
        let mut key = Key::open(ctx, name, Mode::Read);
        let Some(queue) = queue::find_mut(&mut key) else { return directory::removed(db, name) };
        let mut random = || fastrand::u64(..);
        while queue.tick(now_ms(), STEPS, &mut random, &mut changes) && begin.elapsed() < SLICE {}
        directory::looked(db, name, claims::next_look(db, name, queue));
    }
    settle(ctx, name, &changes);
    if !changes.may_be_claimed() {
        // The window of a rate has ended, or the queue is new at this key.
        claims::serve(ctx, name);
    }
    // Also after loading and promotion, when every queue is due.
    run::consider(ctx, name);
}
