//! `JOB.SCHEDULE`, `JOB.UNSCHEDULE`, `JOB.SCHEDULES`.

use assess_engine::jobs::schedule::MIN_EVERY_MS;
use assess_engine::jobs::{MAX_MS, ScheduleRequest, TimingRequest};

use super::submit::{Subject, job_options, submission};
use super::{named, wrong_number};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::jobs;
use crate::options;
use crate::reply::Reply;

const NAME: &str = "the name of a schedule";

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Schedule<'a> {
    queue: &'a [u8],
    request: ScheduleRequest<'a>,
}

impl<'a> Schedule<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, name, rest @ ..] = words else { return Err(wrong_number()) };
        let name = named(name, NAME)?;
        let (timing, rest) = timing(rest)?;
        let [job_type, payload, rest @ ..] = rest else {
            return Err(Failure::err("the type and the payload of the job must follow the times of the schedule"));
        };
        let submission = submission(job_type, payload)?;
        let options = job_options(rest, Subject::Schedule)?;
        Ok(Self { queue, request: ScheduleRequest { name, timing, submission, options } })
    }
}

/// The times of a schedule and the words after them. `TZ` is an option only here, immediately after the expression.
fn timing<'w, 'a>(words: &'w [&'a [u8]]) -> Outcome<(TimingRequest<'a>, &'w [&'a [u8]])> {
    let [kind, value, rest @ ..] = words else { return Err(wrong_number()) };
    match options::choice(kind, &[("EVERY", true), ("CRON", false)]) {
        Some(true) => {
            let every = options::number(value).filter(|ms| (MIN_EVERY_MS..=MAX_MS).contains(ms));
            let every = every
                .ok_or_else(|| Failure::err(format!("EVERY must be a whole number from {MIN_EVERY_MS} to {MAX_MS}")))?;
            Ok((TimingRequest::Every(every), rest))
        }
        Some(false) => {
            let expr = named(value, "CRON")?;
            match rest {
                [option, zone, rest @ ..] if option.eq_ignore_ascii_case(b"TZ") => {
                    Ok((TimingRequest::Cron { expr, zone: Some(named(zone, "TZ")?) }, rest))
                }
                rest => Ok((TimingRequest::Cron { expr, zone: None }, rest)),
            }
        }
        None => Err(Failure::err("expected EVERY ms or CRON expression after the name of the schedule")),
    }
}

impl Run for Schedule<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let schedule = Schedule::parse(&words)?;
        jobs::may_submit(ctx, schedule.request.submission.job_type)?;
        jobs::schedule(ctx, schedule.queue, schedule.request)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Unschedule<'a> {
    queue: &'a [u8],
    name: &'a [u8],
}

impl<'a> Unschedule<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue, name] = words else { return Err(wrong_number()) };
        Ok(Self { queue, name: named(name, NAME)? })
    }
}

impl Run for Unschedule<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        let unschedule = Unschedule::parse(&words)?;
        jobs::unschedule(ctx, unschedule.queue, unschedule.name)
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::commands) struct Schedules<'a> {
    queue: &'a [u8],
}

impl<'a> Schedules<'a> {
    fn parse(words: &[&'a [u8]]) -> Outcome<Self> {
        let [queue] = words else { return Err(wrong_number()) };
        Ok(Self { queue })
    }
}

impl Run for Schedules<'_> {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let words = argv.words(1);
        jobs::schedules(ctx, Schedules::parse(&words)?.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;
    use assess_engine::jobs::{JobOptions, Submission, Unique};

    fn request<'a>(rest: &[&'a [u8]]) -> Outcome<ScheduleRequest<'a>> {
        settings::reset();
        Schedule::parse(&[&[&b"q"[..], b"nightly"], rest].concat()).map(|schedule| schedule.request)
    }

    #[test]
    fn the_times_come_before_the_job_and_its_options() {
        let submission = Submission { job_type: b"report", payload: b"{}" };
        let every = request(&[b"every", b"60000", b"report", b"{}", b"UNIQUE", b"active"]);
        let options = JobOptions { unique: Some(Unique::Active), ..JobOptions::default() };
        let name = b"nightly";
        assert_eq!(every, Ok(ScheduleRequest { name, timing: TimingRequest::Every(60_000), submission, options }));
        let cron = request(&[b"CRON", b"0 3 * * *", b"tz", b"Europe/Berlin", b"report", b"{}"]).unwrap();
        assert_eq!(cron.timing, TimingRequest::Cron { expr: b"0 3 * * *", zone: Some(b"Europe/Berlin") });
        assert_eq!(cron.submission, submission);
        let utc = request(&[b"CRON", b"0 3 * * *", b"report", b"TZ"]).unwrap();
        assert_eq!(utc.timing, TimingRequest::Cron { expr: b"0 3 * * *", zone: None });
        assert_eq!(utc.submission, Submission { job_type: b"report", payload: b"TZ" });
    }

    #[test]
    fn bad_schedules_are_refused() {
        let long = [b'x'; 257];
        for (rest, named) in [
            (&[&b"EVERY"[..]][..], "wrong number"),
            (&[b"EVERY", b"999", b"t", b"p"], "EVERY must be a whole number from 1000 to"),
            (&[b"EVERY", b"-5", b"t", b"p"], "EVERY must be a whole number from 1000 to"),
            (&[b"HOURLY", b"1", b"t", b"p"], "expected EVERY ms or CRON"),
            (&[b"EVERY", b"5000", b"t"], "the type and the payload"),
            (&[b"CRON", b"0 3 * * *", b"TZ", b"UTC", b"t"], "the type and the payload"),
            (&[b"CRON", &long, b"t", b"p"], "CRON must have 1 to 256 bytes"),
            (&[b"CRON", b"0 3 * * *", b"TZ", b"", b"t", b"p"], "TZ must have 1 to 256 bytes"),
            (&[b"EVERY", b"5000", b"", b"p"], "the type must have"),
            (&[b"EVERY", b"5000", b"t", b"p", b"ID", b"x"], "ID, DELAY and AT are no options"),
            (&[b"EVERY", b"5000", b"t", b"p", b"DELAY", b"1"], "ID, DELAY and AT are no options"),
            (&[b"EVERY", b"5000", b"t", b"p", b"AT", b"1"], "ID, DELAY and AT are no options"),
            (&[b"EVERY", b"5000", b"t", b"p", b"TZ", b"UTC"], "unknown option TZ"),
        ] {
            let failure = request(rest).unwrap_err().to_string();
            assert!(failure.contains(named), "{failure}");
        }
        let failure = Schedule::parse(&[b"q", b"", b"EVERY", b"5000", b"t", b"p"]).unwrap_err().to_string();
        assert_eq!(failure, "ERR the name of a schedule must have 1 to 256 bytes");
    }

    #[test]
    fn the_number_of_words_is_checked() {
        assert_eq!(Unschedule::parse(&[b"q", b"n"]), Ok(Unschedule { queue: b"q", name: b"n" }));
        assert_eq!(Schedules::parse(&[b"q"]), Ok(Schedules { queue: b"q" }));
        assert!(Unschedule::parse(&[b"q", b""]).is_err() && Unschedule::parse(&[b"q"]).is_err());
        assert!(Schedules::parse(&[]).is_err() && Schedule::parse(&[b"q"]).is_err());
    }
}
