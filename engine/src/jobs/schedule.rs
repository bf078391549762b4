//! Schedules: jobs that are submitted repeatedly, at times that a period or a cron expression gives.

mod cron;
#[cfg(test)]
mod tests;

use super::job::len;
use super::request::{JobOptions, MAX_MS, ScheduleRequest, TimingRequest, When, check_name};
use crate::{Error, Result};

/// The shortest period of `EVERY`, in milliseconds: a schedule is not a timer, and each job of it is replicated.
pub const MIN_EVERY_MS: u64 = 1_000;
/// The time zone without `TZ`.
pub const DEFAULT_ZONE: &str = "UTC";
/// The next due time of a schedule that has no further one.
pub const NEVER: u64 = u64::MAX;

/// When the jobs of a schedule are submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// Periodically.
    Every {
        /// The period in milliseconds, [`MIN_EVERY_MS`] to [`MAX_MS`].
        ms: u64,
    },
    /// At the times of a cron expression.
    Cron {
        /// Five fields, or six with seconds, or a nickname such as `@daily`; ASCII, at most 256 bytes.
        expr: Box<str>,
        /// The IANA name of the time zone, as the time zone database writes it.
        zone: Box<str>,
    },
}

impl Timing {
    /// Checks a request.
    ///
    /// # Errors
    /// As [`Timing::every`] and [`Timing::cron`].
    pub fn new(request: TimingRequest<'_>) -> Result<Self> {
        match request {
            TimingRequest::Every(ms) => Self::every(ms),
            TimingRequest::Cron { expr, zone } => Self::cron(expr, zone),
        }
    }

    /// A period in milliseconds.
    ///
    /// # Errors
    /// [`Error::Invalid`] below [`MIN_EVERY_MS`] and above [`MAX_MS`].
    pub fn every(ms: u64) -> Result<Self> {
        if (MIN_EVERY_MS..=MAX_MS).contains(&ms) {
            Ok(Self::Every { ms })
        } else {
            Err(Error::Invalid(format!("EVERY must be {MIN_EVERY_MS} to {MAX_MS} milliseconds").into()))
        }
    }

    /// A cron expression and the IANA name of a time zone, both in any case; [`DEFAULT_ZONE`] without one.
    ///
    /// It takes about 0.1 ms; 0.5 ms when no day matches.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an expression that is too long or not valid, with the name of the field; for one whose day
    /// never comes, such as 30 February; for an unknown time zone.
    pub fn cron(expr: &[u8], zone: Option<&[u8]>) -> Result<Self> {
        let expr = cron::check(expr)?;
        let zone = cron::zone_name(zone.unwrap_or(DEFAULT_ZONE.as_bytes()))?;
        Ok(Self::Cron { expr, zone })
    }

    /// The first due time strictly after a time, both in Unix milliseconds. A period has no phase of its own: it is
    /// counted from `after_ms`.
    ///
    /// When the clock of the zone changes:
    /// - a time that is skipped: an expression with one second, one minute and one hour (`30 2 * * *`) is due right
    ///   after the gap; any other expression is not due in the gap;
    /// - a time that occurs twice: the former is due once, at the first occurrence; any other at both.
    ///
    /// `None` when there is none within about 50 years, and after the year 5000.
    pub fn next_after(&self, after_ms: u64) -> Option<u64> {
        match self {
            Self::Every { ms } => after_ms.checked_add(*ms),
            Self::Cron { expr, zone } => cron::next_after(expr, zone, after_ms),
        }
    }
}

/// A job that is submitted at each due time, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub(super) name: Box<[u8]>,
    pub(super) timing: Timing,
    pub(super) job_type: Box<[u8]>,
    pub(super) payload: Box<[u8]>,
    pub(super) options: JobOptions<'static>,
    pub(super) next_due: u64,
    pub(super) last_due: Option<u64>,
}

impl Schedule {
    /// Checks a request. The first due time is a period after `now`, or the first time of the expression after it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name, a type, an option or a timing that is not valid, and for an expression that has no
    /// time within about 50 years. The length of the payload is not checked.
    pub fn new(request: ScheduleRequest<'_>, now: u64) -> Result<Self> {
        check_name(request.name, "the name of a schedule")?;
        request.submission.check()?;
        request.options.check()?;
        if request.options.id.is_some() || request.options.when != When::Now {
            return Err(Error::Invalid("ID, DELAY and AT are no options of a schedule".into()));
        }
        let timing = Timing::new(request.timing)?;
        let next_due = timing.next_after(now).ok_or(Error::Invalid(cron::NEVER_COMES.into()))?;
        Ok(Self {
            name: request.name.into(),
            timing,
            job_type: request.submission.job_type.into(),
            payload: request.submission.payload.into(),
            options: request.options.into_owned(),
            next_due,
            last_due: None,
        })
    }

    /// The name in its queue.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        let timing = match &self.timing {
            Timing::Every { .. } => 0,
            Timing::Cron { expr, zone } => expr.len() + zone.len(),
        };
        let options = len(self.options.group.as_deref()) + len(self.options.metadata.as_deref());
        self.name.len() + timing + self.job_type.len() + self.payload.len() + options
    }

    /// When jobs are submitted.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The type of the job.
    pub fn job_type(&self) -> &[u8] {
        &self.job_type
    }

    /// The payload of the job.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The options of the job.
    pub fn options(&self) -> &JobOptions<'static> {
        &self.options
    }

    /// The next due time, in Unix milliseconds; [`NEVER`] when there is none.
    pub fn next_due(&self) -> u64 {
        self.next_due
    }

    /// The last due time for which a job was submitted, in Unix milliseconds.
    pub fn last_due(&self) -> Option<u64> {
        self.last_due
    }

    /// The job of [`Schedule::next_due`] was submitted at `now`: moves to the first due time after `now`. Due times
    /// between the two are skipped, so that what was missed while no server ran is submitted once. A period keeps its
    /// phase.
    pub fn fired(&mut self, now: u64) {
        let due = self.next_due;
        let after = now.max(due);
        self.last_due = Some(due);
        self.next_due = match &self.timing {
            Timing::Every { ms } => {
                let periods = (after - due) / (*ms).max(1) + 1;
                due.saturating_add(periods.saturating_mul(*ms))
            }
            timing @ Timing::Cron { .. } => timing.next_after(after).unwrap_or(NEVER),
        };
    }
}
