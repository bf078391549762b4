//! The types of the arguments and results of [`Leases`](super::Leases).

/// A database, and a key in it.
pub type Key = (i32, Box<[u8]>);

/// The largest number of leases at the same time. Above it the reply to a FETCH is `busy`.
pub const MAX_LEASES: usize = 100_000;

/// The state of the value that a FETCH finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// There is no value.
    Absent,
    /// The value is within its time to live.
    Fresh,
    /// The value is within the last part of its time to live, the REFRESH window.
    Ageing,
    /// The value is within its grace.
    Stale,
}

/// Token and stamp for a lease, used if one is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The fencing token.
    pub token: u64,
    /// The stamp on the clock of changes.
    pub stamp: u64,
}

/// The reason why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The time of the lease was over, or its client disconnected.
    Expired,
    /// The key was invalidated.
    Invalidated,
    /// The key was written, deleted or renamed.
    Overwritten,
    /// The token was never granted for this key, was used already, or was forgotten.
    Unknown,
}

/// The arguments of a FETCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The client.
    pub client: u64,
    /// The duration of a lease, in ms.
    pub lease_ms: u64,
    /// The client does not accept a stale value.
    pub nostale: bool,
    /// The lease ends when the client disconnects.
    pub bind: bool,
    /// A lease may be granted: the server is a master, and the command runs outside of MULTI and scripts.
    pub may_grant: bool,
    /// The client may wait: a lease may be granted, and WAIT is not 0.
    pub may_wait: bool,
}

/// The reply to a FETCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The value.
    Value,
    /// The value, marked stale.
    Stale,
    /// The value, and a lease to refresh it.
    Refresh {
        /// The token for FILL.
        token: u64,
        /// The duration of the lease.
        ms: u64,
        /// The state of the value: ageing or stale.
        seen: Seen,
    },
    /// No value, and a lease to compute it.
    Lease {
        /// The token for FILL.
        token: u64,
        /// The duration of the lease.
        ms: u64,
    },
    /// A remembered failure, with its reason.
    Negative(Box<[u8]>),
    /// Another client computes the value: the client waits.
    Wait,
    /// No value and no lease: the client can compute the value, but FILL will not store it.
    Busy,
}

/// A lease whose token was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The stamp of the grant.
    pub granted: u64,
    /// The time of the grant.
    pub granted_at: u64,
}

/// A client that waits for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    /// The client.
    pub client: u64,
    /// The time at which it began to wait.
    pub since: u64,
}

/// A failed computation, and its consequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The reason, which readers get.
    pub reason: Box<[u8]>,
    /// How long readers get the reason.
    pub negative_ms: u64,
    /// How long an existing value is served before the next lease is granted.
    pub retry_ms: u64,
    /// Whether there is an existing value.
    pub stale: bool,
}

/// A lease that was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// The number of waiters to answer.
    pub waiters: usize,
    /// The stamp of its grant.
    pub granted: u64,
}

/// The public data of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseInfo {
    /// The remaining time.
    pub ms_left: u64,
    /// The number of waiters.
    pub waiters: usize,
    /// The stamp of its grant.
    pub granted: u64,
}
