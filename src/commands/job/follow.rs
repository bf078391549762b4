//! The commands of a client that follows its jobs: `JOB.CANCEL`, `JOB.RETRY`, `JOB.STATUS`, `JOB.WAIT`, `JOB.LIST`,
//! `JOB.INFO`.

use assess_engine::jobs::{Filter, MAX_MS, State};

use super::{named, wrong_number};
use crate::error::Outcome;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::jobs;
use crate::options;
use crate::reply::Reply;
use crate::settings;

/// The jobs of a list without `LIMIT`.
const DEFAULT_LIMIT: u64 = 100;
/// The longest list.
const MAX_LIMIT: u64 = 1000;
/// The largest number of jobs that a list skips.
const MAX_OFFSET: u64 = 1_000_000_000;

/// A queue and the id of a job.
fn queue_and_id<'a>(words: &[&'a [u8]]) -> Outcome<(&'a [u8], &'a [u8])> {
    let &[queue, id] = words else { return Err(wrong_number()) };
    Ok((queue, id))
}

pub(in crate::commands) struct Cancel;

impl Run for Cancel {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (queue, id) = queue_and_id(&argv.words(1))?;
        jobs::cancel(ctx, queue, id)
    }
}

pub(in crate::commands) struct Retry;

impl Run for Retry {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (queue, id) = queue_and_id(&argv.words(1))?;
        jobs::retry(ctx, queue, id)
    }
}

pub(in crate::commands) struct Status;

impl Run for Status {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let (queue, id) = queue_and_id(&argv.words(1))?;
        jobs::status(ctx, queue, id)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Wait<'a> {
    queue: &'a [u8],
    id: &'a [u8],
    /// 0: without limit.
    block_ms: u64,
}

impl<'a> Wait<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, id, rest @ ..] = words else { return Err(wrong_number()) };
        // As a parameter 0 means no wait, as BLOCK a wait without limit.
        let mut block_ms = settings::default_wait_ms().max(1);
        let mut given = options::of(rest);
        while let Some(option) = given.next(&["BLOCK"])? {
            block_ms = given.number(option, 0..=MAX_MS)?;
        }
        Ok(Self { queue, id, block_ms })
    }
}

impl Run for Wait<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let wait = Wait::parse(&words)?;
        jobs::wait(ctx, wait.queue, wait.id, wait.block_ms)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct List<'a> {
    queue: &'a [u8],
    filter: Filter<'a>,
    offset: u64,
    limit: u64,
}

impl<'a> List<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, rest @ ..] = words else { return Err(wrong_number()) };
        let mut list = Self { queue, filter: Filter::default(), offset: 0, limit: DEFAULT_LIMIT };
        let mut given = options::of(rest);
        while let Some(option) = given.next(&["STATUS", "TYPE", "GROUP", "OFFSET", "LIMIT"])? {
            match option {
                "STATUS" => {
                    let states = State::ALL.map(|state| (state.name(), state));
                    list.filter.state = Some(given.choice(option, &states)?);
                }
                "TYPE" => list.filter.job_type = Some(named(given.value(option)?, option)?),
                "GROUP" => list.filter.group = Some(named(given.value(option)?, option)?),
                "OFFSET" => list.offset = given.number(option, 0..=MAX_OFFSET)?,
                _ => list.limit = given.number(option, 1..=MAX_LIMIT)?,
            }
        }
        Ok(list)
    }
}

impl Run for List<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let list = List::parse(&words)?;
        jobs::list(ctx, list.queue, &list.filter, list.offset, list.limit)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Info<'a> {
    queue: &'a [u8],
}

impl<'a> Info<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue] = words else { return Err(wrong_number()) };
        Ok(Self { queue })
    }
}

impl Run for Info<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        jobs::info(ctx, Info::parse(&words)?.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_words_is_checked() {
        assert_eq!(queue_and_id(&[b"q", b"i"]), Ok((&b"q"[..], &b"i"[..])));
        assert_eq!(Info::parse(&[b"q"]), Ok(Info { queue: b"q" }));
        assert!(queue_and_id(&[b"q"]).is_err() && queue_and_id(&[b"q", b"i", b"x"]).is_err());
        assert!(Info::parse(&[]).is_err() && List::parse(&[]).is_err() && Wait::parse(&[b"q"]).is_err());
    }

    #[test]
    fn a_wait_has_a_limit_unless_block_is_zero() {
        settings::reset();
        let wait = |block_ms| Ok(Wait { queue: b"q", id: b"i", block_ms });
        assert_eq!(Wait::parse(&[b"q", b"i"]), wait(2000));
        assert_eq!(Wait::parse(&[b"q", b"i", b"block", b"0"]), wait(0));
        assert_eq!(Wait::parse(&[b"q", b"i", b"BLOCK", b"7"]), wait(7));
        for (rest, named) in [
            (&[&b"BLOCK"[..]][..], "BLOCK needs a value"),
            (&[b"BLOCK", b"-1"], "BLOCK must be a whole number from 0 to"),
            (&[b"TIMEOUT", b"1"], "unknown option TIMEOUT"),
        ] {
            let failure = Wait::parse(&[&[&b"q"[..], b"i"], rest].concat()).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }

    #[test]
    fn a_list_is_filtered_and_bounded() {
        let plain = List { queue: b"q", filter: Filter::default(), offset: 0, limit: 100 };
        assert_eq!(List::parse(&[b"q"]), Ok(plain));
        let words: &[&[u8]] =
            &[b"q", b"LIMIT", b"1000", b"OFFSET", b"5", b"GROUP", b"g", b"TYPE", b"t", b"status", b"Dead"];
        let filter = Filter { state: Some(State::Dead), job_type: Some(b"t"), group: Some(b"g") };
        assert_eq!(List::parse(words), Ok(List { queue: b"q", filter, offset: 5, limit: 1000 }));
        for (rest, named) in [
            (
                &[&b"STATUS"[..], b"done"][..],
                "STATUS must be one of delayed, pending, running, completed, failed, cancelled, dead",
            ),
            (&[b"LIMIT", b"0"], "LIMIT must be a whole number from 1 to 1000"),
            (&[b"LIMIT", b"1001"], "LIMIT must be a whole number from 1 to 1000"),
            (&[b"OFFSET", b"-1"], "OFFSET must be a whole number from 0 to"),
            (&[b"TYPE", b""], "TYPE must have 1 to 256 bytes"),
            (&[b"GROUP", b""], "GROUP must have 1 to 256 bytes"),
            (&[b"STATE", b"dead"], "unknown option STATE"),
        ] {
            let failure = List::parse(&[&[&b"q"[..]], rest].concat()).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }
}
