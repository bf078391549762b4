//! The whole queue as changes: for persistence, digests and copies to other servers.

use super::change::{Change, Changes};
use super::codec::{decode, encode, put};
use super::queue::Queue;
use super::request::Limits;
use crate::Result;

/// The target size of a frame in bytes, so that to apply one does not block a server. A single job can be longer.
const USUAL_FRAME: usize = 64 << 10;

impl Queue {
    /// Applies changes in their byte form, as another queue computed them or as [`Queue::frames`] made them.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] when they are damaged or do not fit. The changes before the fault are applied then.
    pub fn apply(&mut self, mut encoded: &[u8]) -> Result<Changes> {
        let mut out = Changes::default();
        while let Some(change) = decode(&mut encoded)? {
            self.perform(change, &mut out)?;
        }
        Ok(out)
    }

    /// The queue as frames, each the byte form of changes. Applied in order to an empty queue, they make an equal one.
    pub fn frames(&self) -> impl Iterator<Item = Vec<u8>> {
        let mut jobs = self.jobs.iter().peekable();
        let settings = self.settings();
        std::iter::once(settings).filter(|frame| !frame.is_empty()).chain(std::iter::from_fn(move || {
            jobs.peek()?;
            let mut frame = Vec::new();
            while frame.len() < USUAL_FRAME
                && let Some((&seq, job)) = jobs.next()
            {
                put(seq, self.types.name(job.job_type), self.group_name(job.group), job, &mut frame);
            }
            Some(frame)
        }))
    }

    fn settings(&self) -> Vec<u8> {
        let mut frame = Vec::new();
        if self.limits != Limits::default() {
            encode(&Change::Limited(Box::new(self.limits.clone())), &mut frame);
        }
        if self.paused {
            encode(&Change::Paused(None), &mut frame);
        }
        for job_type in &self.paused_types {
            encode(&Change::Paused(Some(job_type.clone())), &mut frame);
        }
        for schedule in self.schedules.values() {
            encode(&Change::Scheduled(Box::new(schedule.clone())), &mut frame);
        }
        frame
    }

    /// Passes the contents to a digest. Equal queues, also on a master and its replica, pass equal bytes.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.frames().for_each(|frame| sink(&frame));
    }
}
