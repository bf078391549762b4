//! The states of a job and the transitions between them: the one table that the queue, the documentation and the tests
//! share.

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// Waits for its time.
    Delayed,
    /// Waits for a worker.
    Pending,
    /// A worker holds its lease.
    Running,
    /// Ended with a result.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
    /// Lost its lease too often.
    Dead,
}

impl State {
    /// All states, in the order of a job's life.
    pub const ALL: [Self; 7] =
        [Self::Delayed, Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled, Self::Dead];

    /// The name in commands, replies and events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delayed => "delayed",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    /// The state with this name, in any case.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether a job in this state has ended.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Dead)
    }

    /// Whether a job in this state waits for its time or for a worker.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Delayed | Self::Pending)
    }

    /// The place of an ended state in tables of the four; 0 for the others.
    pub(super) const fn ended_index(self) -> usize {
        (self as usize).saturating_sub(Self::Completed as usize)
    }
}

/// What happens to a job. The numbers are saved and replicated: a new event is added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Event {
    /// Its time has come.
    Due,
    /// The same job was submitted again with `UNIQUE replace` and a delay.
    Postponed,
    /// A worker claimed it.
    Claimed,
    /// The worker completed it.
    Completed,
    /// The worker failed, and the job is not run again.
    Failed,
    /// The worker failed, or the run took too long; the job is run again after a delay.
    Retried,
    /// The lease was lost, and the job is run again.
    LeaseLost,
    /// The lease was lost too often.
    Died,
    /// Another server was the master when the lease was granted; the job is run again.
    FailedOver,
    /// The claim did not reach its worker; the job is run again.
    Released,
    /// It was cancelled.
    Cancelled,
    /// A run that was requested meanwhile (`UNIQUE rerun`) follows the one that ended.
    Rerun,
    /// `JOB.RETRY`.
    Revived,
}

/// Every transition.
pub const TRANSITIONS: &[(State, Event, State)] = &[
    (State::Delayed, Event::Due, State::Pending),
    (State::Delayed, Event::Postponed, State::Delayed),
    (State::Delayed, Event::Cancelled, State::Cancelled),
    (State::Pending, Event::Claimed, State::Running),
    (State::Pending, Event::Postponed, State::Delayed),
    (State::Pending, Event::Cancelled, State::Cancelled),
    (State::Running, Event::Completed, State::Completed),
    (State::Running, Event::Failed, State::Failed),
    (State::Running, Event::Retried, State::Delayed),
    (State::Running, Event::LeaseLost, State::Pending),
    (State::Running, Event::FailedOver, State::Pending),
    (State::Running, Event::Released, State::Pending),
    (State::Running, Event::Died, State::Dead),
    (State::Running, Event::Cancelled, State::Cancelled),
    (State::Running, Event::Rerun, State::Pending),
    (State::Failed, Event::Revived, State::Pending),
    (State::Dead, Event::Revived, State::Pending),
    (State::Cancelled, Event::Revived, State::Pending),
];

impl Event {
    /// All events, by number.
    pub(super) const ALL: [Self; 13] = [
        Self::Due,
        Self::Postponed,
        Self::Claimed,
        Self::Completed,
        Self::Failed,
        Self::Retried,
        Self::LeaseLost,
        Self::Died,
        Self::FailedOver,
        Self::Released,
        Self::Cancelled,
        Self::Rerun,
        Self::Revived,
    ];

    /// The name in the state diagram.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Due => "its time has come",
            Self::Postponed => "UNIQUE replace with a delay",
            Self::Claimed => "JOB.CLAIM",
            Self::Completed => "JOB.COMPLETE",
            Self::Failed => "JOB.FAIL, no retry left",
            Self::Retried => "JOB.FAIL or TIMEOUT, a retry is left",
            Self::LeaseLost => "lease lost",
            Self::Died => "lease lost too often",
            Self::FailedOver => "failover",
            Self::Released => "claim not delivered",
            Self::Cancelled => "JOB.CANCEL",
            Self::Rerun => "ended, UNIQUE rerun requested",
            Self::Revived => "JOB.RETRY",
        }
    }

    /// Whether it ends a run, or a job that waits.
    pub(super) const fn is_end(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Retried | Self::LeaseLost | Self::Died => true,
            Self::FailedOver | Self::Released | Self::Cancelled | Self::Rerun => true,
            Self::Due | Self::Postponed | Self::Claimed | Self::Revived => false,
        }
    }

    /// The state to which this event leads from another; `None` when the event cannot happen there.
    pub fn leads_from(self, state: State) -> Option<State> {
        TRANSITIONS.iter().find(|&&(from, event, _)| from == state && event == self).map(|&(_, _, to)| to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_by_their_numbers() {
        assert!(Event::ALL.iter().enumerate().all(|(i, &event)| event as usize == i));
    }

    #[test]
    fn an_event_leads_from_a_state_to_one_state() {
        for (i, &(from, event, to)) in TRANSITIONS.iter().enumerate() {
            assert_eq!(event.leads_from(from), Some(to));
            assert!(TRANSITIONS[..i].iter().all(|&(other, same, _)| (other, same) != (from, event)));
        }
        assert_eq!(Event::Claimed.leads_from(State::Completed), None);
    }

    #[test]
    fn an_ended_job_changes_only_when_it_is_revived() {
        let of_ended = TRANSITIONS.iter().filter(|(from, ..)| from.is_ended());
        assert!(of_ended.clone().all(|&(_, event, _)| event == Event::Revived));
        assert_eq!(of_ended.count(), 3);
    }

    #[test]
    fn names_are_read_in_any_case() {
        assert!(
            State::ALL.into_iter().all(|state| State::named(state.name().to_uppercase().as_bytes()) == Some(state))
        );
        assert_eq!(State::named(b"ended"), None);
    }
}
