//! What is said to and by the machine of leases.

/// A database and a key of it.
pub type Key = (i32, Box<[u8]>);

/// How many leases may live at once; beyond it a FETCH is answered `busy`.
pub const MOST_LEASES: usize = 100_000;

/// What a FETCH finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// No value.
    Absent,
    /// A value in its fresh life.
    Fresh,
    /// A value near the end of its fresh life: in the REFRESH window.
    Ageing,
    /// A value in GRACE.
    Stale,
}

/// What the lease gets that is granted, if one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Its token.
    pub token: u64,
    /// Its stamp, on the clock of changes.
    pub stamp: u64,
}

/// Why a token is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The lease ended, or its client went away.
    Expired,
    /// The key was invalidated.
    Invalidated,
    /// The key was written, deleted or renamed.
    Overwritten,
    /// Never granted for this key, given back, or too long ago.
    Unknown,
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Who asks.
    pub client: u64,
    /// How long a lease is to live.
    pub lease_ms: u64,
    /// A stale value does not do.
    pub nostale: bool,
    /// The lease ends when the client disconnects.
    pub bind: bool,
    /// A master, outside MULTI and scripts.
    pub may_grant: bool,
    /// It may be granted, and WAIT is not 0.
    pub may_wait: bool,
}

/// What a FETCH is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The value.
    Value,
    /// The value, marked stale.
    Stale,
    /// The value, and a lease to refresh it.
    Refresh {
        /// What FILL must show.
        token: u64,
        /// How long the lease lives.
        ms: u64,
        /// What the value is: ageing or stale.
        seen: Seen,
    },
    /// No value, and a lease to compute it.
    Lease {
        /// What FILL must show.
        token: u64,
        /// How long the lease lives.
        ms: u64,
    },
    /// A failure that is remembered, with its reason.
    Negative(Box<[u8]>),
    /// Somebody computes it: the client waits.
    Wait,
    /// Compute it yourself, it will not be stored.
    Busy,
}

/// A lease that its token proves.
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
    /// Which.
    pub client: u64,
    /// Since when.
    pub since: u64,
}

/// Why a computation failed, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What readers are told.
    pub reason: Box<[u8]>,
    /// How long they are told so.
    pub negative_ms: u64,
    /// How long a value that is there is served before the next grant.
    pub retry_ms: u64,
    /// Whether there is such a value.
    pub stale: bool,
}

/// A lease that was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// How many wait and are to be answered.
    pub waiters: usize,
    /// The stamp of its grant.
    pub granted: u64,
}

/// What can be told of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseInfo {
    /// What is left of it.
    pub ms_left: u64,
    /// How many wait.
    pub waiters: usize,
    /// The stamp of its grant.
    pub granted: u64,
}
