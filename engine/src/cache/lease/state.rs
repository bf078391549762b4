//! The life of one lease: what each event makes of it.

use super::Cause;

/// A lease that somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) token: u64,
    /// The stamp of the grant, on the clock of changes.
    pub(super) granted: u64,
    pub(super) granted_at: u64,
    /// The first millisecond at which the token is dead.
    pub(super) ends: u64,
    /// The client with whose connection the lease ends.
    pub(super) bound: Option<u64>,
    /// The client that was granted.
    pub(super) holder: u64,
    /// Grants in their order.
    pub(super) serial: u64,
}

/// What one key's lease is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody has it and nobody waits: there is no record of it.
    #[default]
    Free,
    /// Somebody has it.
    Held(Lease),
    /// Nobody has it and somebody waits: it is owed to the first of them.
    Unassigned,
}

/// What happens to a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Somebody gets it.
    Grant(Lease),
    /// Its holder asks for more time.
    Renew { token: u64, ends: u64 },
    /// Its holder is done, with a value or without one, and nobody waits any more.
    Done,
    /// It is that late.
    Time(u64),
    /// It is taken away.
    Revoke(Cause),
    /// Somebody who waited does not any more.
    Left,
}

/// What a transition did to the lease there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// It lives: granted or renewed.
    Active,
    /// It is over as its holder wished.
    Finished(Lease),
    /// It died under its holder.
    Lost(Lease, Cause),
}

impl State {
    /// What `event` makes of this state; `waits`: whether somebody waits for the key.
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
