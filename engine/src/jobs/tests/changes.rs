//! Any change.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::jobs::change::{Change, Finished, Record};
use crate::jobs::id::JobId;
use crate::jobs::job::{Extra, Job, NO_GROUP, Past, Reported, Run};
use crate::jobs::request::{JobOptions, Limits, RateLimit, Unique, When};
use crate::jobs::{Event, Priority, Schedule, State, TRANSITIONS, Timing};

type Text = Option<Box<[u8]>>;

/// Places in the order of submission: few, so that changes meet; and the last ones.
fn seq() -> impl Strategy<Value = u64> {
    select(vec![0, 1, 2, 3, u64::MAX - 2, u64::MAX - 1, u64::MAX])
}

/// Times and durations, also at the ends of the range.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0..2_000u64,
        1 => select(vec![1 << 31, 1 << 32, 1 << 63, u64::MAX - 1, u64::MAX]),
        1 => any::<u64>(),
    ]
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..4u32, 1 => select(vec![u32::MAX - 1, u32::MAX])]
}

/// Few names, so that types, groups and ids meet.
fn name() -> impl Strategy<Value = Box<[u8]>> {
    let usual = select(vec!["a", "b", "0192f0c1-2b3c-7d4e-8f5a-6b7c8d9e0f1a", "0192F0C1-2b3c-7d4e-8f5a-6b7c8d9e0f1a"]);
    prop_oneof![
        6 => usual.prop_map(|name| name.as_bytes().into()),
        1 => vec(any::<u8>(), 1..=256).prop_map(Vec::into_boxed_slice),
    ]
}

fn bytes() -> impl Strategy<Value = Box<[u8]>> {
    vec(any::<u8>(), 0..20).prop_map(Vec::into_boxed_slice)
}

fn text() -> impl Strategy<Value = Text> {
    option::of(bytes())
}

fn metadata() -> impl Strategy<Value = Text> {
    option::of(select(vec![&b"{}"[..], b"[1, null]", b"\"a\"", b"\"\xff\""]).prop_map(Into::into))
}

fn extra() -> impl Strategy<Value = Extra> {
    (option::of(number()), small(), number(), option::of(number()), metadata()).prop_map(
        |(ttl_ms, retries, backoff_ms, timeout_ms, metadata)| Extra {
            ttl_ms,
            retries,
            backoff_ms,
            timeout_ms,
            metadata,
        },
    )
}

fn run() -> impl Strategy<Value = Run> {
    let times = (number(), number(), number(), option::of(number()));
    let rest = (any::<u64>(), option::of(name()), 0..=100u8, text(), any::<bool>());
    (times, rest).prop_map(
        |((started, lease_ms, lease_until, cancelled), (token, worker, progress, message, rerun))| Run {
            token,
            started,
            lease_ms,
            lease_until,
            worker,
            progress,
            message,
            cancelled,
            rerun,
            number: 0,
        },
    )
}

fn past() -> impl Strategy<Value = Past> {
    let reported = vec![Reported::Nothing, Reported::Completed, Reported::Failed, Reported::FailedOver];
    let how = (any::<u64>(), select(reported), option::of(number()), option::of(name()), 0..=100u8, text());
    let rest = (any::<bool>(), text(), text(), text(), number());
    (how, rest).prop_map(|(how, (cancelled, result, error, traceback, drop_at))| {
        let (token, reported, started, worker, progress, message) = how;
        Past { token, reported, started, worker, progress, message, cancelled, result, error, traceback, drop_at }
    })
}

fn record() -> impl Strategy<Value = Record> {
    let names = (seq(), name(), name(), option::of(name()), bytes());
    let state = (select(State::ALL.to_vec()), select(Priority::ALL.to_vec()), number(), number());
    let counts = (small(), small(), small());
    // Mostly the boxes that belong to the state.
    let boxes = (option::of(extra()), run(), past(), prop::bool::weighted(0.9), prop::bool::weighted(0.5));
    (names, state, counts, boxes).prop_map(|(names, state, counts, boxes)| {
        let (seq, job_type, id, group, payload) = names;
        let (state, priority, created, since) = state;
        let (extra, run, past, fits, has_past) = boxes;
        let has_run = (state == State::Running) == fits;
        let job = Job {
            id: JobId::of(&id),
            payload: payload.into(),
            extra: extra.and_then(Record::boxed),
            run: has_run.then(|| Box::new(run)),
            past: (has_past || state.is_ended() && fits).then(|| Box::new(past)),
            created,
            since,
            content: 0,
            job_type: 0,
            group: NO_GROUP,
            attempts: counts.0,
            failures: counts.1,
            lost: counts.2,
            state,
            priority,
            effective: priority,
            effective_since: since,
        };
        Record { seq, job_type, group, job }
    })
}

fn finished() -> impl Strategy<Value = Finished> {
    let events: Vec<Event> = TRANSITIONS.iter().map(|&(_, event, _)| event).collect();
    (seq(), number(), select(events), any::<bool>(), number(), text(), text(), text()).prop_map(
        |(seq, at, event, by_report, run_at, result, error, traceback)| Finished {
            seq,
            at,
            event,
            by_report,
            run_at,
            result,
            error,
            traceback,
        },
    )
}

fn limits() -> impl Strategy<Value = Limits> {
    let rate = option::of((1..=u64::MAX, 1..=u64::MAX));
    let rate = rate.prop_map(|rate| rate.map(|(count, per_ms)| RateLimit { count, per_ms }));
    let keep = [number(), number(), number(), number()];
    (number(), number(), rate, number(), number(), number(), keep).prop_map(
        |(max_running, max_per_group, rate, ageing_ms, max_jobs, max_bytes, keep_ms)| Limits {
            max_running,
            max_per_group,
            rate,
            ageing_ms,
            max_jobs,
            max_bytes,
            keep_ms,
        },
    )
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let cron = |expr: &str, zone: &str| Timing::Cron { expr: expr.into(), zone: zone.into() };
    let timing = prop_oneof![
        (1_000..1_000_000u64).prop_map(|ms| Timing::Every { ms }),
        select(vec![cron("0 3 * * *", "UTC"), cron("*/5 * * * *", "Europe/Berlin")]),
    ];
    let unique = select(vec![Unique::Queued, Unique::Active, Unique::Rerun, Unique::Replace]);
    let options = (select(Priority::ALL.to_vec()), option::of(unique), option::of(name()), extra());
    let options = options.prop_map(|(priority, unique, group, extra)| JobOptions {
        id: None,
        priority,
        when: When::Now,
        ttl_ms: extra.ttl_ms,
        retries: extra.retries,
        backoff_ms: extra.backoff_ms,
        timeout_ms: extra.timeout_ms,
        unique,
        group: group.map(|group| group.into_vec().into()),
        metadata: extra.metadata.map(|metadata| metadata.into_vec().into()),
    });
    (name(), timing, name(), bytes(), number(), option::of(number()), options).prop_map(
        |(name, timing, job_type, payload, next_due, last_due, options)| Schedule {
            name,
            timing,
            job_type,
            payload,
            options,
            next_due,
            last_due,
        },
    )
}

/// Any change that the byte form can express.
pub(super) fn change() -> impl Strategy<Value = Change> {
    let claimed = (seq(), any::<u64>(), number(), number(), option::of(name()));
    let extended = (seq(), number(), option::of(0..=100u8), text());
    let jobs = prop_oneof![
        8 => record().prop_map(|record| Change::Put(Box::new(record))),
        3 => claimed.prop_map(|(seq, token, at, lease_ms, worker)| Change::Claimed { seq, token, at, lease_ms, worker }),
        1 => extended.prop_map(|(seq, at, progress, message)| Change::Extended { seq, at, progress, message }),
        1 => (seq(), number()).prop_map(|(seq, at)| Change::Due { seq, at }),
        4 => finished().prop_map(|finished| Change::Finished(Box::new(finished))),
        1 => (seq(), number()).prop_map(|(seq, at)| Change::CancelRequested { seq, at }),
        1 => (seq(), bytes()).prop_map(|(seq, payload)| Change::RerunRequested { seq, payload: payload.into() }),
        1 => (seq(), number()).prop_map(|(seq, at)| Change::Revived { seq, at }),
        1 => seq().prop_map(|seq| Change::Removed { seq }),
    ];
    let settings = prop_oneof![
        limits().prop_map(|limits| Change::Limited(Box::new(limits))),
        option::of(name()).prop_map(Change::Paused),
        option::of(name()).prop_map(Change::Resumed),
        schedule().prop_map(|schedule| Change::Scheduled(Box::new(schedule))),
        name().prop_map(Change::Unscheduled),
    ];
    prop_oneof![5 => jobs, 1 => settings]
}
