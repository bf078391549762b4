//! A change of a queue: the key is opened, the engine decides, and the changes are replicated, reported and acted upon.

use std::cell::Cell;
use std::ffi::CStr;

use assess_engine::jobs::{Changes, Queue, Random, Refusal, State};

use super::directory;
use super::refusal::refused;
use crate::clock::now_ms;
use crate::counters;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::types::queue::callbacks::REPLAY;
use crate::types::queue::{self, Found};

/// What follows a change of a queue.
#[derive(Clone, Copy)]
pub(super) struct After {
    /// On a master: hands jobs to workers.
    pub(super) on_master: fn(Ctx<'_>, &[u8], &Changes),
    /// On every server: answers the clients that wait for the end of a job.
    pub(super) everywhere: fn(Ctx<'_>, &[u8], &Changes),
    /// When a timer has to look at the queue, of a database and a name.
    pub(super) next_look: fn(i32, &[u8], &Queue) -> Option<u64>,
}

/// Nothing, until the module is loaded.
const NOTHING: After =
    After { on_master: |_, _, _| {}, everywhere: |_, _, _| {}, next_look: |_, _, queue| queue.next_due() };

thread_local! {
    /// Set when the module is loaded: so a change does not depend on what follows it, which may be another change.
    static AFTER: Cell<After> = const { Cell::new(NOTHING) };
}

/// Sets what follows every change.
pub(super) fn set_after(after: After) {
    AFTER.set(after);
}

/// What a request does when there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Create,
    /// The request works on an empty queue that is not stored.
    Leave,
}

/// What a request receives.
pub(super) struct Request<'r> {
    pub(super) queue: &'r mut Queue,
    pub(super) now: u64,
    pub(super) random: Random<'r>,
    pub(super) out: &'r mut Changes,
}

/// Lets a request change the queue of a key. If it is refused, nothing has changed.
pub(super) fn change<T>(
    ctx: Ctx<'_>,
    name: &[u8],
    absent: Absent,
    work: impl FnOnce(Request<'_>) -> Result<T, Refusal>,
) -> Outcome<T> {
    let (done, changes) = {
        // Not open for writing: the server would report a change to WATCH and to client-side caches when the key is
        // closed, also after a claim that found no job. `settle` reports changes.
        let mut key = Key::open(ctx, name, Mode::Read);
        match queue::find(&key) {
            Found::Foreign => return Err(Failure::wrong_type()),
            Found::Nothing => return on_new(ctx, name, absent, work),
            Found::Ours(_) => {}
        }
        let queue = queue::find_mut(&mut key).ok_or_else(Failure::internal)?;
        let mut changes = Changes::default();
        let done = run(queue, &mut changes, work)?;
        directory::due(ctx.db(), name, (AFTER.get().next_look)(ctx.db(), name, queue));
        (done, changes)
    };
    settle(ctx, name, &changes);
    Ok(done)
}

fn run<T>(queue: &mut Queue, out: &mut Changes, work: impl FnOnce(Request<'_>) -> Result<T, Refusal>) -> Outcome<T> {
    let mut random = || fastrand::u64(..);
    work(Request { queue, now: now_ms(), random: &mut random, out }).map_err(refused)
}

/// The same for a key that holds nothing.
fn on_new<T>(
    ctx: Ctx<'_>,
    name: &[u8],
    absent: Absent,
    work: impl FnOnce(Request<'_>) -> Result<T, Refusal>,
) -> Outcome<T> {
    let (mut queue, mut changes) = (Queue::default(), Changes::default());
    let done = run(&mut queue, &mut changes, work)?;
    if absent == Absent::Leave || changes.is_empty() {
        return Ok(done);
    }
    let due = (AFTER.get().next_look)(ctx.db(), name, &queue);
    if !queue::set(&Key::open(ctx, name, Mode::Write), queue) {
        return Err(Failure::internal());
    }
    directory::created(ctx.db(), name);
    directory::due(ctx.db(), name, due);
    settle(ctx, name, &changes);
    Ok(done)
}

/// Replicates the changes of a request, reports them, and answers the clients that waited for them.
pub(super) fn settle(ctx: Ctx<'_>, name: &[u8], changes: &Changes) {
    if changes.is_empty() {
        return;
    }
    ctx.replicate(REPLAY, &[name, changes.encoded()]);
    announce(ctx, name, changes);
    (AFTER.get().on_master)(ctx, name, changes);
}

fn announce(ctx: Ctx<'_>, name: &[u8], changes: &Changes) {
    changes.entered().iter().for_each(|&state| count(state));
    ctx.native_changed(name, changes.entered().iter().map(|&state| event(state)));
    (AFTER.get().everywhere)(ctx, name, changes);
}

fn count(state: State) {
    counters::count(|counters| match state {
        State::Delayed | State::Pending => &counters.jobs_queued,
        State::Running => &counters.jobs_started,
        State::Completed => &counters.jobs_completed,
        State::Failed => &counters.jobs_failed,
        State::Cancelled => &counters.jobs_cancelled,
        State::Dead => &counters.jobs_dead,
    });
}

/// Applies changes from the master or an append-only file.
pub(crate) fn replay(ctx: Ctx<'_>, name: &[u8], encoded: &[u8]) -> Outcome<()> {
    let applied = try_replay(ctx, name, encoded).inspect_err(|failure| {
        counters::count(|c| &c.replay_errors);
        ctx.log_warning(&format!(
            "a change of a queue, from the master or the append-only file, FAILED: {failure}. The queues of this server \
             may differ from its master's: synchronise it again"
        ));
    })?;
    // The master's stream also reaches the replicas of this server.
    ctx.replicate_verbatim();
    announce(ctx, name, &applied);
    Ok(())
}

fn try_replay(ctx: Ctx<'_>, name: &[u8], encoded: &[u8]) -> Outcome<Changes> {
    let mut key = Key::open(ctx, name, Mode::Write);
    match queue::find(&key) {
        Found::Foreign => Err(Failure::wrong_type()),
        Found::Ours(_) => {
            let queue = queue::find_mut(&mut key).ok_or_else(Failure::internal)?;
            let applied = queue.apply(encoded)?;
            directory::due(ctx.db(), name, queue.next_due());
            Ok(applied)
        }
        Found::Nothing => {
            let mut queue = Queue::default();
            let applied = queue.apply(encoded)?;
            let due = queue.next_due();
            if !queue::set(&key, queue) {
                return Err(Failure::internal());
            }
            directory::created(ctx.db(), name);
            directory::due(ctx.db(), name, due);
            Ok(applied)
        }
    }
}

/// The keyspace event of a state that a job entered.
const fn event(state: State) -> &'static CStr {
    match state {
        State::Delayed => c"job.delayed",
        State::Pending => c"job.pending",
        State::Running => c"job.running",
        State::Completed => c"job.completed",
        State::Failed => c"job.failed",
        State::Cancelled => c"job.cancelled",
        State::Dead => c"job.dead",
    }
}
