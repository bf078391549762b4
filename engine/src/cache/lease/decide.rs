//! What a FETCH is answered: the first row of the table in the design of leases.

use super::state::State;
use super::{Ask, Seen};

/// What is remembered of a failure of the key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Past {
    /// There is a reason to give.
    pub(super) negative: bool,
    /// A value that is there is to be served as it is.
    pub(super) retry: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Value,
    Stale,
    /// The value and a lease.
    Refresh,
    Lease,
    Negative,
    Wait,
    Busy,
}

/// Decides; `room`: whether another lease may be granted at all.
///
/// While RETRY runs a value is served without a grant. A NOSTALE reader of a stale value is then told the reason of the
/// failure while that is remembered; where it is not (NEGATIVE 0) there is nothing to tell it, and it is granted.
pub(super) fn decide(seen: Seen, state: State, ask: &Ask, past: Past, room: bool) -> Decision {
    let may_grant = ask.may_grant && room;
    match (state, seen, ask.nostale) {
        (_, Seen::Fresh, _) | (State::Held(_) | State::Unassigned, Seen::Ageing, _) => Decision::Value,
        (State::Held(_) | State::Unassigned, Seen::Stale, false) => Decision::Stale,
        // A lease without a holder is owed to the first who waits: nobody who comes later may take it.
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
