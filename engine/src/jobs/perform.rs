//! How a change alters the queue: the only place where the state of a job changes.

use std::hash::BuildHasher;

use super::change::{Change, Changes, Finished, Record};
use super::job::{Job, NO_GROUP, Past, Reported, Run};
use super::queue::Queue;
use super::request::Limits;
use super::{Event, Priority, State};
use crate::{Error, Result};

const CORRUPT: Error = Error::Corrupt("a change does not fit the queue");

impl Queue {
    /// Applies a change that a request of this queue has computed, and adds it to `out`.
    pub(super) fn commit(&mut self, change: Change, out: &mut Changes) {
        let before = out.push(&change);
        let done = self.perform(change, out);
        debug_assert!(done.is_ok(), "a request computed a change that does not fit");
        if done.is_err() {
            out.truncate(before);
        }
    }

    /// Applies a change.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the job does not exist, or the change cannot happen in its state.
    pub(super) fn perform(&mut self, change: Change, out: &mut Changes) -> Result<()> {
        match change {
            Change::Put(record) => self.put(*record, out),
            Change::Claimed { seq, token, at, lease_ms, worker } => {
                self.claimed(seq, at, Run::new(token, at, lease_ms, worker), out)
            }
            Change::Extended { seq, at, progress, message } => self.alter_run(seq, |run| {
                run.lease_until = at.saturating_add(run.lease_ms);
                run.progress = progress.unwrap_or(run.progress);
                if message.is_some() {
                    run.message = message;
                }
            }),
            Change::CancelRequested { seq, at } => self.alter_run(seq, |run| {
                run.cancelled = run.cancelled.or(Some(at));
                run.rerun = false;
            }),
            Change::RerunRequested { seq, payload } => {
                let job = self.jobs.get(&seq).ok_or(CORRUPT)?;
                let content = self.content(self.types.name(job.job_type), &payload);
                self.alter_run(seq, |run| run.rerun = true)?;
                self.alter(seq, |job| (job.payload, job.content) = (payload, content))
            }
            Change::Due { seq, at } => self.enter(seq, Event::Due, at, |_| {}, out),
            Change::Revived { seq, at } => self.enter(seq, Event::Revived, at, Job::forget_runs, out),
            Change::Finished(finished) => self.finish(*finished, out),
            Change::Removed { seq } => self.remove(seq, out),
            Change::Limited(limits) => {
                self.set_limits(*limits);
                out.frees_a_place();
                Ok(())
            }
            Change::Paused(job_type) => {
                self.set_paused(job_type, true);
                Ok(())
            }
            Change::Resumed(job_type) => {
                self.set_paused(job_type, false);
                out.frees_a_place();
                Ok(())
            }
            Change::Scheduled(schedule) => {
                self.unschedule_name(&schedule.name);
                self.schedules_due.insert((schedule.next_due, schedule.name.clone()));
                self.schedules.insert(schedule.name.clone(), *schedule);
                Ok(())
            }
            Change::Unscheduled(name) => {
                self.unschedule_name(&name);
                Ok(())
            }
        }
    }

    fn set_limits(&mut self, limits: Limits) {
        if limits.rate != self.limits.rate {
            self.window = (0, 0);
        }
        self.limits = limits;
        self.ready.limit_all(self.limits.max_per_group);
    }

    fn set_paused(&mut self, job_type: Option<Box<[u8]>>, paused: bool) {
        match job_type {
            None => self.paused = paused,
            Some(job_type) if paused => _ = self.paused_types.insert(job_type),
            Some(job_type) => _ = self.paused_types.remove(&job_type),
        }
    }

    fn unschedule_name(&mut self, name: &[u8]) {
        if let Some(old) = self.schedules.remove(name) {
            self.schedules_due.remove(&(old.next_due, old.name));
        }
    }

    /// Changes a job in place and files it again.
    fn alter(&mut self, seq: u64, change: impl FnOnce(&mut Job)) -> Result<()> {
        let mut job = self.take(seq).ok_or(CORRUPT)?;
        change(&mut job);
        self.store(seq, job);
        Ok(())
    }

    fn alter_run(&mut self, seq: u64, change: impl FnOnce(&mut Run)) -> Result<()> {
        if self.jobs.get(&seq).is_none_or(|job| job.run.is_none()) {
            return Err(CORRUPT);
        }
        self.alter(seq, |job| job.run.as_deref_mut().map_or((), change))
    }

    /// Moves a job to the state to which an event leads.
    fn enter(
        &mut self,
        seq: u64,
        event: Event,
        since: u64,
        change: impl FnOnce(&mut Job),
        out: &mut Changes,
    ) -> Result<()> {
        let from = self.jobs.get(&seq).ok_or(CORRUPT)?.state;
        let to = event.leads_from(from).ok_or(CORRUPT)?;
        self.alter(seq, |job| {
            change(job);
            job.since = since;
            job.enter(to);
        })?;
        out.enters(to);
        if from == State::Running {
            out.frees_a_place();
        }
        Ok(())
    }

    fn put(&mut self, record: Record, out: &mut Changes) -> Result<()> {
        let Record { seq, job_type, group, mut job } = record;
        let is_running = job.state == State::Running;
        let is_known = self.by_id.get(&job.id).is_some_and(|&other| other != seq);
        let is_whole = is_running == job.run.is_some() && (job.past.is_some() || !job.state.is_ended());
        if is_known || !is_whole || seq == u64::MAX {
            return Err(CORRUPT);
        }
        if let Some(old) = self.take(seq) {
            self.forget(&old);
        }
        job.job_type = self.types.acquire(&job_type);
        job.group = group.as_deref().map_or(NO_GROUP, |group| self.groups.acquire(group));
        job.content = self.content(&job_type, &job.payload);
        let state = job.state;
        job.enter(state);
        self.by_id.insert(job.id.clone(), seq);
        self.next_seq = self.next_seq.max(seq.saturating_add(1));
        self.store(seq, Box::new(job));
        out.enters(state);
        Ok(())
    }

    /// The seeded hash by which jobs of the same type and payload are found.
    pub(super) fn content(&self, job_type: &[u8], payload: &[u8]) -> u64 {
        self.hasher.hash_one((job_type, payload))
    }

    /// Removes what a job that was taken out still has: its id and the uses of its names.
    fn forget(&mut self, job: &Job) {
        self.by_id.remove(&job.id);
        self.types.release(job.job_type);
        if job.group != NO_GROUP {
            self.groups.release(job.group);
        }
    }

    fn remove(&mut self, seq: u64, out: &mut Changes) -> Result<()> {
        let job = self.take(seq).ok_or(CORRUPT)?;
        self.forget(&job);
        out.ends(job.id);
        Ok(())
    }

    fn claimed(&mut self, seq: u64, at: u64, run: Run, out: &mut Changes) -> Result<()> {
        self.claims += 1;
        let number = self.claims;
        let job = self.jobs.get(&seq).ok_or(CORRUPT)?;
        let (group, effective, waited) = (job.group, job.effective, at.saturating_sub(job.since));
        self.enter(
            seq,
            Event::Claimed,
            at,
            |job| {
                job.attempts = job.attempts.saturating_add(1);
                job.past = None;
                job.run = Some(Box::new(Run { number, ..run }));
            },
            out,
        )?;
        self.ready.took_turn(group, effective);
        self.activity.started(waited);
        Ok(())
    }

    fn finish(&mut self, finished: Finished, out: &mut Changes) -> Result<()> {
        let Finished { seq, at, event, by_report, run_at, result, error, traceback } = finished;
        let job = self.jobs.get(&seq).ok_or(CORRUPT)?;
        let to = event.leads_from(job.state).filter(|_| event.is_end()).ok_or(CORRUPT)?;
        let started = job.run.as_ref().map(|run| run.started);
        let keep = if to.is_ended() { self.limits.keep_ms[to.ended_index()] } else { 0 };
        let since = if event == Event::Retried { run_at } else { at };
        let reported = match (by_report, event) {
            (false, Event::FailedOver) => Reported::FailedOver,
            (false, _) => Reported::Nothing,
            (true, Event::Completed | Event::Rerun) if error.is_none() => Reported::Completed,
            (true, _) => Reported::Failed,
        };
        self.enter(
            seq,
            event,
            since,
            |job| {
                job.count(event);
                let mut past = job.run.take().map_or_else(Past::default, |run| Past::of(*run));
                // A run that was requested after the cancellation is not cancelled.
                past.cancelled = event == Event::Cancelled || past.cancelled && event != Event::Rerun;
                (past.reported, past.result, past.error, past.traceback) = (reported, result, error, traceback);
                if event == Event::Completed {
                    past.progress = 100;
                }
                let ttl = job.extra.as_ref().and_then(|extra| extra.ttl_ms).unwrap_or(keep);
                past.drop_at = if to.is_ended() { at.saturating_add(ttl) } else { 0 };
                job.past = Some(Box::new(past));
            },
            out,
        )?;
        if let Some(started) = started {
            self.activity.stopped(at.saturating_sub(started));
        }
        if to.is_ended() {
            self.activity.ended(at);
            let id = self.jobs.get(&seq).map(|job| job.id.clone());
            id.into_iter().for_each(|id| out.ends(id));
        }
        Ok(())
    }
}

impl Run {
    fn new(token: u64, at: u64, lease_ms: u64, worker: Option<Box<[u8]>>) -> Self {
        Self {
            token,
            started: at,
            lease_ms,
            lease_until: at.saturating_add(lease_ms),
            worker,
            progress: 0,
            message: None,
            cancelled: None,
            rerun: false,
            number: 0,
        }
    }
}

impl Job {
    /// Begins anew, as if it had never run.
    fn forget_runs(&mut self) {
        self.past = None;
        (self.attempts, self.failures, self.lost) = (0, 0, 0);
    }

    /// Enters a state; ageing begins anew.
    fn enter(&mut self, state: State) {
        self.state = state;
        (self.effective, self.effective_since) = (self.priority, self.since);
    }

    /// Counts the end of a run.
    fn count(&mut self, event: Event) {
        match event {
            Event::Retried | Event::Failed => self.failures = self.failures.saturating_add(1),
            Event::LeaseLost | Event::Died => self.lost = self.lost.saturating_add(1),
            Event::Rerun => (self.attempts, self.failures, self.lost) = (0, 0, 0),
            _ => {}
        }
    }
}

impl Past {
    fn of(run: Run) -> Self {
        Self {
            token: run.token,
            started: Some(run.started),
            worker: run.worker,
            progress: run.progress,
            message: run.message,
            cancelled: run.cancelled.is_some(),
            ..Self::default()
        }
    }
}

impl Queue {
    /// Moves a job that has waited long to the next priority. A derived order: nothing to replicate.
    pub(super) fn raise(&mut self, seq: u64, to: Priority, since: u64) {
        let raised = self.alter(seq, |job| (job.effective, job.effective_since) = (to, since));
        debug_assert!(raised.is_ok());
    }
}
