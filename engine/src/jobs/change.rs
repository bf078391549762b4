//! The changes of a queue.

use bytes::Bytes;

use super::codec::encode;
use super::id::JobId;
use super::job::{Extra, Job};
use super::request::Limits;
use super::{Event, Schedule, State};

/// One change. Texts belong to the change, which is applied once.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// A job as a whole: submitted, replaced, or part of a snapshot.
    Put(Box<Record>),
    Claimed {
        seq: u64,
        token: u64,
        at: u64,
        lease_ms: u64,
        worker: Option<Box<[u8]>>,
    },
    /// The lease begins again; the worker reported progress.
    Extended {
        seq: u64,
        at: u64,
        progress: Option<u8>,
        message: Option<Box<[u8]>>,
    },
    /// A delayed job became pending.
    Due {
        seq: u64,
        at: u64,
    },
    Finished(Box<Finished>),
    CancelRequested {
        seq: u64,
        at: u64,
    },
    /// One more run follows the current one, with this payload.
    RerunRequested {
        seq: u64,
        payload: Bytes,
    },
    Revived {
        seq: u64,
        at: u64,
    },
    Removed {
        seq: u64,
    },
    Limited(Box<Limits>),
    /// `None`: all types.
    Paused(Option<Box<[u8]>>),
    Resumed(Option<Box<[u8]>>),
    Scheduled(Box<Schedule>),
    Unscheduled(Box<[u8]>),
}

/// The end of a run, or of a waiting job.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finished {
    pub(super) seq: u64,
    pub(super) at: u64,
    pub(super) event: Event,
    /// Whether the worker reported it, and not a timer or a request to cancel.
    pub(super) by_report: bool,
    /// When the next run may begin, after `Event::Retried`.
    pub(super) run_at: u64,
    pub(super) result: Option<Box<[u8]>>,
    pub(super) error: Option<Box<[u8]>>,
    pub(super) traceback: Option<Box<[u8]>>,
}

impl Finished {
    pub(super) const fn new(seq: u64, at: u64, event: Event) -> Self {
        Self { seq, at, event, by_report: false, run_at: 0, result: None, error: None, traceback: None }
    }
}

/// A job with its names, independent of a queue.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// The place in the order of submission.
    pub(super) seq: u64,
    pub(super) job_type: Box<[u8]>,
    pub(super) group: Option<Box<[u8]>>,
    /// Type, group, hash and effective priority are set when it is stored.
    pub(super) job: Job,
}

impl Record {
    /// Options that are all at their defaults need no box.
    pub(super) fn boxed(extra: Extra) -> Option<Box<Extra>> {
        (extra != Extra::default()).then(|| Box::new(extra))
    }
}

/// The changes of one request: their byte form for replication, and what observers must be told.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    bytes: Vec<u8>,
    entered: Vec<State>,
    ended: Vec<JobId>,
    may_be_claimed: bool,
}

impl Changes {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The byte form, for [`super::Queue::apply`].
    pub fn encoded(&self) -> &[u8] {
        &self.bytes
    }

    /// The states that jobs entered, in order.
    pub fn entered(&self) -> &[State] {
        &self.entered
    }

    /// The jobs that ended or were dropped.
    pub fn ended(&self) -> &[JobId] {
        &self.ended
    }

    /// Whether a claim that found nothing before may find a job now.
    pub fn may_be_claimed(&self) -> bool {
        self.may_be_claimed
    }

    /// Adds the byte form of a change. Returns the length before, for [`Changes::truncate`].
    pub(super) fn push(&mut self, change: &Change) -> usize {
        let before = self.bytes.len();
        encode(change, &mut self.bytes);
        before
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    pub(super) fn enters(&mut self, state: State) {
        self.entered.push(state);
        self.may_be_claimed |= state == State::Pending;
    }

    pub(super) fn ends(&mut self, id: JobId) {
        self.ended.push(id);
    }

    /// A limit was lifted, or a running job has left its place.
    pub(super) fn frees_a_place(&mut self) {
        self.may_be_claimed = true;
    }
}
