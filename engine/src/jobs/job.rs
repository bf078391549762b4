//! A job as the queue stores it. A waiting job is small: what only some jobs have is in boxes.

use bytes::Bytes;

use super::id::JobId;
use super::names::NameId;
use super::request::{CANCEL_GRACE_MS, DEFAULT_BACKOFF_MS, DEFAULT_RETRIES};
use super::{Priority, State};

/// The group of jobs without one.
pub(super) const NO_GROUP: NameId = NameId::MAX;

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Job {
    pub(super) id: JobId,
    /// Shared with the workers that run the job: a copy of a megabyte takes milliseconds.
    pub(super) payload: Bytes,
    /// Options that differ from their defaults.
    pub(super) extra: Option<Box<Extra>>,
    /// The current run, of a running job only.
    pub(super) run: Option<Box<Run>>,
    /// The last run, until the next one begins.
    pub(super) past: Option<Box<Past>>,
    pub(super) created: u64,
    /// When it entered its state; of a delayed job: when it becomes pending.
    pub(super) since: u64,
    /// Seeded hash of type and payload.
    pub(super) content: u64,
    pub(super) job_type: NameId,
    pub(super) group: NameId,
    /// Claims, since it was submitted or revived.
    pub(super) attempts: u32,
    pub(super) failures: u32,
    pub(super) lost: u32,
    pub(super) state: State,
    pub(super) priority: Priority,
    /// The priority after ageing. Derived: not saved, not replicated.
    pub(super) effective: Priority,
    /// Since when it waits in that priority. Derived, too.
    pub(super) effective_since: u64,
}

/// Options that most jobs leave at their defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) ttl_ms: Option<u64>,
    pub(super) retries: u32,
    pub(super) backoff_ms: u64,
    pub(super) timeout_ms: Option<u64>,
    pub(super) metadata: Option<Box<[u8]>>,
}

impl Default for Extra {
    fn default() -> Self {
        Self {
            ttl_ms: None,
            retries: DEFAULT_RETRIES,
            backoff_ms: DEFAULT_BACKOFF_MS,
            timeout_ms: None,
            metadata: None,
        }
    }
}

/// A run of a job by a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) token: u64,
    pub(super) started: u64,
    pub(super) lease_ms: u64,
    /// When the lease ends without a heartbeat.
    pub(super) lease_until: u64,
    pub(super) worker: Option<Box<[u8]>>,
    pub(super) progress: u8,
    pub(super) message: Option<Box<[u8]>>,
    /// When the job was cancelled.
    pub(super) cancelled: Option<u64>,
    /// One more run follows this one.
    pub(super) rerun: bool,
    /// The number of this claim in the queue, for the fence at a promotion. Not saved: 0 after loading.
    pub(super) number: u64,
}

/// What is kept of the last run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Past {
    /// The token of the run; 0 when the job ended without one.
    pub(super) token: u64,
    pub(super) reported: Reported,
    pub(super) started: Option<u64>,
    pub(super) worker: Option<Box<[u8]>>,
    pub(super) progress: u8,
    pub(super) message: Option<Box<[u8]>>,
    pub(super) cancelled: bool,
    pub(super) result: Option<Box<[u8]>>,
    pub(super) error: Option<Box<[u8]>>,
    pub(super) traceback: Option<Box<[u8]>>,
    /// When the ended job is dropped.
    pub(super) drop_at: u64,
}

/// How the last run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub(super) enum Reported {
    /// Without a report of its worker.
    #[default]
    Nothing,
    Completed,
    Failed,
    /// Without a report: another server has become the master.
    FailedOver,
}

impl Run {
    /// When the run ends without a further report.
    pub(super) fn deadline(&self, timeout_ms: Option<u64>) -> u64 {
        let timeout = timeout_ms.map_or(u64::MAX, |ms| self.started.saturating_add(ms));
        let cancel = self.cancelled.map_or(u64::MAX, |at| at.saturating_add(CANCEL_GRACE_MS));
        self.lease_until.min(timeout).min(cancel)
    }
}

/// The bytes of an optional text.
pub(super) fn len(text: Option<&[u8]>) -> usize {
    text.map_or(0, <[u8]>::len)
}

/// The allocations of an indexed job that its own size does not show, in bytes: its places in the trees of the queue
/// and the rounding of its blocks. Measured with 1,000,000 jobs (`scripts/bench --rows 14`).
const INDEXED: usize = 220;

impl Job {
    pub(super) fn retries(&self) -> u32 {
        self.extra.as_ref().map_or(DEFAULT_RETRIES, |extra| extra.retries)
    }

    pub(super) fn backoff_ms(&self) -> u64 {
        self.extra.as_ref().map_or(DEFAULT_BACKOFF_MS, |extra| extra.backoff_ms)
    }

    pub(super) fn timeout_ms(&self) -> Option<u64> {
        self.extra.as_ref().and_then(|extra| extra.timeout_ms)
    }

    pub(super) fn metadata(&self) -> Option<&[u8]> {
        self.extra.as_ref().and_then(|extra| extra.metadata.as_deref())
    }

    /// When the current run ends without a further report.
    pub(super) fn deadline(&self) -> u64 {
        self.run.as_ref().map_or(u64::MAX, |run| run.deadline(self.timeout_ms()))
    }

    /// The bytes that the client sent and the worker reported.
    pub(super) fn content_bytes(&self) -> u64 {
        let past = self.past.as_ref().map_or(0, |past| {
            len(past.result.as_deref()) + len(past.error.as_deref()) + len(past.traceback.as_deref())
        });
        (self.payload.len() + len(self.metadata()) + past) as u64
    }

    /// The memory that the job occupies, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let boxes = self.extra.as_ref().map_or(0, |_| size_of::<Extra>())
            + self
                .run
                .as_ref()
                .map_or(0, |run| size_of::<Run>() + len(run.worker.as_deref()) + len(run.message.as_deref()))
            + self
                .past
                .as_ref()
                .map_or(0, |past| size_of::<Past>() + len(past.worker.as_deref()) + len(past.message.as_deref()));
        (size_of::<Self>() + INDEXED + self.id.heap() + boxes) as u64 + self.content_bytes()
    }
}
