//! Replies about jobs and queues.

use assess_engine::jobs::{Claimed, Counts, Info, JobId, Limits, Schedule, State, Status, Submitted, Timing};
use assess_engine::stats::Latency;
use bytes::Bytes;

use crate::reply::Reply;

fn id(id: &JobId) -> Reply {
    bytes(&id.text())
}

fn bytes(bytes: &[u8]) -> Reply {
    Reply::Bulk(Bytes::copy_from_slice(bytes))
}

fn optional(text: Option<&[u8]>) -> Reply {
    text.map_or(Reply::Nil, bytes)
}

fn time(ms: Option<u64>) -> Reply {
    ms.map_or(Reply::Nil, Reply::count)
}

fn text(text: &'static str) -> Reply {
    Reply::Bulk(Bytes::from_static(text.as_bytes()))
}

/// The id of a job, and whether it is new.
pub(super) fn submitted(submitted: &Submitted) -> Reply {
    Reply::Array(vec![id(&submitted.id), text(if submitted.created { "created" } else { "duplicate" })])
}

/// The ids of jobs.
pub(super) fn ids(submitted: &[Submitted]) -> Reply {
    Reply::Array(submitted.iter().map(|submitted| id(&submitted.id)).collect())
}

/// Jobs for a worker.
pub(super) fn claimed(claimed: Vec<Claimed>) -> Reply {
    Reply::Array(
        claimed
            .into_iter()
            .map(|job| {
                Reply::Map(vec![
                    ("id", id(&job.id)),
                    ("token", Reply::text(format!("{:016x}", job.token))),
                    ("attempt", Reply::Integer(job.attempt.into())),
                    ("type", Reply::Bulk(job.job_type.into())),
                    ("payload", Reply::Bulk(job.payload)),
                    ("metadata", job.metadata.map_or(Reply::Nil, |metadata| Reply::Bulk(metadata.into()))),
                    ("lease_ms", Reply::count(job.lease_ms)),
                ])
            })
            .collect(),
    )
}

/// The status of a job with everything about it.
pub(super) fn status(status: &Status<'_>) -> Reply {
    let mut fields = listed(status);
    fields.extend([("traceback", optional(status.traceback)), ("result", optional(status.result))]);
    fields.push(("metadata", optional(status.metadata)));
    Reply::Map(fields)
}

/// The status of a job in a list: without result, traceback and metadata, which may be large.
pub(super) fn short_status(status: &Status<'_>) -> Reply {
    Reply::Map(listed(status))
}

fn listed(status: &Status<'_>) -> Vec<(&'static str, Reply)> {
    let duration = status.started.zip(status.ended).map(|(from, to)| to.saturating_sub(from) as f64 / 1000.0);
    vec![
        ("job_id", id(status.id)),
        ("job_type", bytes(status.job_type)),
        ("status", text(status.state.name())),
        ("priority", text(status.priority.name())),
        ("progress", Reply::Integer(status.progress.into())),
        ("progress_message", optional(status.message)),
        ("created_at", Reply::count(status.created)),
        ("due_at", time(status.due)),
        ("started_at", time(status.started)),
        ("completed_at", time(status.ended)),
        ("duration_seconds", duration.map_or(Reply::Nil, Reply::Double)),
        ("attempts", Reply::Integer(status.attempts.into())),
        ("worker", optional(status.worker)),
        ("group", optional(status.group)),
        ("cancel_requested", Reply::Integer(status.cancel_requested.into())),
        ("error", optional(status.error)),
    ]
}

/// The figures of a queue.
pub(super) fn info(info: &Info<'_>, limits: &Limits, paused: &[&[u8]], is_paused: bool, now: u64) -> Reply {
    let types = info.by_type.iter().map(|(name, counts)| {
        let mut fields = vec![("job_type", bytes(name))];
        fields.extend(states(counts));
        Reply::Map(fields)
    });
    let age = info.oldest_waiting.map_or(0, |since| now.saturating_sub(since));
    let mut fields = vec![
        ("status", text(if is_paused { "paused" } else { "running" })),
        ("max_concurrent_jobs", Reply::count(limits.max_running)),
        ("running_jobs", Reply::count(info.totals[State::Running as usize])),
        ("registered_handlers", Reply::Array(info.handled.iter().map(|name| bytes(name)).collect())),
        ("total_jobs", Reply::count(info.totals.iter().sum())),
    ];
    fields.extend(states(&info.totals));
    fields.extend([
        ("types", Reply::Array(types.collect())),
        ("paused_types", Reply::Array(paused.iter().map(|name| bytes(name)).collect())),
        ("oldest_waiting_ms", Reply::count(age)),
        ("jobs_per_second", Reply::Double(info.per_second)),
        ("waiting_time", times(info.waiting)),
        ("running_time", times(info.running)),
        ("bytes", Reply::count(info.bytes)),
        ("waiting_bytes", Reply::count(info.waiting_bytes)),
    ]);
    Reply::Map(fields)
}

fn states(counts: &Counts) -> impl Iterator<Item = (&'static str, Reply)> {
    State::ALL.into_iter().map(|state| (state.name(), Reply::count(counts[state as usize])))
}

/// Times in milliseconds.
fn times(times: &Latency) -> Reply {
    let ms = |us: u64| Reply::Double(us as f64 / 1000.0);
    Reply::Map(vec![
        ("count", Reply::count(times.count())),
        ("average_ms", Reply::Double(times.mean() / 1000.0)),
        ("p50_ms", ms(times.p(50.0))),
        ("p95_ms", ms(times.p(95.0))),
        ("p99_ms", ms(times.p(99.0))),
        ("max_ms", ms(times.max())),
    ])
}

/// The limits of a queue, named as the options of `JOB.CONFIG`.
pub(super) fn limits(limits: &Limits) -> Reply {
    let rate = limits.rate.map_or(text("0"), |rate| Reply::text(format!("{}/{}", rate.count, rate.per_ms)));
    let keep = |i: usize| Reply::count(limits.keep_ms[i] / 1000);
    Reply::Map(vec![
        ("max_running", Reply::count(limits.max_running)),
        ("max_per_group", Reply::count(limits.max_per_group)),
        ("rate", rate),
        ("ageing_ms", Reply::count(limits.ageing_ms)),
        ("max_jobs", Reply::count(limits.max_jobs)),
        ("max_bytes", Reply::count(limits.max_bytes)),
        ("keep_completed_seconds", keep(0)),
        ("keep_failed_seconds", keep(1)),
        ("keep_cancelled_seconds", keep(2)),
        ("keep_dead_seconds", keep(3)),
    ])
}

/// A schedule.
pub(super) fn schedule(schedule: &Schedule) -> Reply {
    let (timing, zone) = match schedule.timing() {
        Timing::Every { ms } => (("every_ms", Reply::count(*ms)), None),
        Timing::Cron { expr, zone } => (("cron", bytes(expr.as_bytes())), Some(("zone", bytes(zone.as_bytes())))),
    };
    let mut fields = vec![("name", bytes(schedule.name())), timing];
    fields.extend(zone);
    fields.extend([
        ("job_type", bytes(schedule.job_type())),
        ("payload", bytes(schedule.payload())),
        ("priority", text(schedule.options().priority.name())),
        ("next_at", Reply::count(schedule.next_due())),
        ("last_at", time(schedule.last_due())),
    ]);
    Reply::Map(fields)
}
