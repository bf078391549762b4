//! A claim that did not reach its worker.

use super::change::{Change, Changes, Finished};
use super::queue::Queue;
use super::{Event, State};

impl Queue {
    /// Makes a job pending again whose claim was not delivered: the client disconnected before it read the reply. The
    /// lease does not count as lost. Nothing happens when the run with this token has ended already.
    pub fn release(&mut self, now: u64, id: &[u8], token: u64, out: &mut Changes) {
        let Ok((seq, job)) = self.find(id) else { return };
        let run = job.run.as_deref().filter(|run| job.state == State::Running && run.token == token);
        if let Some(run) = run {
            let event = match run.cancelled.is_some() {
                true if run.rerun => Event::Rerun,
                true => Event::Cancelled,
                false => Event::Released,
            };
            self.commit(Change::Finished(Box::new(Finished::new(seq, now, event))), out);
        }
    }
}
