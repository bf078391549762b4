//! Bytes to changes. The bytes may be damaged or crafted.

use std::borrow::Cow;

use super::Tag;
use super::bytes::{CORRUPT, Reader};
use crate::Result;
use crate::jobs::change::{Change, Finished, Record};
use crate::jobs::id::JobId;
use crate::jobs::job::{Extra, Job, NO_GROUP, Past, Reported, Run};
use crate::jobs::request::{JobOptions, Limits, MAX_METADATA, MAX_NAME, RateLimit, Unique, When};
use crate::jobs::{Event, Priority, Schedule, State, Timing};
use crate::json::has_json_form;

/// Removes the first change from the bytes; `None` at their end.
///
/// # Errors
/// [`crate::Error::Corrupt`] when the bytes do not begin with a change.
pub(in crate::jobs) fn decode(bytes: &mut &[u8]) -> Result<Option<Change>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader(bytes);
    let change = change(&mut reader)?;
    *bytes = reader.0;
    Ok(Some(change))
}

fn change(from: &mut Reader<'_>) -> Result<Change> {
    let tag = from.byte()?;
    let tag = Tag::ALL.into_iter().find(|&known| known as u8 == tag).ok_or(CORRUPT)?;
    Ok(match tag {
        Tag::Put => Change::Put(Box::new(record(from)?)),
        Tag::Claimed => Change::Claimed {
            seq: from.number()?,
            token: from.number()?,
            at: from.number()?,
            lease_ms: from.number()?,
            worker: from.optional(name)?,
        },
        Tag::Extended => Change::Extended {
            seq: from.number()?,
            at: from.number()?,
            progress: from.optional(percent)?,
            message: from.optional(Reader::text)?,
        },
        Tag::Due => Change::Due { seq: from.number()?, at: from.number()? },
        Tag::Finished => Change::Finished(Box::new(finished(from)?)),
        Tag::CancelRequested => Change::CancelRequested { seq: from.number()?, at: from.number()? },
        Tag::RerunRequested => Change::RerunRequested { seq: from.number()?, payload: from.text()?.into() },
        Tag::Revived => Change::Revived { seq: from.number()?, at: from.number()? },
        Tag::Removed => Change::Removed { seq: from.number()? },
        Tag::Limited => Change::Limited(Box::new(limits(from)?)),
        Tag::Paused => Change::Paused(from.optional(name)?),
        Tag::Resumed => Change::Resumed(from.optional(name)?),
        Tag::Scheduled => Change::Scheduled(Box::new(schedule(from)?)),
        Tag::Unscheduled => Change::Unscheduled(name(from)?),
    })
}

fn name(from: &mut Reader<'_>) -> Result<Box<[u8]>> {
    let name = from.text()?;
    if name.is_empty() || name.len() > MAX_NAME { Err(CORRUPT) } else { Ok(name) }
}

fn percent(from: &mut Reader<'_>) -> Result<u8> {
    let percent = from.byte()?;
    if percent > 100 { Err(CORRUPT) } else { Ok(percent) }
}

fn metadata(from: &mut Reader<'_>) -> Result<Box<[u8]>> {
    let metadata = from.text()?;
    // Not stricter than the commands have been: a data set of an earlier build may have texts that are not UTF-8.
    if metadata.len() > MAX_METADATA || !has_json_form(&metadata) {
        return Err(CORRUPT);
    }
    Ok(metadata)
}

fn finished(from: &mut Reader<'_>) -> Result<Finished> {
    Ok(Finished {
        seq: from.number()?,
        at: from.number()?,
        event: from.of(&Event::ALL)?,
        by_report: from.flag()?,
        run_at: from.number()?,
        result: from.optional(Reader::text)?,
        error: from.optional(Reader::text)?,
        traceback: from.optional(Reader::text)?,
    })
}

fn record(from: &mut Reader<'_>) -> Result<Record> {
    let seq = from.number()?;
    let id = JobId::of(&name(from)?);
    let job_type = name(from)?;
    let group = from.optional(name)?;
    let (state, priority) = (from.of(&State::ALL)?, from.of(&Priority::ALL)?);
    let (created, since) = (from.number()?, from.number()?);
    let (attempts, failures, lost) = (from.small()?, from.small()?, from.small()?);
    let payload = from.text()?.into();
    let extra = from.optional(extra)?.and_then(Record::boxed);
    let run = from.optional(run)?.map(Box::new);
    let past = from.optional(past)?.map(Box::new);
    let job = Job {
        id,
        payload,
        extra,
        run,
        past,
        created,
        since,
        content: 0,
        job_type: 0,
        group: NO_GROUP,
        attempts,
        failures,
        lost,
        state,
        priority,
        effective: priority,
        effective_since: since,
    };
    Ok(Record { seq, job_type, group, job })
}

fn extra(from: &mut Reader<'_>) -> Result<Extra> {
    Ok(Extra {
        ttl_ms: from.optional(Reader::number)?,
        retries: from.small()?,
        backoff_ms: from.number()?,
        timeout_ms: from.optional(Reader::number)?,
        metadata: from.optional(metadata)?,
    })
}

fn run(from: &mut Reader<'_>) -> Result<Run> {
    Ok(Run {
        token: from.number()?,
        started: from.number()?,
        lease_ms: from.number()?,
        lease_until: from.number()?,
        worker: from.optional(name)?,
        progress: percent(from)?,
        message: from.optional(Reader::text)?,
        cancelled: from.optional(Reader::number)?,
        rerun: from.flag()?,
        number: 0,
    })
}

fn past(from: &mut Reader<'_>) -> Result<Past> {
    Ok(Past {
        token: from.number()?,
        reported: from.of(&[Reported::Nothing, Reported::Completed, Reported::Failed, Reported::FailedOver])?,
        started: from.optional(Reader::number)?,
        worker: from.optional(name)?,
        progress: percent(from)?,
        message: from.optional(Reader::text)?,
        cancelled: from.flag()?,
        result: from.optional(Reader::text)?,
        error: from.optional(Reader::text)?,
        traceback: from.optional(Reader::text)?,
        drop_at: from.number()?,
    })
}

fn limits(from: &mut Reader<'_>) -> Result<Limits> {
    let mut numbers = [0; 9];
    for number in &mut numbers {
        *number = from.number()?;
    }
    let [max_running, max_per_group, ageing_ms, max_jobs, max_bytes, keep_ms @ ..] = numbers;
    let rate = from.optional(|from| Ok(RateLimit { count: from.number()?, per_ms: from.number()? }))?;
    if rate.is_some_and(|rate| rate.count == 0 || rate.per_ms == 0) {
        return Err(CORRUPT);
    }
    Ok(Limits { max_running, max_per_group, rate, ageing_ms, max_jobs, max_bytes, keep_ms })
}

fn schedule(from: &mut Reader<'_>) -> Result<Schedule> {
    let schedule_name = name(from)?;
    let timing = match from.byte()? {
        0 => Timing::every(from.number()?),
        1 => Timing::cron(&from.text()?, Some(&from.text()?)),
        _ => Err(CORRUPT),
    };
    Ok(Schedule {
        name: schedule_name,
        timing: timing.map_err(|_| CORRUPT)?,
        job_type: name(from)?,
        payload: from.text()?,
        next_due: from.number()?,
        last_due: from.optional(Reader::number)?,
        options: options(from)?,
    })
}

fn options(from: &mut Reader<'_>) -> Result<JobOptions<'static>> {
    let priority = from.of(&Priority::ALL)?;
    let unique = from.optional(|from| from.of(&[Unique::Queued, Unique::Active, Unique::Rerun, Unique::Replace]))?;
    let group = from.optional(name)?.map(|group| Cow::Owned(group.into_vec()));
    let Extra { ttl_ms, retries, backoff_ms, timeout_ms, metadata } = extra(from)?;
    Ok(JobOptions {
        id: None,
        priority,
        when: When::Now,
        ttl_ms,
        retries,
        backoff_ms,
        timeout_ms,
        unique,
        group,
        metadata: metadata.map(|metadata| Cow::Owned(metadata.into_vec())),
    })
}
