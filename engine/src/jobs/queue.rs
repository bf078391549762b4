//! The queue: its jobs and the trees that find them.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::quality::RandomState;

use super::activity::Activity;
use super::id::JobId;
use super::job::{Job, NO_GROUP};
use super::names::{NameId, Names};
use super::ready::{Ready, Waiting};
use super::request::Limits;
use super::{Schedule, State};
use crate::Error;

/// A source of random numbers: ids, tokens, jitter.
pub type Random<'r> = &'r mut dyn FnMut() -> u64;

/// Why a request was refused. Nothing has changed then.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// No job has this id.
    NoJob,
    /// The token is not that of the current run.
    LeaseLost(LostCause),
    /// The job cannot be cancelled: it has ended.
    AlreadyEnded(State),
    /// The job cannot be run again: it has not failed, died or been cancelled.
    NotRetryable(State),
    /// So many jobs may wait (`MAXJOBS`).
    TooManyJobs(u64),
    /// So many bytes of waiting jobs may wait (`MAXBYTES`).
    TooManyBytes(u64),
    /// A value is out of its range.
    Invalid(Error),
}

/// Why a token is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostCause {
    /// The lease ended without a heartbeat, or the run took too long.
    Expired,
    /// The job was cancelled, and its worker did not stop in time.
    Cancelled,
    /// The server became the master after the token was granted.
    Failover,
    /// The token was never granted for this job, or is forgotten.
    Unknown,
}

/// A queue of jobs. See the documentation of the module.
///
/// Trees instead of tables and arrays: no insertion copies the whole, so that none takes long.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// By the order of submission.
    pub(super) jobs: BTreeMap<u64, Box<Job>>,
    pub(super) next_seq: u64,
    pub(super) by_id: BTreeMap<JobId, u64>,
    /// Jobs that wait or run, by the hash of type and payload.
    pub(super) by_content: BTreeSet<(u64, u64)>,
    pub(super) ready: Ready,
    /// Pending jobs that ageing has moved up, by the time since when they are pending.
    pub(super) raised: BTreeSet<(u64, u64)>,
    /// By the time when they become pending.
    pub(super) delayed: BTreeSet<(u64, u64)>,
    /// By the deadline of the run.
    pub(super) running: BTreeSet<(u64, u64)>,
    /// Running jobs in the order of submission, for lists.
    pub(super) running_seqs: BTreeSet<u64>,
    /// By the time when they are dropped.
    pub(super) dropped_at: BTreeSet<(u64, u64)>,
    /// By the time when they ended.
    pub(super) ended_at: BTreeSet<(u64, u64)>,
    pub(super) ended: [BTreeSet<u64>; 4],
    pub(super) types: Names,
    pub(super) groups: Names,
    /// The number of jobs by type and state.
    pub(super) counts: BTreeMap<(NameId, State), u64>,
    pub(super) totals: [u64; State::ALL.len()],
    pub(super) limits: Limits,
    pub(super) paused: bool,
    pub(super) paused_types: BTreeSet<Box<[u8]>>,
    pub(super) schedules: BTreeMap<Box<[u8]>, Schedule>,
    /// Schedules by the time when they are due.
    pub(super) schedules_due: BTreeSet<(u64, Box<[u8]>)>,
    /// Bytes of payloads and results: of waiting jobs, of ended jobs.
    pub(super) waiting_bytes: u64,
    pub(super) ended_bytes: u64,
    /// The memory of all jobs.
    pub(super) job_bytes: u64,
    /// Claims so far.
    pub(super) claims: u64,
    /// Tokens of claims up to this number are refused: they were granted by another master.
    pub(super) fenced: Option<u64>,
    /// Where the search for runs of another master continues; `None` when there are none.
    pub(super) fencing_from: Option<(u64, u64)>,
    /// The window of `RATE`: its begin, and the claims in it.
    pub(super) window: (u64, u64),
    pub(super) hasher: RandomState,
    pub(super) activity: Activity,
}

impl Queue {
    /// The number of jobs.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there are no jobs.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The memory that the queue occupies, in bytes.
    pub fn bytes(&self) -> u64 {
        let schedules: usize = self.schedules.values().map(|schedule| size_of::<Schedule>() + schedule.heap()).sum();
        self.job_bytes + (size_of::<Self>() + schedules) as u64
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn seq_of(&self, id: &[u8]) -> Option<u64> {
        self.by_id.get(&JobId::of(id)).copied()
    }

    /// The job with this id and its place in the order of submission.
    pub(super) fn find(&self, id: &[u8]) -> Result<(u64, &Job), Refusal> {
        let seq = self.seq_of(id).ok_or(Refusal::NoJob)?;
        self.jobs.get(&seq).map(|job| (seq, &**job)).ok_or(Refusal::NoJob)
    }

    pub(super) fn total(&self, state: State) -> u64 {
        self.totals[state as usize]
    }

    pub(super) fn waiting_jobs(&self) -> u64 {
        self.total(State::Delayed) + self.total(State::Pending)
    }

    pub(super) fn ended_jobs(&self) -> u64 {
        self.ended_at.len() as u64
    }

    pub(super) fn group_name(&self, group: NameId) -> Option<&[u8]> {
        (group != NO_GROUP).then(|| self.groups.name(group))
    }

    /// Adds a job to all trees. The reverse of [`Queue::take`].
    pub(super) fn store(&mut self, seq: u64, job: Box<Job>) {
        self.totals[job.state as usize] += 1;
        *self.counts.entry((job.job_type, job.state)).or_default() += 1;
        self.job_bytes += job.bytes();
        match job.state {
            State::Delayed => _ = self.delayed.insert((job.since, seq)),
            State::Pending => {
                self.ready.insert(waiting(seq, &job));
                if job.effective != job.priority {
                    self.raised.insert((job.since, seq));
                }
            }
            State::Running => {
                self.running.insert((job.deadline(), seq));
                self.running_seqs.insert(seq);
                self.ready.started(job.group, self.limits.max_per_group);
            }
            ended => {
                self.dropped_at.insert((job.past.as_ref().map_or(0, |past| past.drop_at), seq));
                self.ended_at.insert((job.since, seq));
                self.ended[ended.ended_index()].insert(seq);
                self.ended_bytes += job.content_bytes();
            }
        }
        if job.state.is_waiting() {
            self.waiting_bytes += job.content_bytes();
        }
        if !job.state.is_ended() {
            self.by_content.insert((job.content, seq));
        }
        self.jobs.insert(seq, job);
    }

    /// Removes a job from all trees but that of the ids.
    pub(super) fn take(&mut self, seq: u64) -> Option<Box<Job>> {
        let job = self.jobs.remove(&seq)?;
        self.totals[job.state as usize] -= 1;
        if let Some(count) = self.counts.get_mut(&(job.job_type, job.state)) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&(job.job_type, job.state));
            }
        }
        self.job_bytes -= job.bytes();
        match job.state {
            State::Delayed => _ = self.delayed.remove(&(job.since, seq)),
            State::Pending => {
                self.ready.remove(waiting(seq, &job));
                self.raised.remove(&(job.since, seq));
            }
            State::Running => {
                self.running.remove(&(job.deadline(), seq));
                self.running_seqs.remove(&seq);
                self.ready.stopped(job.group, self.limits.max_per_group);
            }
            ended => {
                self.dropped_at.remove(&(job.past.as_ref().map_or(0, |past| past.drop_at), seq));
                self.ended_at.remove(&(job.since, seq));
                self.ended[ended.ended_index()].remove(&seq);
                self.ended_bytes -= job.content_bytes();
            }
        }
        if job.state.is_waiting() {
            self.waiting_bytes -= job.content_bytes();
        }
        if !job.state.is_ended() {
            self.by_content.remove(&(job.content, seq));
        }
        Some(job)
    }
}

/// A pending job as the order of claims sees it.
fn waiting(seq: u64, job: &Job) -> Waiting {
    let Job { job_type, group, effective: priority, effective_since: since, .. } = *job;
    Waiting { seq, job_type, group, priority, since }
}
