//! Requests that do not wait.

use assess_engine::jobs::{
    Directive, Heartbeat, JobOptions, LimitChanges, Queue, Refusal, Report, Schedule, ScheduleRequest, Submission,
    Submitted, Unique,
};
use bytes::Bytes;

use super::change::{Absent, change};
use super::refusal::no_job;
use super::reply;
use crate::clock::now_ms;
use crate::counters;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::reply::Reply;
use crate::types::queue::{self, Found};

fn word(word: &'static str) -> Reply {
    Reply::Bulk(Bytes::from_static(word.as_bytes()))
}

fn add(ctx: Ctx<'_>, name: &[u8], jobs: &[Submission<'_>], options: &JobOptions<'_>) -> Outcome<Vec<Submitted>> {
    change(ctx, name, Absent::Create, |request| {
        request.queue.submit(request.now, jobs, options, request.random, request.out)
    })
}

/// Submits one job.
pub(crate) fn submit(ctx: Ctx<'_>, name: &[u8], jobs: &[Submission<'_>], options: &JobOptions<'_>) -> Outcome<Reply> {
    let submitted = add(ctx, name, jobs, options)?;
    submitted.first().map(reply::submitted).ok_or_else(Failure::internal)
}

/// Submits one job on behalf of a command that replies only its id.
pub(super) fn submit_for_id(
    ctx: Ctx<'_>,
    name: &[u8],
    job: Submission<'_>,
    options: &JobOptions<'_>,
) -> Outcome<Reply> {
    let submitted = add(ctx, name, &[job], options)?;
    let first = submitted.first().ok_or_else(Failure::internal)?;
    Ok(Reply::Bulk(Bytes::copy_from_slice(&first.id.text())))
}

/// Submits several jobs, all or none.
pub(crate) fn submit_many(
    ctx: Ctx<'_>,
    name: &[u8],
    jobs: &[Submission<'_>],
    options: &JobOptions<'_>,
) -> Outcome<Reply> {
    add(ctx, name, jobs, options).map(|submitted| reply::ids(&submitted))
}

/// Submits a job about a key of the cache on behalf of the module, unless one waits or runs already.
pub(crate) fn about_key(ctx: Ctx<'_>, queue: &[u8], job_type: &'static [u8], key: &[u8]) {
    // A worker in any language reads JSON; a key that is no text cannot be written in it.
    let Ok(key) = std::str::from_utf8(key) else { return };
    let payload = serde_json::json!({ "key": key }).to_string();
    let job = Submission { job_type, payload: payload.as_bytes() };
    let options = JobOptions { unique: Some(Unique::Active), ..JobOptions::default() };
    let is_possible = ctx.owns(queue) && !ctx.is_out_of_memory();
    let submitted = if is_possible { add(ctx, queue, &[job], &options).map(drop) } else { Err(Failure::slot_lost()) };
    if submitted.is_err() {
        counters::count(|counters| &counters.ahead_refused);
    }
}

/// Extends the lease of a job.
pub(crate) fn heartbeat(ctx: Ctx<'_>, name: &[u8], id: &[u8], token: u64, beat: &Heartbeat<'_>) -> Outcome<Reply> {
    let directive =
        change(ctx, name, Absent::Leave, |request| request.queue.heartbeat(request.now, id, token, beat, request.out))?;
    Ok(word(match directive {
        Directive::Continue => "continue",
        Directive::Cancel => "cancel",
    }))
}

/// Records the end of a run.
pub(crate) fn report(ctx: Ctx<'_>, name: &[u8], id: &[u8], token: u64, report: Report<'_>) -> Outcome<Reply> {
    change(ctx, name, Absent::Leave, |request| {
        request.queue.report(request.now, id, token, report, request.random, request.out)
    })?;
    Ok(Reply::Ok)
}

/// Cancels a job. Replies the state after it.
pub(crate) fn cancel(ctx: Ctx<'_>, name: &[u8], id: &[u8]) -> Outcome<Reply> {
    let state = change(ctx, name, Absent::Leave, |request| request.queue.cancel(request.now, id, request.out))?;
    Ok(word(state.name()))
}

/// Makes an ended job pending again.
pub(crate) fn retry(ctx: Ctx<'_>, name: &[u8], id: &[u8]) -> Outcome<Reply> {
    change(ctx, name, Absent::Leave, |request| request.queue.retry(request.now, id, request.out))?;
    Ok(Reply::Ok)
}

/// Changes the limits of a queue.
pub(crate) fn configure(ctx: Ctx<'_>, name: &[u8], changes: &LimitChanges) -> Outcome<Reply> {
    change(ctx, name, Absent::Create, |request| request.queue.configure(changes, request.out))?;
    Ok(Reply::Ok)
}

/// Stops claims of a type, or of all.
pub(crate) fn pause(ctx: Ctx<'_>, name: &[u8], job_type: Option<&[u8]>) -> Outcome<Reply> {
    change(ctx, name, Absent::Create, |request| request.queue.pause(job_type, request.out))?;
    Ok(Reply::Ok)
}

/// Ends a pause.
pub(crate) fn resume(ctx: Ctx<'_>, name: &[u8], job_type: Option<&[u8]>) -> Outcome<Reply> {
    change(ctx, name, Absent::Leave, |request| {
        request.queue.resume(job_type, request.out);
        Ok(())
    })?;
    Ok(Reply::Ok)
}

/// Adds or replaces a schedule.
pub(crate) fn schedule(ctx: Ctx<'_>, name: &[u8], request: ScheduleRequest<'_>) -> Outcome<Reply> {
    let schedule = Schedule::new(request, now_ms())?;
    change(ctx, name, Absent::Create, |request| request.queue.schedule(schedule, request.out))?;
    Ok(Reply::Ok)
}

/// Removes a schedule. Replies 1 if it existed, else 0.
pub(crate) fn unschedule(ctx: Ctx<'_>, name: &[u8], schedule: &[u8]) -> Outcome<Reply> {
    let existed =
        change(ctx, name, Absent::Leave, |request| Ok::<_, Refusal>(request.queue.unschedule(schedule, request.out)))?;
    Ok(Reply::Integer(existed.into()))
}

/// Reads the queue of a key; an empty one when there is no key.
pub(super) fn read<T>(ctx: Ctx<'_>, name: &[u8], work: impl FnOnce(&Queue) -> Outcome<T>) -> Outcome<T> {
    let key = Key::open(ctx, name, Mode::Peek);
    match queue::find(&key) {
        Found::Foreign => Err(Failure::wrong_type()),
        Found::Nothing => work(&Queue::default()),
        Found::Ours(queue) => work(queue),
    }
}

/// The status of a job.
pub(crate) fn status(ctx: Ctx<'_>, name: &[u8], id: &[u8]) -> Outcome<Reply> {
    read(ctx, name, |queue| Ok(reply::status(&queue.status(id).ok_or_else(no_job)?)))
}

/// The figures of a queue.
pub(crate) fn info(ctx: Ctx<'_>, name: &[u8]) -> Outcome<Reply> {
    read(ctx, name, |queue| {
        let (now, (is_paused, types)) = (now_ms(), queue.paused());
        Ok(reply::info(&queue.info(now), queue.limits(), &types.collect::<Vec<_>>(), is_paused, now))
    })
}

/// The limits of a queue.
pub(crate) fn limits(ctx: Ctx<'_>, name: &[u8]) -> Outcome<Reply> {
    read(ctx, name, |queue| Ok(reply::limits(queue.limits())))
}

/// The schedules of a queue, by name.
pub(crate) fn schedules(ctx: Ctx<'_>, name: &[u8]) -> Outcome<Reply> {
    read(ctx, name, |queue| Ok(Reply::Array(queue.schedules().map(reply::schedule).collect())))
}
