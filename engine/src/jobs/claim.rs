//! `JOB.CLAIM`: which jobs a worker gets.

use bytes::Bytes;

use super::change::{Change, Changes};
use super::names::NameId;
use super::queue::{Queue, Random};
use super::request::{Claim, RateLimit, check_name};
use super::{JobId, Priority, State};

/// A job for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The id.
    pub id: JobId,
    /// The fencing token of this run; never 0.
    pub token: u64,
    /// The number of this run, from 1.
    pub attempt: u32,
    /// The type.
    pub job_type: Vec<u8>,
    /// The bytes that were submitted.
    pub payload: Bytes,
    /// The JSON document that was submitted.
    pub metadata: Option<Vec<u8>>,
    /// How long the lease lasts without a heartbeat, in milliseconds.
    pub lease_ms: u64,
}

/// The most jobs that one claim moves to a higher priority, so that a claim takes about the same time in every queue.
const RAISED_PER_CLAIM: usize = 64;

impl Queue {
    /// Hands out pending jobs of some types, at most `claim.count`, as far as the limits of the queue allow. No job is
    /// no error.
    pub fn claim(&mut self, now: u64, claim: &Claim<'_>, random: Random<'_>, out: &mut Changes) -> Vec<Claimed> {
        claim.types.iter().for_each(|job_type| self.activity.asked(job_type, now));
        self.age(now);
        let mut claimed = Vec::new();
        while claimed.len() < claim.count
            && self.has_place(now)
            && let Some(seq) = self.ready.first(&self.claimable_types(&claim.types))
        {
            let token = random().max(1);
            // A replica refuses a name out of its range.
            let worker = claim.worker.filter(|worker| check_name(worker, "WORKER").is_ok()).map(Into::into);
            self.commit(Change::Claimed { seq, token, at: now, lease_ms: claim.lease_ms, worker }, out);
            self.window.1 += 1;
            let Some(job) = self.jobs.get(&seq) else { break };
            claimed.push(Claimed {
                id: job.id.clone(),
                token,
                attempt: job.attempts,
                job_type: self.types.name(job.job_type).to_vec(),
                payload: job.payload.clone(),
                metadata: job.metadata().map(<[u8]>::to_vec),
                lease_ms: claim.lease_ms,
            });
        }
        claimed
    }

    /// Whether a claim of these types would find a job now.
    pub fn is_claimable(&self, now: u64, types: &[&[u8]]) -> bool {
        let within_rate = self.exhausted_until(now).is_none();
        within_rate && self.has_running_place() && self.ready.first(&self.claimable_types(types)).is_some()
    }

    /// Whether jobs of these types are pending and not paused, whatever the limits are.
    pub fn has_pending(&self, types: &[&[u8]]) -> bool {
        self.ready.first(&self.claimable_types(types)).is_some()
    }

    /// When the window of `RATE` ends, if the limit keeps pending jobs from being claimed now. No command announces
    /// that time.
    pub fn next_claimable(&self, now: u64) -> Option<u64> {
        self.exhausted_until(now).filter(|_| self.total(State::Pending) > 0)
    }

    /// Whether a time is in the last window of `RATE`. A clock that was set back has left it, too.
    fn is_in_window(&self, now: u64, rate: RateLimit) -> bool {
        (self.window.0..self.window.0.saturating_add(rate.per_ms)).contains(&now)
    }

    /// The end of the window of `RATE`, when no claim is left in it.
    fn exhausted_until(&self, now: u64) -> Option<u64> {
        let rate = self.limits.rate.filter(|&rate| self.is_in_window(now, rate) && self.window.1 >= rate.count)?;
        Some(self.window.0.saturating_add(rate.per_ms))
    }

    fn claimable_types(&self, types: &[&[u8]]) -> Vec<NameId> {
        if self.paused {
            return Vec::new();
        }
        let is_paused = |job_type: &[u8]| !self.paused_types.is_empty() && self.paused_types.contains(job_type);
        types.iter().filter(|job_type| !is_paused(job_type)).filter_map(|job_type| self.types.find(job_type)).collect()
    }

    fn has_running_place(&self) -> bool {
        self.total(State::Running) < self.limits.max_running
    }

    /// Whether one more job may run; begins a new window of `RATE` when the last one is over.
    fn has_place(&mut self, now: u64) -> bool {
        if self.limits.rate.is_some_and(|rate| !self.is_in_window(now, rate)) {
            self.window = (now, 0);
        }
        self.exhausted_until(now).is_none() && self.has_running_place()
    }

    /// Moves jobs that have waited long to the next higher priority. The order is derived from their times of waiting,
    /// so nothing is replicated: a server that becomes the master does the same.
    fn age(&mut self, now: u64) {
        let step = self.limits.ageing_ms;
        if step == 0 {
            return;
        }
        for _ in 0..RAISED_PER_CLAIM {
            let aged = Priority::ALL.into_iter().rev().find_map(|priority| {
                let next = priority.next()?;
                let (since, seq) = self.ready.oldest(priority)?;
                let raised_at = since.saturating_add(step);
                (raised_at <= now).then_some((seq, next, raised_at))
            });
            let Some((seq, next, raised_at)) = aged else { return };
            self.raise(seq, next, raised_at);
        }
    }
}
