//! The requests to a queue, as typed values. Texts are bytes as the client sent them; [`check`](Submission::check)
//! bounds them.

use std::borrow::Cow;

use super::{Priority, State};
use crate::json::is_json;
use crate::{Error, Result};

/// The longest id, type, group, worker and schedule name, in bytes.
pub const MAX_NAME: usize = 256;
/// The longest progress message, in bytes; a longer one is truncated with a mark.
pub const MAX_MESSAGE: usize = 1 << 10;
/// The longest error and traceback, in bytes; a longer one is truncated with a mark.
pub const MAX_ERROR: usize = 64 << 10;
/// The longest duration, in milliseconds: a hundred years.
pub const MAX_MS: u64 = 100 * 366 * 24 * 3600 * 1000;
/// The longest `METADATA`, in bytes: it is parsed when it is submitted, and shown in every list.
pub const MAX_METADATA: usize = 64 << 10;
/// The most retries of a job.
pub const MAX_RETRIES: u32 = 1_000_000;
/// How long an ended job is kept without `TTL` and `KEEP`, in milliseconds.
pub const DEFAULT_TTL_MS: u64 = 3_600_000;
/// The retries of a job without `RETRIES`.
pub const DEFAULT_RETRIES: u32 = 3;
/// The delay before the first retry without `BACKOFF`, in milliseconds.
pub const DEFAULT_BACKOFF_MS: u64 = 1_000;
/// The lease of a claim without `LEASE`, in milliseconds.
pub const DEFAULT_LEASE_MS: u64 = 30_000;
/// How long a worker keeps its token after a request to cancel its job, in milliseconds.
pub const CANCEL_GRACE_MS: u64 = 5_000;

/// When a submitted job becomes claimable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// Immediately.
    #[default]
    Now,
    /// After so many milliseconds (`DELAY`).
    After(u64),
    /// At a Unix time in milliseconds (`AT`); immediately if it has passed.
    At(u64),
}

/// What makes a submission a duplicate of an existing job with the same type and payload, or the same id (`UNIQUE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// One that waits.
    Queued,
    /// One that waits or runs.
    Active,
    /// As `Active`; one that runs is run once more when it ends.
    Rerun,
    /// The one that waits gets the new payload and options, and its delay starts again.
    Replace,
}

/// The options of `JOB.SUBMIT`, `JOB.SUBMITMANY` and `JOB.SCHEDULE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOptions<'a> {
    /// The id; a UUID without it.
    pub id: Option<Cow<'a, [u8]>>,
    /// The priority.
    pub priority: Priority,
    /// When the job becomes claimable.
    pub when: When,
    /// How long the job is kept after it has ended, in milliseconds; the queue's `KEEP`, then an hour without it.
    pub ttl_ms: Option<u64>,
    /// How often the job is run again after a failure, and how many lost leases make it dead.
    pub retries: u32,
    /// The delay before the first retry, in milliseconds; it doubles with every failure.
    pub backoff_ms: u64,
    /// The longest run, in milliseconds; without limit when `None`.
    pub timeout_ms: Option<u64>,
    /// What makes the submission a duplicate.
    pub unique: Option<Unique>,
    /// The tenant for which the job runs.
    pub group: Option<Cow<'a, [u8]>>,
    /// A JSON document for workers and observers.
    pub metadata: Option<Cow<'a, [u8]>>,
}

impl Default for JobOptions<'_> {
    fn default() -> Self {
        Self {
            id: None,
            priority: Priority::Normal,
            when: When::Now,
            ttl_ms: None,
            retries: DEFAULT_RETRIES,
            backoff_ms: DEFAULT_BACKOFF_MS,
            timeout_ms: None,
            unique: None,
            group: None,
            metadata: None,
        }
    }
}

impl JobOptions<'_> {
    /// The same options with texts of their own.
    pub fn into_owned(self) -> JobOptions<'static> {
        let owned = |text: Option<Cow<'_, [u8]>>| text.map(|text| Cow::Owned(text.into_owned()));
        JobOptions {
            id: owned(self.id),
            group: owned(self.group),
            metadata: owned(self.metadata),
            ..JobOptions {
                id: None,
                group: None,
                metadata: None,
                priority: self.priority,
                when: self.when,
                ttl_ms: self.ttl_ms,
                retries: self.retries,
                backoff_ms: self.backoff_ms,
                timeout_ms: self.timeout_ms,
                unique: self.unique,
            }
        }
    }

    /// Checks the lengths and ranges.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn check(&self) -> Result<()> {
        let short = |text: &Option<Cow<'_, [u8]>>, what: &'static str| {
            text.as_deref().map_or(Ok(()), |text| check_name(text, what))
        };
        short(&self.id, "ID")?;
        short(&self.group, "GROUP")?;
        let Some(metadata) = self.metadata.as_deref() else { return Ok(()) };
        if metadata.len() > MAX_METADATA {
            return Err(Error::Invalid(format!("METADATA must have at most {MAX_METADATA} bytes").into()));
        }
        if !is_json(metadata) {
            return Err(Error::Invalid("METADATA must be a JSON document".into()));
        }
        Ok(())
    }
}

/// One job to submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submission<'a> {
    /// The type: which handler runs the job.
    pub job_type: &'a [u8],
    /// Opaque bytes for the handler.
    pub payload: &'a [u8],
}

impl Submission<'_> {
    /// Checks the length of the type.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn check(&self) -> Result<()> {
        check_name(self.job_type, "the type")
    }
}

/// The arguments of `JOB.SCHEDULE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRequest<'a> {
    /// The name of the schedule in its queue.
    pub name: &'a [u8],
    /// When jobs are submitted.
    pub timing: TimingRequest<'a>,
    /// The job.
    pub submission: Submission<'a>,
    /// The options of the job.
    pub options: JobOptions<'a>,
}

/// The times of a schedule as the client sent them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimingRequest<'a> {
    /// `EVERY`: a period in milliseconds.
    Every(u64),
    /// `CRON`, with `TZ`.
    Cron {
        /// The expression.
        expr: &'a [u8],
        /// The IANA name of the time zone; UTC without it.
        zone: Option<&'a [u8]>,
    },
}

/// Fails for an empty name and for one that is too long.
///
/// # Errors
/// [`Error::Invalid`] with `what` as the subject of the sentence.
pub fn check_name(name: &[u8], what: &'static str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Error::Invalid(format!("{what} must have 1 to {MAX_NAME} bytes").into()));
    }
    Ok(())
}

/// The arguments of `JOB.CLAIM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The types that the worker can run.
    pub types: Vec<&'a [u8]>,
    /// The lease, in milliseconds.
    pub lease_ms: u64,
    /// The most jobs.
    pub count: usize,
    /// The name of the worker.
    pub worker: Option<&'a [u8]>,
}

/// What a worker reports with `JOB.HEARTBEAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heartbeat<'a> {
    /// The completed share in percent, 0..=100.
    pub progress: Option<u8>,
    /// What the worker does now.
    pub message: Option<&'a [u8]>,
}

/// The end of a run as its worker reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report<'a> {
    /// `JOB.COMPLETE`.
    Completed {
        /// Opaque bytes for the client.
        result: &'a [u8],
    },
    /// `JOB.FAIL`.
    Failed {
        /// One line for people.
        error: &'a [u8],
        /// Whether the job may be run again.
        retry: bool,
        /// The stack of the error.
        traceback: Option<&'a [u8]>,
    },
}

/// The filter of `JOB.LIST`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Only jobs in this state.
    pub state: Option<State>,
    /// Only jobs of this type.
    pub job_type: Option<&'a [u8]>,
    /// Only jobs of this group.
    pub group: Option<&'a [u8]>,
}

/// A rate: at most `count` claims in each window of `per_ms` milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Claims, at least 1.
    pub count: u64,
    /// The window in milliseconds, at least 1.
    pub per_ms: u64,
}

/// The limits of a queue (`JOB.CONFIG`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most jobs that run at a time.
    pub max_running: u64,
    /// The most jobs of one group that run at a time; 0 = no limit.
    pub max_per_group: u64,
    /// The most claims in a window of time.
    pub rate: Option<RateLimit>,
    /// After how many milliseconds a waiting job moves to the next higher priority; 0 = never.
    pub ageing_ms: u64,
    /// The most jobs that wait, and the most ended jobs that are kept; 0 = no limit.
    pub max_jobs: u64,
    /// The same for the bytes of payloads and results; 0 = no limit.
    pub max_bytes: u64,
    /// How long ended jobs without `TTL` are kept, in milliseconds, in the order completed, failed, cancelled, dead.
    pub keep_ms: [u64; 4],
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_running: 10,
            max_per_group: 0,
            rate: None,
            ageing_ms: 300_000,
            max_jobs: 0,
            max_bytes: 0,
            keep_ms: [DEFAULT_TTL_MS; 4],
        }
    }
}

/// What `JOB.CONFIG` changes: `None` leaves a limit as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitChanges {
    /// See [`Limits::max_running`].
    pub max_running: Option<u64>,
    /// See [`Limits::max_per_group`].
    pub max_per_group: Option<u64>,
    /// See [`Limits::rate`]; `Some(None)` removes it.
    pub rate: Option<Option<RateLimit>>,
    /// See [`Limits::ageing_ms`].
    pub ageing_ms: Option<u64>,
    /// See [`Limits::max_jobs`].
    pub max_jobs: Option<u64>,
    /// See [`Limits::max_bytes`].
    pub max_bytes: Option<u64>,
    /// States and how long their jobs are kept, in milliseconds.
    pub keep_ms: Vec<(State, u64)>,
}
