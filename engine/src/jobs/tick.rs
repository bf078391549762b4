//! What happens without a command: leases and delays end, ended jobs are dropped, schedules are due.

use super::Event;
use super::change::{Change, Changes, Finished};
use super::job::{Job, Run};
use super::queue::{Queue, Random};
use super::report::failed;
use super::request::Submission;
use super::schedule::NEVER;

impl Queue {
    /// When [`Queue::tick`] has something to do; a time in the past when it has already.
    pub fn next_due(&self) -> Option<u64> {
        if self.fencing_from.is_some() || self.has_excess() {
            return Some(0);
        }
        let first = |times: &std::collections::BTreeSet<(u64, u64)>| times.first().map(|&(at, _)| at);
        let due = [first(&self.running), first(&self.delayed), first(&self.dropped_at)];
        due.into_iter().chain([self.schedules_due.first().map(|&(at, _)| at)]).flatten().min()
    }

    /// Performs what is due, at most `budget` steps. Returns whether more is due. Only the master calls this: replicas
    /// apply the changes.
    pub fn tick(&mut self, now: u64, budget: usize, random: Random<'_>, out: &mut Changes) -> bool {
        for _ in 0..budget {
            let done = self.end_fenced(now, out)
                || self.end_run(now, random, out)
                || self.end_delay(now, out)
                || self.fire(now, random, out)
                || self.drop_due(now, out)
                || self.drop_one_excess(out);
            if !done {
                return false;
            }
        }
        self.next_due().is_some_and(|due| due <= now)
    }

    /// This server has become the master. Another server was the master until now, and may have granted tokens, and
    /// accepted reports, of which this one does not know. So every token that was granted before is refused from now
    /// on, and its job is run again.
    pub fn promoted(&mut self) {
        self.fenced = Some(self.claims);
        self.fencing_from = self.running.first().copied();
    }

    /// Whether another master granted the token of a run.
    pub(super) fn is_fenced(&self, run: &Run) -> bool {
        self.fenced.is_some_and(|fenced| run.number <= fenced)
    }

    /// Ends one run of the former master.
    fn end_fenced(&mut self, now: u64, out: &mut Changes) -> bool {
        let Some(from) = self.fencing_from else { return false };
        // The runs of this master are between them: few, since they began after the promotion.
        let found = self.running.range(from..).copied().find(|(_, seq)| {
            self.jobs.get(seq).and_then(|job| job.run.as_ref()).is_some_and(|run| self.is_fenced(run))
        });
        self.fencing_from = found;
        let Some((_, seq)) = found else { return false };
        let run = self.jobs.get(&seq).and_then(|job| job.run.as_ref());
        let event = match run.is_some_and(|run| run.cancelled.is_some()) {
            true if run.is_some_and(|run| run.rerun) => Event::Rerun,
            true => Event::Cancelled,
            false => Event::FailedOver,
        };
        self.commit(Change::Finished(Box::new(Finished::new(seq, now, event))), out);
        true
    }

    /// Ends one run whose deadline has passed.
    fn end_run(&mut self, now: u64, random: Random<'_>, out: &mut Changes) -> bool {
        let Some(&(deadline, seq)) = self.running.first() else { return false };
        if deadline > now {
            return false;
        }
        let Some(job) = self.jobs.get(&seq) else { return false };
        let finished = overdue(seq, now, job, random);
        self.commit(Change::Finished(Box::new(finished)), out);
        true
    }

    fn end_delay(&mut self, now: u64, out: &mut Changes) -> bool {
        let Some(&(at, seq)) = self.delayed.first() else { return false };
        if at <= now {
            self.commit(Change::Due { seq, at: now }, out);
        }
        at <= now
    }

    /// Submits the job of one schedule that is due. What was missed while no server ran is submitted once. When the
    /// queue is full, the job of this time is left out.
    fn fire(&mut self, now: u64, random: Random<'_>, out: &mut Changes) -> bool {
        let Some((at, name)) = self.schedules_due.first().cloned() else { return false };
        if at > now {
            return false;
        }
        let Some(mut schedule) = self.schedules.get(&name).cloned() else { return false };
        let last_due = schedule.last_due;
        schedule.fired(now);
        let job = Submission { job_type: &schedule.job_type, payload: &schedule.payload };
        let is_full = self.check_room(&[job], &schedule.options).is_err();
        if is_full {
            schedule.last_due = last_due;
        } else {
            self.submit_one(now, &job, &schedule.options, random, out);
        }
        let is_last = schedule.next_due == NEVER;
        self.commit(if is_last { Change::Unscheduled(name) } else { Change::Scheduled(Box::new(schedule)) }, out);
        true
    }

    fn drop_due(&mut self, now: u64, out: &mut Changes) -> bool {
        let Some(&(at, seq)) = self.dropped_at.first() else { return false };
        if at <= now {
            self.commit(Change::Removed { seq }, out);
        }
        at <= now
    }

    fn has_excess(&self) -> bool {
        let (max_jobs, max_bytes) = (self.limits.max_jobs, self.limits.max_bytes);
        max_jobs > 0 && self.ended_jobs() > max_jobs
            || max_bytes > 0 && self.ended_bytes > max_bytes && self.ended_jobs() > 1
    }

    /// Drops the job that ended first, when more ended jobs are kept than the limits allow. The newest is kept.
    fn drop_one_excess(&mut self, out: &mut Changes) -> bool {
        let excess = self.has_excess();
        if excess && let Some(&(_, seq)) = self.ended_at.first() {
            self.commit(Change::Removed { seq }, out);
        }
        excess
    }

    /// Drops what one more ended job displaces; a timer drops the rest.
    pub(super) fn drop_excess(&mut self, out: &mut Changes) {
        const PER_REQUEST: usize = 4;
        for _ in 0..PER_REQUEST {
            if !self.drop_one_excess(out) {
                return;
            }
        }
    }
}

/// The end of a run at its deadline.
fn overdue(seq: u64, now: u64, job: &Job, random: Random<'_>) -> Finished {
    let Some(run) = job.run.as_deref() else { return Finished::new(seq, now, Event::LeaseLost) };
    let with_error =
        |finished: Finished, error: String| Finished { error: Some(error.into_bytes().into()), ..finished };
    if run.cancelled.is_some() {
        return Finished::new(seq, now, if run.rerun { Event::Rerun } else { Event::Cancelled });
    }
    // Which of the two was first, and not which has passed: a server that was stopped finds both in the past.
    if let Some(timeout_ms) = job.timeout_ms()
        && run.started.saturating_add(timeout_ms) <= run.lease_until
    {
        let finished = failed(seq, now, job, true, random);
        return with_error(finished, format!("the run took longer than {timeout_ms} ms"));
    }
    if job.lost.saturating_add(1) >= job.retries().max(1) {
        if run.rerun {
            return Finished::new(seq, now, Event::Rerun);
        }
        let lost = job.lost.saturating_add(1);
        return with_error(Finished::new(seq, now, Event::Died), format!("the lease was lost {lost} times"));
    }
    Finished::new(seq, now, Event::LeaseLost)
}

impl Queue {
    /// When the job that waits longest became pending; `None` when none waits.
    pub(super) fn oldest_pending(&self) -> Option<u64> {
        // In its priority a job that ageing has moved up is filed by the time when that happened.
        let raised = self.raised.first().map(|&(since, _)| since);
        let oldest = super::Priority::ALL.into_iter().filter_map(|priority| self.ready.oldest(priority));
        oldest.map(|(since, _)| since).chain(raised).min()
    }
}
