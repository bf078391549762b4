//! The job queue: a pure state machine over abstract time (Unix milliseconds, passed in as `now`).
//!
//! Every mutation of a [`Queue`] is a change of one job or setting. A request computes changes, applies them, and
//! collects their byte form in [`Changes`]. A replica, an append-only file and an RDB file apply the same changes, so
//! there is one format and one place where the state of a job changes ([`Queue::apply`]).
//!
//! Delivery is at least once: a worker can die after it has done the work. A result is recorded once: a report needs
//! the fencing token of the current run.

mod activity;
mod cancel;
mod change;
mod claim;
mod codec;
mod health;
mod hooks;
mod id;
mod job;
mod names;
mod perform;
mod priority;
mod queue;
mod ready;
mod release;
mod report;
mod request;
pub mod schedule;
mod settings;
mod snapshot;
mod state;
mod submit;
#[cfg(test)]
mod tests;
mod tick;
mod view;

pub use self::change::Changes;
pub use self::claim::Claimed;
pub use self::id::JobId;
pub use self::priority::Priority;
pub use self::queue::{LostCause, Queue, Random, Refusal};
pub use self::report::Directive;
pub use self::request::*;
pub use self::schedule::{Schedule, Timing};
pub use self::state::{Event, State, TRANSITIONS};
pub use self::submit::Submitted;
pub use self::view::{Counts, Info, ListCursor, Page, Status};
