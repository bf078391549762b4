//! Random requests to a queue.

use assess_engine::jobs::{LimitChanges, Priority, RateLimit, State, Unique};
use proptest::prelude::*;

/// A job of a request, chosen when the step is performed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The nth running job.
    Running(usize),
    /// The nth job.
    Any(usize),
    Missing,
}

/// A token of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Token {
    /// That of the current run.
    Current,
    /// The nth that was granted for the job.
    Granted(usize),
    /// One of another job, or of none.
    Wrong(u64),
}

#[derive(Debug, Clone)]
pub(crate) struct Submit {
    /// Types and payloads.
    pub(crate) jobs: Vec<(usize, usize)>,
    pub(crate) id: Option<u8>,
    pub(crate) priority: Priority,
    pub(crate) delay: Option<u64>,
    pub(crate) unique: Option<Unique>,
    pub(crate) group: Option<usize>,
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) retries: u32,
    pub(crate) backoff_ms: u64,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) has_metadata: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Submit(Submit),
    Claim { types: usize, lease_ms: u64, count: usize, has_worker: bool },
    Heartbeat(Target, Token, Option<u8>),
    Complete(Target, Token),
    Fail(Target, Token, bool),
    Cancel(Target),
    Retry(Target),
    Purge(State, usize),
    Configure(LimitChanges),
    Pause(Option<usize>),
    Resume(Option<usize>),
    Schedule(u8, u64),
    Unschedule(u8),
    Pass(u64),
    Tick(usize),
    Promote,
    Restart,
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        6 => (0..8usize).prop_map(Target::Running),
        4 => (0..20usize).prop_map(Target::Any),
        1 => Just(Target::Missing),
    ]
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        6 => Just(Token::Current),
        3 => (0..6usize).prop_map(Token::Granted),
        1 => any::<u64>().prop_map(Token::Wrong),
    ]
}

/// Few ids, types and payloads, so that there are duplicates.
fn submit() -> impl Strategy<Value = Step> {
    let unique = prop::sample::select(vec![Unique::Queued, Unique::Active, Unique::Rerun, Unique::Replace]);
    let what = (
        prop::collection::vec((0..3usize, 0..3usize), 1..4),
        prop::option::weighted(0.3, 0..5u8),
        prop::sample::select(Priority::ALL.to_vec()),
        prop::option::weighted(0.25, prop::sample::select(vec![0, 1, 900, 10_000])),
        prop::option::weighted(0.5, unique),
        prop::option::weighted(0.6, 0..3usize),
    );
    let how = (
        prop::option::weighted(0.2, prop::sample::select(vec![0, 2_000, 50_000])),
        0..3u32,
        prop::sample::select(vec![0, 1_000]),
        prop::option::weighted(0.3, prop::sample::select(vec![700, 20_000])),
        any::<bool>(),
    );
    (what, how).prop_map(|(what, how)| {
        let (mut jobs, id, priority, delay, unique, group) = what;
        let (ttl_ms, retries, backoff_ms, timeout_ms, has_metadata) = how;
        // A request with an id, or that replaces, has one job.
        if id.is_some() || unique == Some(Unique::Replace) {
            jobs.truncate(1);
        }
        Step::Submit(Submit {
            jobs,
            id,
            priority,
            delay,
            unique,
            group,
            ttl_ms,
            retries,
            backoff_ms,
            timeout_ms,
            has_metadata,
        })
    })
}

fn limits() -> impl Strategy<Value = LimitChanges> {
    let some = |most: u64| prop::option::weighted(0.3, 0..=most);
    let rate = prop::sample::select(vec![None, None, Some((1, 500)), Some((2, 5_000))]);
    let rate = rate.prop_map(|rate| rate.map(|(count, per_ms)| RateLimit { count, per_ms }));
    let ageing = prop::sample::select(vec![0, 1_000, 300_000]);
    let ended = prop::sample::select(vec![State::Completed, State::Failed, State::Cancelled, State::Dead]);
    let keep = prop::collection::vec((ended, 0..100_000u64), 0..2);
    let more = (prop::option::weighted(0.3, rate), prop::option::weighted(0.3, ageing), keep);
    (some(6), some(2), some(12), some(60), more).prop_map(|(running, per_group, jobs, bytes, (rate, ageing, keep))| {
        LimitChanges {
            max_running: running.map(|most| most + 1),
            max_per_group: per_group,
            rate,
            ageing_ms: ageing,
            max_jobs: jobs,
            max_bytes: bytes,
            keep_ms: keep,
        }
    })
}

/// One request, or some time that passes.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let job_type = || prop::option::of(0..3usize);
    let claim = (1..8usize, prop::sample::select(vec![1, 900, 30_000]), 0..4usize, any::<bool>())
        .prop_map(|(types, lease_ms, count, has_worker)| Step::Claim { types, lease_ms, count, has_worker });
    let time = prop::sample::select(vec![0, 1, 499, 1_000, 5_000, 30_000, 300_000, 3_600_000]);
    let workers = prop_oneof![
        8 => claim,
        3 => (target(), token(), prop::option::of(0..=100u8)).prop_map(|(job, token, p)| Step::Heartbeat(job, token, p)),
        4 => (target(), token()).prop_map(|(job, token)| Step::Complete(job, token)),
        4 => (target(), token(), any::<bool>()).prop_map(|(job, token, retry)| Step::Fail(job, token, retry)),
    ];
    let clients = prop_oneof![
        12 => submit(),
        3 => target().prop_map(Step::Cancel),
        2 => target().prop_map(Step::Retry),
        1 => (prop::sample::select(State::ALL.to_vec()), 1..4usize).prop_map(|(state, n)| Step::Purge(state, n)),
        2 => limits().prop_map(Step::Configure),
        1 => job_type().prop_map(Step::Pause),
        2 => job_type().prop_map(Step::Resume),
        1 => (0..2u8, prop::sample::select(vec![1_000, 30_000])).prop_map(|(name, ms)| Step::Schedule(name, ms)),
        1 => (0..2u8).prop_map(Step::Unschedule),
    ];
    prop_oneof![
        19 => workers,
        25 => clients,
        8 => time.prop_map(Step::Pass),
        8 => (1..4usize).prop_map(Step::Tick),
        1 => Just(Step::Promote),
        1 => Just(Step::Restart),
    ]
}
