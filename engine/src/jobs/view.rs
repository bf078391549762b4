//! What observers see: the status of jobs, lists, figures of the queue.

use std::collections::BTreeMap;

use super::job::Job;
use super::queue::Queue;
use super::request::Filter;
use super::{JobId, Priority, State};
use crate::stats::Latency;

/// The status of a job, as `JOB.STATUS` replies it. Times in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status<'a> {
    /// The id.
    pub id: &'a JobId,
    /// The type.
    pub job_type: &'a [u8],
    /// The state.
    pub state: State,
    /// The priority with which it was submitted.
    pub priority: Priority,
    /// The completed share of the run in percent; 100 when completed.
    pub progress: u8,
    /// What the worker said last.
    pub message: Option<&'a [u8]>,
    /// When it was submitted.
    pub created: u64,
    /// When its current or last run began.
    pub started: Option<u64>,
    /// When it ended.
    pub ended: Option<u64>,
    /// When a delayed job becomes pending.
    pub due: Option<u64>,
    /// Runs so far.
    pub attempts: u32,
    /// Who runs it, or ran it last.
    pub worker: Option<&'a [u8]>,
    /// The tenant.
    pub group: Option<&'a [u8]>,
    /// Whether it was cancelled.
    pub cancel_requested: bool,
    /// The error of the last run.
    pub error: Option<&'a [u8]>,
    /// The stack of that error.
    pub traceback: Option<&'a [u8]>,
    /// The result.
    pub result: Option<&'a [u8]>,
    /// The document that was submitted.
    pub metadata: Option<&'a [u8]>,
}

/// Where a list continues: the place in the order of submission of the last job that was looked at.
pub type ListCursor = u64;

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// Jobs that match, the newest first.
    pub jobs: Vec<Status<'a>>,
    /// Where the list continues; `None` at the end.
    pub next: Option<ListCursor>,
}

/// The most counts of a type and a state that are reported.
const MAX_REPORTED: usize = 1000;

/// The number of jobs by state.
pub type Counts = [u64; State::ALL.len()];

/// Figures of a queue, as `JOB.INFO` replies them.
#[derive(Debug, Clone)]
pub struct Info<'a> {
    /// The number of jobs by state.
    pub totals: Counts,
    /// The same by type, for at least the first 142 types.
    pub by_type: BTreeMap<&'a [u8], Counts>,
    /// Types that workers asked for in the last minute.
    pub handled: Vec<&'a [u8]>,
    /// When the job that waits longest became pending.
    pub oldest_waiting: Option<u64>,
    /// Ended jobs per second over about ten seconds.
    pub per_second: f64,
    /// Times from pending to claimed, in microseconds.
    pub waiting: &'a Latency,
    /// Times from claimed to the end of the run, in microseconds.
    pub running: &'a Latency,
    /// The memory of the queue in bytes.
    pub bytes: u64,
    /// Bytes of payloads of waiting jobs.
    pub waiting_bytes: u64,
}

impl Queue {
    /// The status of a job; `None` when no job has this id.
    pub fn status(&self, id: &[u8]) -> Option<Status<'_>> {
        self.find(id).ok().map(|(_, job)| self.status_of(job))
    }

    fn status_of<'a>(&'a self, job: &'a Job) -> Status<'a> {
        let (run, past) = (job.run.as_deref(), job.past.as_deref());
        let since = |is_one: bool| is_one.then_some(job.since);
        Status {
            id: &job.id,
            job_type: self.types.name(job.job_type),
            state: job.state,
            priority: job.priority,
            progress: run.map_or(past.map_or(0, |past| past.progress), |run| run.progress),
            message: run.map_or(past.and_then(|past| past.message.as_deref()), |run| run.message.as_deref()),
            created: job.created,
            started: run.map_or(past.and_then(|past| past.started), |run| Some(run.started)),
            ended: since(job.state.is_ended()),
            due: since(job.state == State::Delayed),
            attempts: job.attempts,
            worker: run.map_or(past.and_then(|past| past.worker.as_deref()), |run| run.worker.as_deref()),
            group: self.group_name(job.group),
            cancel_requested: run.map_or(past.is_some_and(|past| past.cancelled), |run| run.cancelled.is_some()),
            error: past.and_then(|past| past.error.as_deref()),
            traceback: past.and_then(|past| past.traceback.as_deref()),
            result: past.and_then(|past| past.result.as_deref()),
            metadata: job.metadata(),
        }
    }

    /// Jobs that match a filter, the newest first, beginning before `from` (`None`: at the newest). Looks at `budget`
    /// jobs at most and returns at most `limit`; the rest is listed by the next call.
    pub fn list(&self, filter: &Filter<'_>, from: Option<ListCursor>, budget: usize, limit: usize) -> Page<'_> {
        let end = from.unwrap_or(u64::MAX);
        let seqs: Box<dyn Iterator<Item = u64>> = match filter.state {
            Some(State::Running) => Box::new(self.running_seqs.range(..end).rev().copied()),
            Some(state) if state.is_ended() => Box::new(self.ended[state.ended_index()].range(..end).rev().copied()),
            _ => Box::new(self.jobs.range(..end).rev().map(|(&seq, _)| seq)),
        };
        let (mut jobs, mut looked_at, mut last) = (Vec::new(), 0, None);
        for seq in seqs {
            if looked_at == budget || jobs.len() == limit {
                return Page { jobs, next: last };
            }
            (looked_at, last) = (looked_at + 1, Some(seq));
            if let Some(job) = self.jobs.get(&seq)
                && self.matches(job, filter)
            {
                jobs.push(self.status_of(job));
            }
        }
        Page { jobs, next: None }
    }

    fn matches(&self, job: &Job, filter: &Filter<'_>) -> bool {
        filter.state.is_none_or(|state| job.state == state)
            && filter.job_type.is_none_or(|name| self.types.name(job.job_type) == name)
            && filter.group.is_none_or(|name| self.group_name(job.group) == Some(name))
    }

    /// Figures of the queue.
    pub fn info(&self, now: u64) -> Info<'_> {
        let mut by_type: BTreeMap<&[u8], Counts> = BTreeMap::new();
        for (&(job_type, state), &count) in self.counts.iter().take(MAX_REPORTED) {
            by_type.entry(self.types.name(job_type)).or_default()[state as usize] += count;
        }
        Info {
            totals: self.totals,
            by_type,
            handled: self.activity.handled(now).collect(),
            oldest_waiting: self.oldest_pending(),
            per_second: self.activity.per_second(now),
            waiting: &self.activity.waiting,
            running: &self.activity.running,
            bytes: self.bytes(),
            waiting_bytes: self.waiting_bytes,
        }
    }
}
