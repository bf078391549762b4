//! Requests about one job or about all jobs of a state: cancel, retry, purge.

use super::change::{Change, Changes, Finished};
use super::queue::{Queue, Refusal};
use super::{Event, State};

impl Queue {
    /// Cancels a job. A waiting one ends immediately; the worker of a running one learns of it by its next heartbeat, and loses
    /// its token [`super::CANCEL_GRACE_MS`] later. A run that was to follow (`UNIQUE rerun`) is cancelled, too. Returns the state after it: cancelled, or running.
    ///
    /// # Errors
    /// [`Refusal::NoJob`], [`Refusal::AlreadyEnded`].
    pub fn cancel(&mut self, now: u64, id: &[u8], out: &mut Changes) -> Result<State, Refusal> {
        let (seq, job) = self.find(id)?;
        // The worker of a run of the former master cannot report.
        let is_fenced = job.run.as_ref().is_some_and(|run| self.is_fenced(run));
        match job.state {
            State::Running if !is_fenced => {
                if job.run.as_ref().is_some_and(|run| run.cancelled.is_none() || run.rerun) {
                    self.commit(Change::CancelRequested { seq, at: now }, out);
                }
                Ok(State::Running)
            }
            State::Delayed | State::Pending | State::Running => {
                self.commit(Change::Finished(Box::new(Finished::new(seq, now, Event::Cancelled))), out);
                self.drop_excess(out);
                Ok(State::Cancelled)
            }
            ended => Err(Refusal::AlreadyEnded(ended)),
        }
    }

    /// Makes a failed, dead or cancelled job pending again, as if it had never run.
    ///
    /// # Errors
    /// [`Refusal::NoJob`], [`Refusal::NotRetryable`].
    pub fn retry(&mut self, now: u64, id: &[u8], out: &mut Changes) -> Result<(), Refusal> {
        let (seq, job) = self.find(id)?;
        if Event::Revived.leads_from(job.state).is_none() {
            return Err(Refusal::NotRetryable(job.state));
        }
        self.commit(Change::Revived { seq, at: now }, out);
        Ok(())
    }

    /// Drops waiting or ended jobs of a state, in the order of submission, beginning at the place `from` (0: the
    /// first). Looks at `budget` jobs at most. Returns how many were dropped, and where to continue; `None` at the end.
    pub fn purge(&mut self, state: State, from: u64, budget: usize, out: &mut Changes) -> (u64, Option<u64>) {
        let (seqs, next) = match state {
            State::Running => return (0, None),
            State::Delayed => {
                let seqs: Vec<u64> = self.delayed.iter().map(|&(_, seq)| seq).take(budget).collect();
                let next = (seqs.len() == budget).then_some(0);
                (seqs, next)
            }
            State::Pending => {
                let mut seen = self.jobs.range(from..).take(budget + 1);
                let seqs: Vec<u64> = seen
                    .by_ref()
                    .take(budget)
                    .filter(|(_, job)| job.state == State::Pending)
                    .map(|(&seq, _)| seq)
                    .collect();
                let next = seen.next().map(|(&seq, _)| seq);
                (seqs, next)
            }
            ended => {
                let seqs: Vec<u64> = self.ended[ended.ended_index()].iter().copied().take(budget).collect();
                let next = (seqs.len() == budget).then_some(0);
                (seqs, next)
            }
        };
        let dropped = seqs.len() as u64;
        seqs.into_iter().for_each(|seq| self.commit(Change::Removed { seq }, out));
        (dropped, next)
    }
}
