//! The cache of this server: what the engine's machines are told, and what they say is to be done.
//!
//! The machines (tiers, index, leases, bans, statistics) live in one cell of the main thread. They never call the
//! server; whoever uses them asks, lets go, and then does what the answer says: the server tells us of our own writes
//! from inside the call that makes them, and would find the cell in use.

#[cfg(feature = "test-hooks")]
pub(crate) mod audit;
pub(crate) mod build;
pub(crate) mod clauses;
pub(crate) mod enforce;
pub(crate) mod evict;
pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod fill;
pub(crate) mod follow;
#[cfg(feature = "test-hooks")]
pub(crate) mod hold;
pub(crate) mod invalidate;
pub(crate) mod life;
pub(crate) mod look;
pub(crate) mod measure;
pub(crate) mod pending;
pub(crate) mod queued;
pub(crate) mod saved;
pub(crate) mod settle;
pub(crate) mod store;
pub(crate) mod sweep;
pub(crate) mod tags;
mod tidy;
pub(crate) mod waiters;
pub(crate) mod watched;

use std::cell::{Cell, RefCell};

use assess_engine::cache::ban::Bans;
use assess_engine::cache::fence::TagFence;
use assess_engine::cache::index::Index;
use assess_engine::cache::lease::Leases;
use assess_engine::cache::tier::Policy;
use assess_engine::cache::tiers::{TierId, Tiers};
use assess_engine::stats::{Stats, TierStats};

/// Everything the cache knows, beside what the keyspace holds.
pub(crate) struct Cache {
    pub(crate) tiers: Tiers,
    pub(crate) index: Index,
    pub(crate) leases: Leases,
    pub(crate) bans: Bans,
    pub(crate) fences: TagFence,
    pub(crate) stats: Stats,
    /// Keys may exist that belong into the index and are not in it yet.
    pub(crate) indexing: bool,
    /// The moment at which that began, on the clock of changes.
    pub(crate) indexing_since: u64,
    pub(crate) random: fastrand::Rng,
    /// Hits since the latest one whose time was taken.
    untimed: u32,
}

impl Cache {
    fn new() -> Self {
        let mut random = fastrand::Rng::new();
        let seed = random.u64(..);
        Self {
            tiers: Tiers::new(),
            index: Index::new(seed),
            leases: Leases::default(),
            bans: Bans::default(),
            fences: TagFence::default(),
            stats: Stats::default(),
            indexing: false,
            indexing_since: 0,
            random,
            untimed: 0,
        }
    }

    /// The policy of a tier, if it still is one.
    #[inline]
    pub(crate) fn policy(&self, tier: Option<TierId>) -> Option<&Policy> {
        Some(&self.tiers.get(tier?)?.policy)
    }

    /// The tier of a key, where its keys are indexed.
    #[inline]
    pub(crate) fn indexed_tier(&self, name: &[u8]) -> Option<TierId> {
        let tier = self.tiers.of(name)?;
        self.policy(Some(tier)).is_some_and(|policy| policy.index).then_some(tier)
    }

    /// Counters of a tier; `None` are those of keys in no tier.
    #[inline]
    pub(crate) fn count(&mut self, tier: Option<TierId>) -> &mut TierStats {
        self.stats.of(tier)
    }

    /// Whether the time of this hit is to be taken: of one in 64, since a look at the clock costs as much as a hit.
    #[inline]
    pub(crate) fn takes_time(&mut self) -> bool {
        self.untimed = (self.untimed + 1) % 64;
        self.untimed == 1
    }
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(Cache::new());
    static WRITER: Cell<Writer> = const { Cell::new(Writer::User) };
}

/// Lends the cache. `work` must not call the server.
#[inline]
pub(crate) fn with<T>(work: impl FnOnce(&mut Cache) -> T) -> T {
    CACHE.with_borrow_mut(work)
}

/// On whose behalf the server is writing: our own writes do not mean to a lease what a user's do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// A client, by a command of the server.
    User,
    /// A client, by a command of ours.
    Command,
    /// The holder of the lease, who closes it.
    Holder,
    /// The sweep of a ban, which has revoked the leases that it covers.
    Sweep,
    /// What is evicted is still true.
    Eviction,
}

/// Who is writing just now.
#[inline]
pub(crate) fn writer() -> Writer {
    WRITER.get()
}

/// Calls the server on behalf of `writer`.
pub(crate) fn writing_as<T>(writer: Writer, work: impl FnOnce() -> T) -> T {
    struct Before(Writer);
    impl Drop for Before {
        fn drop(&mut self) {
            WRITER.set(self.0);
        }
    }
    let _before = Before(WRITER.replace(writer));
    work()
}
