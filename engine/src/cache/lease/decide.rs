//! The decision on a FETCH.

use super::state::State;
use super::{Ask, Seen};

/// The remembered failure of a key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Past {
    /// A reason is remembered (negative caching).
    pub(super) negative: bool,
    /// RETRY is running: an existing value is served without a lease.
    pub(super) retry: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Value,
    Stale,
    /// The value, and a lease to refresh it.
    Refresh,
    Lease,
    Negative,
    Wait,
    Busy,
}

/// Decides on a FETCH. `room`: whether the number of leases allows another one.
///
/// While RETRY runs, a value is served without a lease. A NOSTALE reader of a stale value then gets the reason of the
/// failure if it is remembered; without a reason (NEGATIVE 0) it is granted a lease.
pub(super) fn decide(seen: Seen, state: State, ask: &Ask, past: Past, room: bool) -> Decision {
    let may_grant = ask.may_grant && room;
    match (state, seen, ask.nostale) {
        (_, Seen::Fresh, _) | (State::Held(_) | State::Unassigned, Seen::Ageing, _) => Decision::Value,
        (State::Held(_) | State::Unassigned, Seen::Stale, false) => Decision::Stale,
        // A lease without a holder is reserved for the first waiter: a later client cannot take it.
        (State::Held(_) | State::Unassigned, Seen::Absent, _)
        | (State::Held(_) | State::Unassigned, Seen::Stale, true) => {
            if ask.may_grant && ask.may_wait {
                Decision::Wait
            } else {
                Decision::Busy
            }
        }
        (State::Free, Seen::Ageing, _) => {
            if may_grant && !past.retry {
                Decision::Refresh
            } else {
                Decision::Value
            }
        }
        (State::Free, Seen::Stale, false) => {
            if may_grant && !past.retry {
                Decision::Refresh
            } else {
                Decision::Stale
            }
        }
        (State::Free, Seen::Stale, true) if past.retry && past.negative => Decision::Negative,
        (State::Free, Seen::Absent, _) if past.negative => Decision::Negative,
        (State::Free, Seen::Stale, true) | (State::Free, Seen::Absent, _) => {
            if may_grant {
                Decision::Lease
            } else {
                Decision::Busy
            }
        }
    }
}
