//! Who receives the outcome of a load.

use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::reply::Reply;

type Done = Box<dyn FnOnce(Outcome<Reply>) + Send>;

/// The receiver of the outcome of a load: it receives exactly one.
pub(crate) enum Client {
    /// The client that sent the command.
    Blocked(Blocked),
    Job(Job),
}

/// A job of a queue.
pub(crate) struct Job(Option<Done>);

impl Client {
    /// A job: `done` is called with the outcome, on any thread.
    pub(crate) fn job(done: impl FnOnce(Outcome<Reply>) + Send + 'static) -> Self {
        Self::Job(Job(Some(Box::new(done))))
    }

    pub(crate) fn reply(self, outcome: Outcome<Reply>) {
        match self {
            Self::Blocked(blocked) => blocked.reply(outcome.into()),
            Self::Job(mut job) => {
                if let Some(done) = job.0.take() {
                    done(outcome);
                }
            }
        }
    }

    /// Runs `work`, whose time is counted as that of the client's command.
    pub(super) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::Blocked(blocked) => blocked.measure(work),
            Self::Job(_) => work(),
        }
    }
}

impl Drop for Job {
    /// The load ended without an outcome: by a panic, or because workers were stopped.
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(Failure::internal()));
        }
    }
}
