//! `JOB.SUBMIT` and `JOB.SUBMITMANY`, and the options of jobs.

use std::borrow::Cow;

use assess_engine::jobs::{JobOptions, MAX_MS, MAX_RETRIES, Priority, Submission, Unique, When};

use super::{check_payload, wrong_number};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::jobs;
use crate::options;
use crate::reply::Reply;

const OPTIONS: [&str; 11] =
    ["ID", "PRIORITY", "DELAY", "AT", "TTL", "RETRIES", "BACKOFF", "TIMEOUT", "UNIQUE", "GROUP", "METADATA"];
const UNIQUES: [(&str, Unique); 4] =
    [("queued", Unique::Queued), ("active", Unique::Active), ("rerun", Unique::Rerun), ("replace", Unique::Replace)];

/// The latest `AT`: a longest delay after a time that is itself at most a hundred years after 1970.
const LATEST: u64 = 2 * MAX_MS;

/// For what the options are. It decides which of them are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    OneJob,
    SeveralJobs,
    /// It gives each job an id and a time.
    Schedule,
}

impl Subject {
    fn permits(self, option: &str) -> Outcome<()> {
        match (self, option) {
            (Self::SeveralJobs, "ID") => {
                Err(Failure::err("ID names one job, so it is no option of JOB.SUBMITMANY, see JOB.SUBMIT"))
            }
            (Self::Schedule, "ID" | "DELAY" | "AT") => Err(Failure::err(
                "a schedule gives each job its id and its time: ID, DELAY and AT are no options of it",
            )),
            _ => Ok(()),
        }
    }
}

/// Parses the options after the payload of the last job.
pub(super) fn job_options<'a>(words: &[&'a [u8]], subject: Subject) -> Outcome<JobOptions<'a>> {
    let mut parsed = JobOptions::default();
    let mut given = options::of(words);
    while let Some(option) = given.next(&OPTIONS)? {
        subject.permits(option)?;
        match option {
            "ID" => parsed.id = Some(Cow::Borrowed(given.value(option)?)),
            "PRIORITY" => {
                parsed.priority = given.choice(option, &Priority::ALL.map(|priority| (priority.name(), priority)))?
            }
            "DELAY" | "AT" if parsed.when != When::Now => return Err(Failure::err("DELAY and AT exclude each other")),
            "DELAY" => parsed.when = When::After(given.number(option, 0..=MAX_MS)?),
            "AT" => parsed.when = When::At(given.number(option, 0..=LATEST)?),
            "TTL" => parsed.ttl_ms = Some(given.number(option, 0..=MAX_MS / 1000)? * 1000),
            // In the range, so it fits into 32 bits.
            "RETRIES" => parsed.retries = given.number(option, 0..=u64::from(MAX_RETRIES))? as u32,
            "BACKOFF" => parsed.backoff_ms = given.number(option, 0..=MAX_MS)?,
            "TIMEOUT" => parsed.timeout_ms = Some(given.number(option, 1..=MAX_MS)?),
            "UNIQUE" => parsed.unique = Some(given.choice(option, &UNIQUES)?),
            "GROUP" => parsed.group = Some(Cow::Borrowed(given.value(option)?)),
            _ => parsed.metadata = Some(Cow::Borrowed(given.value(option)?)),
        }
    }
    parsed.check()?;
    Ok(parsed)
}

/// A job of a type and a payload that are within their limits.
pub(super) fn submission<'a>(job_type: &'a [u8], payload: &'a [u8]) -> Outcome<Submission<'a>> {
    let submission = Submission { job_type, payload };
    submission.check()?;
    check_payload(payload, "the payload is over assess.max-payload")?;
    Ok(submission)
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Submit<'a> {
    queue: &'a [u8],
    job: Submission<'a>,
    options: JobOptions<'a>,
}

impl<'a> Submit<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, job_type, payload, rest @ ..] = words else { return Err(wrong_number()) };
        Ok(Self { queue, job: submission(job_type, payload)?, options: job_options(rest, Subject::OneJob)? })
    }
}

impl Run for Submit<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let submit = Submit::parse(&words)?;
        jobs::may_submit(ctx, submit.job.job_type)?;
        jobs::submit(ctx, submit.queue, &[submit.job], &submit.options)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct SubmitMany<'a> {
    queue: &'a [u8],
    jobs: Vec<Submission<'a>>,
    options: JobOptions<'a>,
}

impl<'a> SubmitMany<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, count, rest @ ..] = words else { return Err(wrong_number()) };
        let (pairs, _) = rest.as_chunks::<2>();
        let count = usize::try_from(options::batch_size(count)?).ok().filter(|&count| count <= pairs.len());
        let count =
            count.ok_or_else(|| Failure::err("n must be the number of pairs of type and payload that follow"))?;
        let jobs = pairs[..count].iter().map(|&[job_type, payload]| submission(job_type, payload));
        Ok(Self {
            queue,
            jobs: jobs.collect::<Outcome<_>>()?,
            options: job_options(&rest[count * 2..], Subject::SeveralJobs)?,
        })
    }
}

impl Run for SubmitMany<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let submit = SubmitMany::parse(&words)?;
        submit.jobs.iter().try_for_each(|job| jobs::may_submit(ctx, job.job_type))?;
        jobs::submit_many(ctx, submit.queue, &submit.jobs, &submit.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn options_of<'a>(rest: &[&'a [u8]]) -> Outcome<JobOptions<'a>> {
        settings::reset();
        Submit::parse(&[&[&b"q"[..], b"mail", b"{}"], rest].concat()).map(|submit| submit.options)
    }

    #[test]
    fn every_option_is_read_in_any_order_and_case() {
        settings::reset();
        let plain = Submit::parse(&[b"q", b"mail", b""]).unwrap();
        let job = Submission { job_type: b"mail", payload: b"" };
        assert_eq!(plain, Submit { queue: b"q", job, options: JobOptions::default() });
        let all = options_of(&[
            b"metadata",
            b"{\"a\":[1]}",
            b"GROUP",
            b"acme",
            b"UNIQUE",
            b"Replace",
            b"TIMEOUT",
            b"1",
            b"BACKOFF",
            b"0",
            b"RETRIES",
            b"1000000",
            b"TTL",
            b"0",
            b"DELAY",
            b"500",
            b"PRIORITY",
            b"CRITICAL",
            b"ID",
            b"i-1",
        ]);
        let expected = JobOptions {
            id: Some(Cow::Borrowed(b"i-1")),
            priority: Priority::Critical,
            when: When::After(500),
            ttl_ms: Some(0),
            retries: 1_000_000,
            backoff_ms: 0,
            timeout_ms: Some(1),
            unique: Some(Unique::Replace),
            group: Some(Cow::Borrowed(b"acme")),
            metadata: Some(Cow::Borrowed(b"{\"a\":[1]}")),
        };
        assert_eq!(all, Ok(expected));
        assert_eq!(options_of(&[b"AT", b"1767225600000"]).unwrap().when, When::At(1_767_225_600_000));
        assert_eq!(options_of(&[b"TTL", b"60"]).unwrap().ttl_ms, Some(60_000));
    }

    #[test]
    fn bad_options_are_refused_by_name() {
        let long = [b'x'; 257];
        let huge = [b'1'; (64 << 10) + 1];
        for (rest, named) in [
            (&[&b"FOO"[..]][..], "unknown option FOO"),
            (&[b"DELAY"], "DELAY needs a value"),
            (&[b"DELAY", b"-5"], "DELAY must be a whole number from 0 to 3162240000000"),
            (&[b"DELAY", b"3162240000001"], "DELAY must be a whole number from 0 to 3162240000000"),
            (&[b"DELAY", b"99999999999999999999999"], "DELAY must be"),
            (&[b"DELAY", b"0", b"AT", b"0"], "DELAY and AT exclude each other"),
            (&[b"AT", b"0", b"DELAY", b"0"], "DELAY and AT exclude each other"),
            (&[b"AT", b"1767225600000000"], "AT must be a whole number from 0 to 6324480000000"),
            (&[b"TTL", b"-1"], "TTL must be a whole number from 0 to 3162240000"),
            (&[b"RETRIES", b"1000001"], "RETRIES must be a whole number from 0 to 1000000"),
            (&[b"BACKOFF", b"1.5"], "BACKOFF must be"),
            (&[b"TIMEOUT", b"0"], "TIMEOUT must be a whole number from 1 to"),
            (&[b"PRIORITY", b"urgent"], "PRIORITY must be one of low, normal, high, critical"),
            (&[b"UNIQUE", b"yes"], "UNIQUE must be one of queued, active, rerun, replace"),
            (&[b"ID", b""], "ID must have 1 to 256 bytes"),
            (&[b"ID", b"a", b"ID", b"b"], "ID is given twice"),
            (&[b"GROUP", &long], "GROUP must have 1 to 256 bytes"),
            (&[b"METADATA", b"{"], "METADATA must be a JSON document"),
            (&[b"METADATA", &huge], "METADATA must have at most 65536 bytes"),
        ] {
            let failure = options_of(rest).unwrap_err().to_string();
            assert!(failure.starts_with("ERR ") && failure.contains(named), "{failure}");
        }
    }

    #[test]
    fn type_and_payload_are_within_their_limits() {
        settings::reset();
        let long = [b'x'; 257];
        for job_type in [&b""[..], &long] {
            let failure = Submit::parse(&[b"q", job_type, b""]).unwrap_err().to_string();
            assert_eq!(failure, "ERR the type must have 1 to 256 bytes");
        }
        let payload = vec![b'x'; usize::try_from(settings::max_payload()).unwrap() + 1];
        let failure = Submit::parse(&[b"q", b"mail", &payload]).unwrap_err().to_string();
        assert_eq!(failure, "TOOBIG the payload is over assess.max-payload");
        assert!(Submit::parse(&[b"q", b"mail", &payload[1..]]).is_ok());
        assert!(Submit::parse(&[b"q", b"mail"]).is_err());
    }

    #[test]
    fn several_jobs_are_counted_and_have_no_id() {
        settings::reset();
        let several = SubmitMany::parse(&[b"q", b"2", b"a", b"1", b"TTL", b"2", b"TTL", b"3"]).unwrap();
        let jobs = [(&b"a"[..], &b"1"[..]), (b"TTL", b"2")];
        assert_eq!(several.jobs, jobs.map(|(job_type, payload)| Submission { job_type, payload }));
        assert_eq!((several.queue, several.options.ttl_ms), (&b"q"[..], Some(3000)));
        for (words, named) in [
            (&[&b"q"[..]][..], "wrong number"),
            (&[b"q", b"0", b"a", b"1"], "n must be a whole number, at least 1"),
            (&[b"q", b"-1", b"a", b"1"], "n must be a whole number, at least 1"),
            (&[b"q", b"2", b"a", b"1", b"b"], "n must be the number of pairs"),
            (&[b"q", b"101", b"a", b"1"], "TOOBIG a batch is at most 100"),
            (&[b"q", b"1", b"a", b"1", b"b", b"2"], "unknown option B"),
            (&[b"q", b"1", b"a", b"1", b"ID", b"x"], "ID names one job"),
            (&[b"q", b"1", b"", b"1"], "the type must have"),
        ] {
            let failure = SubmitMany::parse(words).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
    }
}
