//! The settings of a queue: limits, pauses, schedules.

use super::Schedule;
use super::change::{Change, Changes};
use super::queue::{Queue, Refusal};
use super::request::{LimitChanges, MAX_MS, check_name};
use crate::Error;

/// The most paused types, and the most schedules, of a queue.
const MAX_SETTINGS: usize = 10_000;

fn invalid(text: &'static str) -> Refusal {
    Refusal::Invalid(Error::Invalid(text.into()))
}

impl Queue {
    /// Changes some limits. Jobs that run already, or wait over a lower limit, are kept.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when `KEEP` names a state that is not an ended one, or a number is out of its range.
    pub fn configure(&mut self, changes: &LimitChanges, out: &mut Changes) -> Result<(), Refusal> {
        let mut limits = self.limits.clone();
        limits.max_running = changes.max_running.unwrap_or(limits.max_running);
        limits.max_per_group = changes.max_per_group.unwrap_or(limits.max_per_group);
        limits.rate = changes.rate.unwrap_or(limits.rate);
        limits.ageing_ms = changes.ageing_ms.unwrap_or(limits.ageing_ms);
        limits.max_jobs = changes.max_jobs.unwrap_or(limits.max_jobs);
        limits.max_bytes = changes.max_bytes.unwrap_or(limits.max_bytes);
        for &(state, ms) in &changes.keep_ms {
            if !state.is_ended() {
                return Err(invalid("KEEP needs an ended state: completed, failed, cancelled or dead"));
            }
            limits.keep_ms[state.ended_index()] = ms.min(MAX_MS);
        }
        if limits.rate.is_some_and(|rate| rate.count == 0 || rate.per_ms == 0) {
            return Err(invalid("RATE must be count/milliseconds, both at least 1"));
        }
        if limits != self.limits {
            self.commit(Change::Limited(Box::new(limits)), out);
        }
        Ok(())
    }

    /// Stops claims: of one type, or of all.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a type out of its range, or when too many types are paused.
    pub fn pause(&mut self, job_type: Option<&[u8]>, out: &mut Changes) -> Result<(), Refusal> {
        if let Some(job_type) = job_type {
            check_name(job_type, "the type").map_err(Refusal::Invalid)?;
            if self.paused_types.len() >= MAX_SETTINGS {
                return Err(invalid("too many types are paused: pause the queue"));
            }
        }
        if !self.is_paused(job_type) {
            self.commit(Change::Paused(job_type.map(Into::into)), out);
        }
        Ok(())
    }

    /// Ends a pause. The pause of the whole queue and the pauses of types are independent.
    pub fn resume(&mut self, job_type: Option<&[u8]>, out: &mut Changes) {
        if self.is_paused(job_type) {
            self.commit(Change::Resumed(job_type.map(Into::into)), out);
        }
    }

    fn is_paused(&self, job_type: Option<&[u8]>) -> bool {
        job_type.map_or(self.paused, |job_type| self.paused_types.contains(job_type))
    }

    /// Adds a schedule, or replaces the one of this name.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when there are too many schedules.
    pub fn schedule(&mut self, schedule: Schedule, out: &mut Changes) -> Result<(), Refusal> {
        if self.schedules.len() >= MAX_SETTINGS && !self.schedules.contains_key(&schedule.name) {
            return Err(invalid("a queue has at most 10000 schedules"));
        }
        self.commit(Change::Scheduled(Box::new(schedule)), out);
        Ok(())
    }

    /// Removes a schedule. Returns whether it existed.
    pub fn unschedule(&mut self, name: &[u8], out: &mut Changes) -> bool {
        let existed = self.schedules.contains_key(name);
        if existed {
            self.commit(Change::Unscheduled(name.into()), out);
        }
        existed
    }

    /// The schedules, by name.
    pub fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.schedules.values()
    }

    /// Whether the whole queue is paused, and the types that are paused.
    pub fn paused(&self) -> (bool, impl Iterator<Item = &[u8]>) {
        (self.paused, self.paused_types.iter().map(AsRef::as_ref))
    }
}
