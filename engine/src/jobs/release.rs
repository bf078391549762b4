//! A claim that did not reach its worker.

use super::change::{Change, Changes, Finished};
use super::queue::Queue;
use super::{Event, State};

impl Queue {
    /// Makes a job pending again whose claim was not delivered: the client disconnected before it read the reply. The
    /// lease does not count as lost. Nothing happens when the run with this token has ended already.
    pub fn release(&mut self, now: u64, id: &[u8], token: u64, out: &mut Changes) {
        let Ok((seq, job)) = self.find(id) else { return };
        let is_current = job.state == State::Running && job.run.as_ref().is_some_and(|run| run.token == token);
        if is_current {
            let is_cancelled = job.run.as_ref().is_some_and(|run| run.cancelled.is_some());
            let event = if is_cancelled { Event::Cancelled } else { Event::Released };
            self.commit(Change::Finished(Box::new(Finished::new(seq, now, event))), out);
        }
    }
}
