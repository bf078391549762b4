//! Changes to bytes.

use super::Tag;
use super::bytes::{number, optional, text};
use crate::jobs::change::{Change, Finished, Record};
use crate::jobs::job::{Extra, Job, Past, Run};
use crate::jobs::request::{JobOptions, Limits, Unique};
use crate::jobs::{Schedule, Timing};

/// Appends a change.
pub(in crate::jobs) fn encode(change: &Change, out: &mut Vec<u8>) {
    let mut begin = |tag: Tag, seq: u64| {
        out.push(tag as u8);
        number(seq, out);
    };
    match change {
        Change::Put(record) => {
            let Record { seq, job_type, group, job } = &**record;
            put(*seq, job_type, group.as_deref(), job, out);
        }
        Change::Claimed { seq, token, at, lease_ms, worker } => {
            begin(Tag::Claimed, *seq);
            [*token, *at, *lease_ms].into_iter().for_each(|value| number(value, out));
            optional(worker.as_deref(), out, text);
        }
        Change::Extended { seq, at, progress, message } => {
            begin(Tag::Extended, *seq);
            number(*at, out);
            optional(*progress, out, |progress, out| out.push(progress));
            optional(message.as_deref(), out, text);
        }
        Change::Due { seq, at } => {
            begin(Tag::Due, *seq);
            number(*at, out);
        }
        Change::Finished(finished) => end(finished, out),
        Change::CancelRequested { seq, at } => {
            begin(Tag::CancelRequested, *seq);
            number(*at, out);
        }
        Change::RerunRequested { seq, payload } => {
            begin(Tag::RerunRequested, *seq);
            text(payload, out);
        }
        Change::Revived { seq, at } => {
            begin(Tag::Revived, *seq);
            number(*at, out);
        }
        Change::Removed { seq } => begin(Tag::Removed, *seq),
        Change::Limited(limits) => {
            out.push(Tag::Limited as u8);
            limited(limits, out);
        }
        Change::Paused(job_type) => {
            out.push(Tag::Paused as u8);
            optional(job_type.as_deref(), out, text);
        }
        Change::Resumed(job_type) => {
            out.push(Tag::Resumed as u8);
            optional(job_type.as_deref(), out, text);
        }
        Change::Scheduled(schedule) => {
            out.push(Tag::Scheduled as u8);
            scheduled(schedule, out);
        }
        Change::Unscheduled(name) => {
            out.push(Tag::Unscheduled as u8);
            text(name, out);
        }
    }
}

fn end(finished: &Finished, out: &mut Vec<u8>) {
    let Finished { seq, at, event, by_report, run_at, result, error, traceback } = finished;
    out.push(Tag::Finished as u8);
    number(*seq, out);
    number(*at, out);
    out.extend([*event as u8, (*by_report).into()]);
    number(*run_at, out);
    [result, error, traceback].into_iter().for_each(|field| optional(field.as_deref(), out, text));
}

/// Appends a job as a whole.
pub(in crate::jobs) fn put(seq: u64, job_type: &[u8], group: Option<&[u8]>, job: &Job, out: &mut Vec<u8>) {
    out.push(Tag::Put as u8);
    number(seq, out);
    text(&job.id.text(), out);
    text(job_type, out);
    optional(group, out, text);
    out.extend([job.state as u8, job.priority as u8]);
    [job.created, job.since].into_iter().for_each(|value| number(value, out));
    [job.attempts, job.failures, job.lost].into_iter().for_each(|value| number(value.into(), out));
    text(&job.payload, out);
    optional(job.extra.as_deref(), out, extra);
    optional(job.run.as_deref(), out, run);
    optional(job.past.as_deref(), out, past);
}

fn extra(extra: &Extra, out: &mut Vec<u8>) {
    let Extra { ttl_ms, retries, backoff_ms, timeout_ms, metadata } = extra;
    optional(*ttl_ms, out, number);
    number((*retries).into(), out);
    number(*backoff_ms, out);
    optional(*timeout_ms, out, number);
    optional(metadata.as_deref(), out, text);
}

fn run(run: &Run, out: &mut Vec<u8>) {
    // The number of the claim is not saved.
    let Run { token, started, lease_ms, lease_until, worker, progress, message, cancelled, rerun, number: _ } = run;
    [*token, *started, *lease_ms, *lease_until].into_iter().for_each(|value| number(value, out));
    optional(worker.as_deref(), out, text);
    out.push(*progress);
    optional(message.as_deref(), out, text);
    optional(*cancelled, out, number);
    out.push((*rerun).into());
}

fn past(past: &Past, out: &mut Vec<u8>) {
    let Past { token, reported, started, worker, progress, message, cancelled, result, error, traceback, drop_at } =
        past;
    number(*token, out);
    out.push(*reported as u8);
    optional(*started, out, number);
    optional(worker.as_deref(), out, text);
    out.push(*progress);
    optional(message.as_deref(), out, text);
    out.push((*cancelled).into());
    [result, error, traceback].into_iter().for_each(|field| optional(field.as_deref(), out, text));
    number(*drop_at, out);
}

fn limited(limits: &Limits, out: &mut Vec<u8>) {
    let Limits { max_running, max_per_group, rate, ageing_ms, max_jobs, max_bytes, keep_ms } = limits;
    let numbers = [*max_running, *max_per_group, *ageing_ms, *max_jobs, *max_bytes];
    numbers.into_iter().chain(*keep_ms).for_each(|value| number(value, out));
    optional(*rate, out, |rate, out| {
        number(rate.count, out);
        number(rate.per_ms, out);
    });
}

fn scheduled(schedule: &Schedule, out: &mut Vec<u8>) {
    text(&schedule.name, out);
    match &schedule.timing {
        Timing::Every { ms } => {
            out.push(0);
            number(*ms, out);
        }
        Timing::Cron { expr, zone } => {
            out.push(1);
            text(expr.as_bytes(), out);
            text(zone.as_bytes(), out);
        }
    }
    text(&schedule.job_type, out);
    text(&schedule.payload, out);
    number(schedule.next_due, out);
    optional(schedule.last_due, out, number);
    options(&schedule.options, out);
}

/// `ID`, `DELAY` and `AT` do not occur in a schedule.
fn options(options: &JobOptions<'_>, out: &mut Vec<u8>) {
    let JobOptions { id: _, when: _, priority, ttl_ms, retries, backoff_ms, timeout_ms, unique, group, metadata } =
        options;
    out.push(*priority as u8);
    optional(*unique, out, |unique: Unique, out| out.push(unique as u8));
    optional(group.as_deref(), out, text);
    let metadata = metadata.as_deref().map(Into::into);
    extra(
        &Extra { ttl_ms: *ttl_ms, retries: *retries, backoff_ms: *backoff_ms, timeout_ms: *timeout_ms, metadata },
        out,
    );
    debug_assert!(options.id.is_none());
}
