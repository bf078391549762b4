//! The commands of a worker: `JOB.CLAIM`, `JOB.HEARTBEAT`, `JOB.COMPLETE`, `JOB.FAIL`.

use assess_engine::jobs::{self as engine, DEFAULT_LEASE_MS, MAX_MS, Report};

use super::{check_payload, named, wrong_number};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::jobs;
use crate::options;
use crate::reply::Reply;
use crate::settings;

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Claim<'a> {
    queue: &'a [u8],
    claim: engine::Claim<'a>,
    /// `None`: do not wait; 0: wait without limit.
    block_ms: Option<u64>,
}

impl<'a> Claim<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, count, rest @ ..] = words else { return Err(wrong_number()) };
        let count = usize::try_from(options::batch_size(count)?).ok().filter(|&count| count <= rest.len());
        let count = count.ok_or_else(|| Failure::err("n must be the number of types that follow"))?;
        let (types, rest) = rest.split_at(count);
        let types = types.iter().map(|word| named(word, "a type")).collect::<Outcome<_>>()?;
        let mut claim = engine::Claim { types, lease_ms: DEFAULT_LEASE_MS, count: 1, worker: None };
        let mut block_ms = None;
        let mut given = options::of(rest);
        while let Some(option) = given.next(&["LEASE", "BLOCK", "COUNT", "WORKER"])? {
            match option {
                "LEASE" => claim.lease_ms = given.number(option, 1..=MAX_MS)?,
                "BLOCK" => block_ms = Some(given.number(option, 0..=MAX_MS)?),
                // At most assess.max-batch, so it fits.
                "COUNT" => claim.count = given.number(option, 1..=settings::max_batch())? as usize,
                _ => claim.worker = Some(named(given.value(option)?, option)?),
            }
        }
        Ok(Self { queue, claim, block_ms })
    }
}

impl Run for Claim<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let claim = Claim::parse(&words)?;
        jobs::claim(ctx, claim.queue, &claim.claim, claim.block_ms)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Heartbeat<'a> {
    queue: &'a [u8],
    id: &'a [u8],
    token: u64,
    heartbeat: engine::Heartbeat<'a>,
}

impl<'a> Heartbeat<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, id, token, rest @ ..] = words else { return Err(wrong_number()) };
        let token = options::token(token)?;
        let mut heartbeat = engine::Heartbeat::default();
        let mut given = options::of(rest);
        while let Some(option) = given.next(&["PROGRESS", "MESSAGE"])? {
            match option {
                "PROGRESS" => heartbeat.progress = Some(given.percent(option, 0)?),
                _ => heartbeat.message = Some(given.value(option)?),
            }
        }
        Ok(Self { queue, id, token, heartbeat })
    }
}

impl Run for Heartbeat<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let Heartbeat { queue, id, token, heartbeat } = Heartbeat::parse(&words)?;
        jobs::heartbeat(ctx, queue, id, token, &heartbeat)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Complete<'a> {
    queue: &'a [u8],
    id: &'a [u8],
    token: u64,
    result: &'a [u8],
}

impl<'a> Complete<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, id, token, result] = words else { return Err(wrong_number()) };
        let token = options::token(token)?;
        check_payload(result, "the result is over assess.max-payload")?;
        Ok(Self { queue, id, token, result })
    }
}

impl Run for Complete<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let Complete { queue, id, token, result } = Complete::parse(&words)?;
        jobs::report(ctx, queue, id, token, Report::Completed { result })
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Fail<'a> {
    queue: &'a [u8],
    id: &'a [u8],
    token: u64,
    error: &'a [u8],
    retry: bool,
    traceback: Option<&'a [u8]>,
}

impl<'a> Fail<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, id, token, error, rest @ ..] = words else { return Err(wrong_number()) };
        let mut fail = Self { queue, id, token: options::token(token)?, error, retry: true, traceback: None };
        let mut given = options::of(rest);
        while let Some(option) = given.next(&["RETRY", "TRACEBACK"])? {
            match option {
                "RETRY" => fail.retry = given.yes_or_no(option)?,
                _ => fail.traceback = Some(given.value(option)?),
            }
        }
        Ok(fail)
    }
}

impl Run for Fail<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let Fail { queue, id, token, error, retry, traceback } = Fail::parse(&words)?;
        jobs::report(ctx, queue, id, token, Report::Failed { error, retry, traceback })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &[u8] = b"00000000000000ff";

    fn refused<'a, T: std::fmt::Debug>(parse: impl Fn(&[&'a [u8]]) -> Outcome<T>, cases: &[(&[&'a [u8]], &str)]) {
        settings::reset();
        for (words, named) in cases {
            let failure = parse(words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }

    #[test]
    fn a_claim_has_types_and_options() {
        settings::reset();
        let plain = Claim::parse(&[b"q", b"1", b"mail"]).unwrap();
        let claim = engine::Claim { types: vec![b"mail"], lease_ms: 30_000, count: 1, worker: None };
        assert_eq!(plain, Claim { queue: b"q", claim, block_ms: None });
        let all = Claim::parse(&[
            b"q", b"2", b"BLOCK", b"mail", b"worker", b"w1", b"COUNT", b"100", b"BLOCK", b"0", b"LEASE", b"5",
        ]);
        let claim = engine::Claim { types: vec![b"BLOCK", b"mail"], lease_ms: 5, count: 100, worker: Some(b"w1") };
        assert_eq!(all, Ok(Claim { queue: b"q", claim, block_ms: Some(0) }));
    }

    #[test]
    fn bad_claims_are_refused() {
        refused(
            Claim::parse,
            &[
                (&[b"q"], "wrong number"),
                (&[b"q", b"0", b"mail"], "n must be a whole number, at least 1"),
                (&[b"q", b"2", b"mail"], "n must be the number of types"),
                (&[b"q", b"101", b"mail"], "TOOBIG"),
                (&[b"q", b"1", b""], "a type must have 1 to 256 bytes"),
                (&[b"q", b"1", b"mail", b"sms"], "unknown option SMS"),
                (&[b"q", b"1", b"mail", b"LEASE", b"0"], "LEASE must be a whole number from 1 to"),
                (&[b"q", b"1", b"mail", b"BLOCK", b"-1"], "BLOCK must be a whole number from 0 to"),
                (&[b"q", b"1", b"mail", b"COUNT", b"0"], "COUNT must be a whole number from 1 to 100"),
                (&[b"q", b"1", b"mail", b"COUNT", b"101"], "COUNT must be a whole number from 1 to 100"),
                (&[b"q", b"1", b"mail", b"WORKER", b""], "WORKER must have 1 to 256 bytes"),
            ],
        );
    }

    #[test]
    fn a_heartbeat_has_a_progress_and_a_message() {
        let plain = Heartbeat { queue: b"q", id: b"i", token: 255, heartbeat: engine::Heartbeat::default() };
        assert_eq!(Heartbeat::parse(&[b"q", b"i", TOKEN]), Ok(plain));
        let all = Heartbeat::parse(&[b"q", b"i", TOKEN, b"MESSAGE", b"half", b"progress", b"100"]).unwrap();
        assert_eq!(all.heartbeat, engine::Heartbeat { progress: Some(100), message: Some(b"half") });
        refused(
            Heartbeat::parse,
            &[
                (&[b"q", b"i"], "wrong number"),
                (&[b"q", b"i", b"ff"], "token must be 16 hex digits"),
                (&[b"q", b"i", TOKEN, b"PROGRESS", b"101"], "PROGRESS must be a whole number from 0 to 100"),
                (&[b"q", b"i", TOKEN, b"PROGRESS", b"-1"], "PROGRESS must be a whole number from 0 to 100"),
                (&[b"q", b"i", TOKEN, b"MESSAGE"], "MESSAGE needs a value"),
            ],
        );
    }

    #[test]
    fn a_report_is_a_result_or_an_error() {
        settings::reset();
        let complete = Complete { queue: b"q", id: b"i", token: 255, result: b"" };
        assert_eq!(Complete::parse(&[b"q", b"i", TOKEN, b""]), Ok(complete));
        let fail = Fail { queue: b"q", id: b"i", token: 255, error: b"no", retry: true, traceback: None };
        assert_eq!(Fail::parse(&[b"q", b"i", TOKEN, b"no"]), Ok(fail));
        let all = Fail::parse(&[b"q", b"i", TOKEN, b"no", b"TRACEBACK", b"a:1", b"RETRY", b"NO"]).unwrap();
        assert_eq!((all.retry, all.traceback), (false, Some(&b"a:1"[..])));
        refused(
            Fail::parse,
            &[
                (&[b"q", b"i", TOKEN], "wrong number"),
                (&[b"q", b"i", b"xyz", b"no"], "token must be 16 hex digits"),
                (&[b"q", b"i", TOKEN, b"no", b"RETRY", b"maybe"], "RETRY must be yes or no"),
            ],
        );
        let result = vec![b'x'; usize::try_from(settings::max_payload()).unwrap() + 1];
        refused(
            Complete::parse,
            &[
                (&[b"q", b"i", TOKEN], "wrong number"),
                (&[b"q", b"i", b"", b"r"], "token must be 16 hex digits"),
                (&[b"q", b"i", TOKEN, &result], "TOOBIG the result is over assess.max-payload"),
            ],
        );
    }
}
