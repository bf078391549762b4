//! A change of a queue: the key is opened, the engine decides, and the changes are replicated, reported and acted upon.

use assess_engine::jobs::{Changes, LostCause, Queue, Random, Refusal, State};

use super::{claims, directory, event, waits};
use crate::clock::now_ms;
use crate::counters;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::types::queue::callbacks::REPLAY;
use crate::types::queue::{self, Found};

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
        let mut key = Key::open(ctx, name, Mode::Write);
        if !matches!(queue::find(&key), Found::Ours(_)) {
            return on_new(ctx, &key, name, absent, work);
        }
        let queue = queue::find_mut(&mut key).ok_or_else(Failure::internal)?;
        let mut changes = Changes::default();
        let done = run(queue, &mut changes, work)?;
        directory::due(ctx.db(), name, queue.next_due());
        (done, changes)
    };
    settle(ctx, name, &changes);
    Ok(done)
}

fn run<T>(queue: &mut Queue, out: &mut Changes, work: impl FnOnce(Request<'_>) -> Result<T, Refusal>) -> Outcome<T> {
    let mut random = || fastrand::u64(..);
    work(Request { queue, now: now_ms(), random: &mut random, out }).map_err(refused)
}

/// The same for a key that holds no queue.
fn on_new<T>(
    ctx: Ctx<'_>,
    key: &Key<'_>,
    name: &[u8],
    absent: Absent,
    work: impl FnOnce(Request<'_>) -> Result<T, Refusal>,
) -> Outcome<T> {
    if matches!(queue::find(key), Found::Foreign) {
        return Err(Failure::wrong_type());
    }
    let (mut queue, mut changes) = (Queue::default(), Changes::default());
    let done = run(&mut queue, &mut changes, work)?;
    if absent == Absent::Leave || changes.is_empty() {
        return Ok(done);
    }
    let due = queue.next_due();
    if !queue::set(key, queue) {
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
    if changes.may_be_claimed() {
        claims::serve(ctx, name);
    }
}

fn announce(ctx: Ctx<'_>, name: &[u8], changes: &Changes) {
    changes.entered().iter().for_each(|&state| count(state));
    ctx.native_changed(name, changes.entered().iter().map(|&state| event(state)));
    waits::ended(ctx, name, changes.ended());
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

/// The error of a refused request.
fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::NoJob => no_job(),
        Refusal::LeaseLost(cause) => Failure::new(Code::LeaseLost, lost(cause)),
        Refusal::AlreadyEnded(state) => Failure::err(format!("the job has ended: it is {}", state.name())),
        Refusal::NotRetryable(state) => {
            Failure::err(format!("only a failed, dead or cancelled job can be run again: this one is {}", state.name()))
        }
        Refusal::TooManyJobs(limit) => {
            Failure::new(Code::TooBig, format!("at most {limit} jobs may wait in this queue (MAXJOBS of JOB.CONFIG)"))
        }
        Refusal::TooManyBytes(limit) => Failure::new(
            Code::TooBig,
            format!("the jobs that wait in this queue may have at most {limit} bytes (MAXBYTES of JOB.CONFIG)"),
        ),
        Refusal::Invalid(error) => error.into(),
    }
}

pub(super) fn no_job() -> Failure {
    Failure::err("there is no job with this id in this queue")
}

const fn lost(cause: LostCause) -> &'static str {
    match cause {
        LostCause::Expired => "expired: the lease of this token has ended, and the job is run again",
        LostCause::Cancelled => "cancelled: the job was cancelled, and its worker did not stop in time",
        LostCause::Failover => "failover: another server was the master when this token was granted",
        LostCause::Unknown => "unknown: this is not the token of the current run",
    }
}
