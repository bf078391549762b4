//! The cache on the keyspace: reads, writes, leases, invalidation, eviction, and the index that follows every change.
//! The engine's state machines (tiers, index, leases, bans, statistics) live in one cell of the main thread.
//! Words of clients are parsed here only where files and replicas use the same words (clauses, tags, TTLs). No reports, and no
//! call of the server while the cell is borrowed: see [`with`].

pub(crate) mod ahead;
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
pub(crate) mod holders;
pub(crate) mod hot;
pub(crate) mod invalidate;
pub(crate) mod lookup;
pub(crate) mod measure;
pub(crate) mod pending;
pub(crate) mod queued;
pub(crate) mod saved;
pub(crate) mod store;
pub(crate) mod sweep;
pub(crate) mod tags;
pub(crate) mod ttl;
pub(crate) mod waiters;
pub(crate) mod wake;
pub(crate) mod watched;

use std::cell::{Cell, RefCell};

use assess_engine::cache::ban::Bans;
use assess_engine::cache::fence::TagFence;
use assess_engine::cache::index::{Index, Later, Removal};
use assess_engine::cache::lease::Leases;
use assess_engine::cache::policy::Policy;
use assess_engine::cache::tiers::{TierId, Tiers};
use assess_engine::cluster::tiers::SharedTiers;
use assess_engine::stats::{Stats, TierStats};

/// The state of the cache that is not in the keyspace.
pub(crate) struct Cache {
    pub(crate) tiers: Tiers,
    /// What all masters of a cluster agreed on. A tier that was set on this node alone may differ from it.
    pub(crate) shared: SharedTiers,
    pub(crate) index: Index,
    pub(crate) leases: Leases,
    pub(crate) bans: Bans,
    pub(crate) fences: TagFence,
    pub(crate) stats: Stats,
    /// The index is being built: keys of indexed tiers may be missing from it.
    pub(crate) indexing: bool,
    /// When the build began, on the index's clock of changes.
    pub(crate) indexing_since: u64,
    pub(crate) random: fastrand::Rng,
    /// Hits since the last one that was timed.
    untimed: u32,
}

impl Cache {
    fn new() -> Self {
        let mut random = fastrand::Rng::new();
        let seed = random.u64(..);
        Self {
            tiers: Tiers::new(),
            shared: SharedTiers::default(),
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

    /// The policy of a tier; `None` if the tier was removed.
    #[inline]
    pub(crate) fn policy(&self, tier: Option<TierId>) -> Option<&Policy> {
        Some(&self.tiers.get(tier?)?.policy)
    }

    /// The tier of a key, if the tier is indexed.
    #[inline]
    pub(crate) fn indexed_tier(&self, name: &[u8]) -> Option<TierId> {
        let tier = self.tiers.of(name)?;
        self.policy(Some(tier)).is_some_and(|policy| policy.index).then_some(tier)
    }

    /// The counters of a tier; those of keys without a tier for `None`.
    #[inline]
    pub(crate) fn count(&mut self, tier: Option<TierId>) -> &mut TierStats {
        self.stats.of(tier)
    }

    /// Notes a change of the index that can wait. See [`Later`].
    #[inline]
    fn change_later(&mut self, db: i32, name: &[u8], what: Later) {
        if self.index.change_later(db, name, what) {
            self.settle();
        }
    }

    /// Applies the changes of the index that wait, and counts the entries that were removed.
    #[inline(never)]
    fn settle(&mut self) {
        let Self { index, stats, .. } = self;
        index.settle(|why, entry| {
            let counters = stats.of(entry.tier);
            match why {
                Removal::Expired => {
                    counters.expiries += 1;
                    counters.never_hit += u64::from(!entry.hit_since_write);
                }
                Removal::Evicted => counters.evictions += 1,
                Removal::Deleted => {}
            }
        });
    }

    /// Whether to time this hit. One hit in 64 is timed, because reading the clock costs as much as a hit.
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

/// Borrows the cache for `work`, which must not call the server: the server notifies this module of the module's own
/// writes from inside the call, and the handler of the notification borrows the cell again. Changes of the index that
/// wait are applied first.
#[inline]
pub(crate) fn with<T>(work: impl FnOnce(&mut Cache) -> T) -> T {
    CACHE.with_borrow_mut(|cache| {
        if cache.index.has_waiting() {
            cache.settle();
        }
        work(cache)
    })
}

/// The same for work that does not read the index, except for what [`Index`] allows: changes that wait go on waiting.
#[inline]
pub(crate) fn beside_index<T>(work: impl FnOnce(&mut Cache) -> T) -> T {
    CACHE.with_borrow_mut(work)
}

/// On whose behalf the server writes. A user's write revokes the lease of its key, a write of the module does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// A client, by a command of Redis.
    User,
    /// A client, by a command of this module.
    Command,
    /// The holder of the lease, by the fill that ends it.
    Holder,
    /// The sweep of a ban. The leases that the ban covers are revoked separately.
    Sweep,
    /// An eviction: the value was still valid, so a lease remains.
    Eviction,
}

/// The current writer.
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
