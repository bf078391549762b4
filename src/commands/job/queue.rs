//! The commands of an operator: `JOB.CONFIG`, `JOB.PAUSE`, `JOB.RESUME`, `JOB.PURGE`; and the internal `JOB.REPLAY`.

use assess_engine::jobs::{LimitChanges, MAX_MS, RateLimit, State};

use super::{named, wrong_number};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::jobs;
use crate::options::{self, Options};
use crate::reply::Reply;

const LIMITS: [&str; 7] = ["MAXRUNNING", "MAXPERGROUP", "RATE", "AGEING", "MAXJOBS", "MAXBYTES", "KEEP"];
/// The largest number of jobs in a limit. It is far above what a server holds.
const MOST_JOBS: u64 = 1_000_000_000;
/// The largest number of bytes in a limit: a terabyte, as the largest `assess.max-payload`.
const MOST_BYTES: u64 = 1 << 40;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Config<'a> {
    queue: &'a [u8],
    /// `None` without options: the command shows the limits.
    changes: Option<LimitChanges>,
}

impl<'a> Config<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, rest @ ..] = words else { return Err(wrong_number()) };
        let changes = if rest.is_empty() { None } else { Some(changes(rest)?) };
        Ok(Self { queue, changes })
    }
}

fn changes(words: &[&[u8]]) -> Outcome<LimitChanges> {
    let mut changes = LimitChanges::default();
    let mut given = options::of(words).repeating("KEEP");
    while let Some(option) = given.next(&LIMITS)? {
        match option {
            "MAXRUNNING" => changes.max_running = Some(given.number(option, 1..=MOST_JOBS)?),
            "MAXPERGROUP" => changes.max_per_group = Some(given.number(option, 0..=MOST_JOBS)?),
            "RATE" => changes.rate = Some(rate(given.value(option)?)?),
            "AGEING" => changes.ageing_ms = Some(given.number(option, 0..=MAX_MS)?),
            "MAXJOBS" => changes.max_jobs = Some(given.number(option, 0..=MOST_JOBS)?),
            "MAXBYTES" => changes.max_bytes = Some(given.bytes(option, 0..=MOST_BYTES)?),
            _ => keep(&mut given, &mut changes.keep_ms)?,
        }
    }
    Ok(changes)
}

/// `n/ms`; `None` for 0, which means no limit.
fn rate(word: &[u8]) -> Outcome<Option<RateLimit>> {
    if word == b"0" {
        return Ok(None);
    }
    let mut parts = word.splitn(2, |&byte| byte == b'/');
    let mut part = |most| parts.next().and_then(options::number).filter(|number| (1..=most).contains(number));
    match (part(MOST_JOBS), part(MAX_MS)) {
        (Some(count), Some(per_ms)) => Ok(Some(RateLimit { count, per_ms })),
        _ => Err(Failure::err(format!(
            "RATE must be n/ms, with n from 1 to {MOST_JOBS} and ms from 1 to {MAX_MS}, or 0 for no limit"
        ))),
    }
}

/// A state and how long its jobs are kept. `KEEP` may be repeated, but not for the same state.
fn keep(given: &mut Options<'_, '_>, keep_ms: &mut Vec<(State, u64)>) -> Outcome<()> {
    let ended = [State::Completed, State::Failed, State::Cancelled, State::Dead];
    let state = given.choice("KEEP", &ended.map(|state| (state.name(), state)))?;
    let seconds = given.number("KEEP", 0..=MAX_MS / 1000)?;
    if keep_ms.iter().any(|&(other, _)| other == state) {
        return Err(Failure::err("KEEP is given twice for the same state"));
    }
    keep_ms.push((state, seconds * 1000));
    Ok(())
}

impl Run for Config<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        match Config::parse(&words)? {
            Config { queue, changes: None } => jobs::limits(ctx, queue),
            Config { queue, changes: Some(changes) } => jobs::configure(ctx, queue, &changes),
        }
    }
}

/// A queue and perhaps a type.
fn queue_and_type<'a>(words: &[&'a [u8]]) -> Outcome<(&'a [u8], Option<&'a [u8]>)> {
    match words {
        [queue] => Ok((queue, None)),
        [queue, job_type] => Ok((queue, Some(named(job_type, "the type")?))),
        _ => Err(wrong_number()),
    }
}

pub(in crate::commands) struct Pause;

impl Run for Pause {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (queue, job_type) = queue_and_type(&argv.words(1))?;
        jobs::pause(ctx, queue, job_type)
    }
}

pub(in crate::commands) struct Resume;

impl Run for Resume {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (queue, job_type) = queue_and_type(&argv.words(1))?;
        jobs::resume(ctx, queue, job_type)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Purge<'a> {
    queue: &'a [u8],
    state: State,
}

impl<'a> Purge<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, state] = words else { return Err(wrong_number()) };
        match State::named(state) {
            Some(State::Running) => Err(Failure::err("jobs that run cannot be purged, see JOB.CANCEL")),
            Some(state) => Ok(Self { queue, state }),
            None => Err(Failure::err("the status must be one of delayed, pending, completed, failed, cancelled, dead")),
        }
    }
}

impl Run for Purge<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let purge = Purge::parse(&words)?;
        jobs::purge(ctx, purge.queue, purge.state)
    }
}

pub(in crate::commands) struct Replay;

impl Run for Replay {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if !ctx.is_replay() {
            return Err(Failure::err("this command is internal: only replication and the append-only file use it"));
        }
        let words = argv.words(1);
        let &[queue, changes] = words.as_slice() else { return Err(wrong_number()) };
        jobs::replay(ctx, queue, changes)?;
        Ok(Reply::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rest: &[&[u8]]) -> Outcome<LimitChanges> {
        Config::parse(&[&[&b"q"[..]], rest].concat()).map(|config| config.changes.unwrap_or_default())
    }

    #[test]
    fn every_limit_is_read() {
        assert_eq!(Config::parse(&[b"q"]), Ok(Config { queue: b"q", changes: None }));
        let all = limits(&[
            b"KEEP",
            b"failed",
            b"60",
            b"maxrunning",
            b"1",
            b"MAXPERGROUP",
            b"0",
            b"RATE",
            b"5/1000",
            b"AGEING",
            b"0",
            b"MAXJOBS",
            b"7",
            b"MAXBYTES",
            b"1mb",
            b"keep",
            b"Completed",
            b"0",
        ]);
        let expected = LimitChanges {
            max_running: Some(1),
            max_per_group: Some(0),
            rate: Some(Some(RateLimit { count: 5, per_ms: 1000 })),
            ageing_ms: Some(0),
            max_jobs: Some(7),
            max_bytes: Some(1 << 20),
            keep_ms: vec![(State::Failed, 60_000), (State::Completed, 0)],
        };
        assert_eq!(all, Ok(expected));
        assert_eq!(limits(&[b"RATE", b"0"]).unwrap().rate, Some(None));
    }

    #[test]
    fn bad_limits_are_refused_by_name() {
        for (rest, named) in [
            (&[&b"MAXRUNNING"[..], b"0"][..], "MAXRUNNING must be a whole number from 1 to"),
            (&[b"MAXRUNNING", b"-1"], "MAXRUNNING must be a whole number from 1 to"),
            (&[b"MAXPERGROUP", b"x"], "MAXPERGROUP must be"),
            (&[b"AGEING", b"-1"], "AGEING must be"),
            (&[b"MAXJOBS", b"99999999999999999999"], "MAXJOBS must be"),
            (&[b"MAXBYTES", b"2tb"], "MAXBYTES must be a number of bytes"),
            (&[b"KEEP", b"running", b"1"], "KEEP must be one of completed, failed, cancelled, dead"),
            (&[b"KEEP", b"dead"], "KEEP needs a value"),
            (&[b"KEEP", b"dead", b"-1"], "KEEP must be a whole number from 0 to"),
            (&[b"KEEP", b"dead", b"1", b"KEEP", b"dead", b"2"], "KEEP is given twice for the same state"),
            (&[b"MAXJOBS", b"1", b"MAXJOBS", b"2"], "MAXJOBS is given twice"),
            (&[b"WORKERS", b"1"], "unknown option WORKERS"),
        ] {
            let failure = limits(rest).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
        for rate in [&b"5"[..], b"", b"/", b"5/", b"/5", b"5/0", b"0/5", b"5/1s", b"-5/1", b"5/5/5", b"5 / 5"] {
            let failure = limits(&[b"RATE", rate]).unwrap_err().to_string();
            assert!(failure.contains("RATE must be n/ms"), "{failure}");
        }
    }

    #[test]
    fn a_pause_is_of_a_queue_or_of_a_type() {
        assert_eq!(queue_and_type(&[b"q"]), Ok((&b"q"[..], None)));
        assert_eq!(queue_and_type(&[b"q", b"t"]), Ok((&b"q"[..], Some(&b"t"[..]))));
        assert!(queue_and_type(&[]).is_err() && queue_and_type(&[b"q", b""]).is_err());
        assert!(queue_and_type(&[b"q", b"t", b"u"]).is_err());
    }

    #[test]
    fn every_state_but_running_can_be_purged() {
        for state in State::ALL {
            let purge = Purge::parse(&[b"q", state.name().as_bytes()]);
            assert_eq!(purge.is_ok(), state != State::Running, "{purge:?}");
        }
        for (words, named) in [
            (&[&b"q"[..], b"running"][..], "jobs that run cannot be purged"),
            (&[b"q", b"all"], "the status must be one of delayed, pending, completed"),
            (&[b"q"], "wrong number"),
        ] {
            let failure = Purge::parse(words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }
}
