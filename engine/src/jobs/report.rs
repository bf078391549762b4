//! What workers report: heartbeats, results, failures. Every report needs the token of the current run.

use super::Event;
use super::change::{Change, Changes, Finished};
use super::hooks;
use super::job::{Job, Past, Reported};
use super::queue::{LostCause, Queue, Random, Refusal};
use super::request::{Heartbeat, MAX_ERROR, MAX_MESSAGE, MAX_MS, Report};

/// The reply to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// Go on.
    Continue,
    /// The job was cancelled: stop and report.
    Cancel,
}

/// The longest delay before a retry, in milliseconds: a day.
const MAX_BACKOFF_MS: u64 = 24 * 3600 * 1000;

impl Queue {
    /// Extends the lease of a running job and records its progress.
    ///
    /// # Errors
    /// [`Refusal::NoJob`], [`Refusal::LeaseLost`].
    pub fn heartbeat(
        &mut self,
        now: u64,
        id: &[u8],
        token: u64,
        heartbeat: &Heartbeat<'_>,
        out: &mut Changes,
    ) -> Result<Directive, Refusal> {
        let (seq, job) = self.find(id)?;
        self.check_token(now, job, token)?;
        let is_cancelled = job.run.as_ref().is_some_and(|run| run.cancelled.is_some());
        let message = heartbeat.message.map(|message| cut(message, MAX_MESSAGE));
        let progress = heartbeat.progress.map(|percent| percent.min(100));
        self.commit(Change::Extended { seq, at: now, progress, message }, out);
        Ok(if is_cancelled { Directive::Cancel } else { Directive::Continue })
    }

    /// Ends the current run. A report that is repeated with its token, while its effect is in place, changes nothing.
    ///
    /// # Errors
    /// [`Refusal::NoJob`], [`Refusal::LeaseLost`].
    pub fn report(
        &mut self,
        now: u64,
        id: &[u8],
        token: u64,
        report: Report<'_>,
        random: Random<'_>,
        out: &mut Changes,
    ) -> Result<(), Refusal> {
        let (seq, job) = self.find(id)?;
        let kind = match report {
            Report::Completed { .. } => Reported::Completed,
            Report::Failed { .. } => Reported::Failed,
        };
        if job.past.as_ref().is_some_and(|past| past.token == token && past.reported == kind) {
            return Ok(());
        }
        self.check_token(now, job, token)?;
        let mut finished = match report {
            Report::Completed { result } => completed(seq, now, job, result),
            Report::Failed { error, retry, traceback } => {
                let mut finished = failed(seq, now, job, retry, random);
                finished.error = Some(cut(error, MAX_ERROR));
                finished.traceback = traceback.map(|traceback| cut(traceback, MAX_ERROR));
                finished
            }
        };
        finished.by_report = true;
        self.commit(Change::Finished(Box::new(finished)), out);
        self.drop_excess(out);
        Ok(())
    }

    /// An error unless the token is that of the current run.
    fn check_token(&self, now: u64, job: &Job, token: u64) -> Result<(), Refusal> {
        let run = job.run.as_deref();
        if run.is_some() && hooks::is_fence_off() {
            return Ok(());
        }
        let past_token = job.past.as_ref().map(|past| past.token);
        let cause = match run {
            Some(run) if run.token == token => match (self.is_fenced(run), now >= job.deadline(), run.cancelled) {
                (false, false, _) => return Ok(()),
                (true, ..) => LostCause::Failover,
                (false, true, Some(_)) => LostCause::Cancelled,
                (false, true, None) => LostCause::Expired,
            },
            None if past_token == Some(token) => match job.past.as_deref() {
                Some(Past { cancelled: true, .. }) => LostCause::Cancelled,
                Some(Past { reported: Reported::FailedOver, .. }) => LostCause::Failover,
                _ => LostCause::Expired,
            },
            _ => LostCause::Unknown,
        };
        Err(Refusal::LeaseLost(cause))
    }
}

fn completed(seq: u64, now: u64, job: &Job, result: &[u8]) -> Finished {
    if job.run.as_ref().is_some_and(|run| run.rerun) {
        return Finished::new(seq, now, Event::Rerun);
    }
    Finished { result: Some(result.into()), ..Finished::new(seq, now, Event::Completed) }
}

/// The end of a run with an error: cancelled, run again, or failed. The error is added by the caller.
pub(super) fn failed(seq: u64, now: u64, job: &Job, retry: bool, random: Random<'_>) -> Finished {
    let run = job.run.as_deref();
    // First: it was requested after the cancellation, which would have ended the request otherwise.
    if run.is_some_and(|run| run.rerun) {
        return Finished::new(seq, now, Event::Rerun);
    }
    if run.is_some_and(|run| run.cancelled.is_some()) {
        return Finished::new(seq, now, Event::Cancelled);
    }
    if !retry || job.failures >= job.retries() {
        return Finished::new(seq, now, Event::Failed);
    }
    let delay = backoff(job.backoff_ms(), job.failures, random);
    Finished { run_at: now.saturating_add(delay), ..Finished::new(seq, now, Event::Retried) }
}

/// The delay before the next run: doubled with every failure, at most a day, and up to a quarter longer at random, so
/// that jobs that failed together do not run again together.
fn backoff(base_ms: u64, failures: u32, random: Random<'_>) -> u64 {
    let most = MAX_BACKOFF_MS.max(base_ms).min(MAX_MS);
    let doubled = base_ms.saturating_mul(1 << failures.min(32)).min(most);
    doubled + random() % (doubled / 4 + 1)
}

/// A text of at most `most` bytes; a longer one ends with a mark.
fn cut(text: &[u8], most: usize) -> Box<[u8]> {
    const MARK: &[u8] = b"... (truncated)";
    if text.len() <= most {
        return text.into();
    }
    let most = most - MARK.len();
    // Not inside a character of UTF-8, which has four bytes at most; the text may be no UTF-8.
    let end = (most - 3..=most).rev().find(|&end| text[end] & 0xc0 != 0x80).unwrap_or(most);
    [&text[..end], MARK].concat().into()
}
