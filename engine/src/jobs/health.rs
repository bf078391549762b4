//! Whether the jobs of a queue find workers.

use super::{Priority, Queue, State};

/// How long a job may wait before it matters that no worker asks for its type, in milliseconds.
const LONG_MS: u64 = 60_000;
/// The most lanes of a type that are looked at.
const LANES: usize = 64;

impl Queue {
    /// Whether a job waits for more than a minute, and no worker has asked for its type in that time. Workers of other
    /// servers, before a failover, are not known. `handled` are types that need no worker.
    pub fn has_unclaimed_jobs(&self, now: u64, handled: &[&[u8]]) -> bool {
        let pending = self.counts.keys().filter(|(_, state)| *state == State::Pending);
        pending.map(|&(job_type, _)| job_type).any(|job_type| {
            let name = self.types.name(job_type);
            let is_asked_for = self.activity.handled(now).any(|handled| handled == name);
            let heads = || Priority::ALL.into_iter().flat_map(|priority| self.ready.heads(priority, job_type, LANES));
            !is_asked_for
                && !handled.contains(&name)
                && heads().filter_map(|seq| self.jobs.get(&seq)).any(|job| job.since.saturating_add(LONG_MS) <= now)
        })
    }
}
