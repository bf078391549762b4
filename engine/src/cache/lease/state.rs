//! The states of one lease, and their transitions.

use super::Cause;

/// A lease that a client holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) token: u64,
    /// The stamp of the grant, on the clock of changes.
    pub(super) granted: u64,
    pub(super) granted_at: u64,
    /// The first millisecond at which the token is no longer valid.
    pub(super) ends: u64,
    /// The client whose disconnection ends the lease.
    pub(super) bound: Option<u64>,
    /// The client that was granted the lease.
    pub(super) holder: u64,
    /// The number of the grant: later grants have higher numbers.
    pub(super) serial: u64,
}

/// The state of the lease of one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    /// No holder and no waiter: there is no record.
    #[default]
    Free,
    /// A client holds the lease.
    Held(Lease),
    /// No holder, but waiters: the first of them gets the next lease.
    Unassigned,
}

/// An event in the life cycle of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A client is granted the lease.
    Grant(Lease),
    /// The holder extends the lease.
    Renew { token: u64, ends: u64 },
    /// The holder has finished, with a value or with a failure, and the waiters were removed.
    Done,
    /// The current time: the lease ends if its time is over.
    Time(u64),
    /// The lease is revoked.
    Revoke(Cause),
    /// A waiter was removed.
    Left,
}

/// The effect of a transition on the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// No effect.
    None,
    /// The lease was granted or renewed.
    Active,
    /// The holder ended the lease.
    Finished(Lease),
    /// The holder lost the lease.
    Lost(Lease, Cause),
}

impl State {
    /// The state after `event`, and its effect. `waits`: whether the key has waiters.
    pub(super) fn next(self, event: Event, waits: bool) -> (State, Effect) {
        let without_holder = if waits { State::Unassigned } else { State::Free };
        match (event, self) {
            (Event::Grant(lease), State::Free | State::Unassigned) => (State::Held(lease), Effect::Active),
            (Event::Renew { token, ends }, State::Held(lease)) if lease.token == token => {
                (State::Held(Lease { ends, ..lease }), Effect::Active)
            }
            (Event::Done, State::Held(lease)) => (State::Free, Effect::Finished(lease)),
            (Event::Done, State::Unassigned) => (State::Free, Effect::None),
            (Event::Time(now), State::Held(lease)) if lease.ends <= now => {
                (without_holder, Effect::Lost(lease, Cause::Expired))
            }
            (Event::Revoke(cause), State::Held(lease)) => (without_holder, Effect::Lost(lease, cause)),
            (Event::Left, State::Unassigned) => (without_holder, Effect::None),
            (
                Event::Grant(_) | Event::Renew { .. } | Event::Done | Event::Time(_) | Event::Revoke(_) | Event::Left,
                state,
            ) => (state, Effect::None),
        }
    }
}
