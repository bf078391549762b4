//! Follows the keyspace: updates index, bans and leases on every event of a key, from any client or from the server.

use std::cell::Cell;
use std::cell::RefCell;

use assess_engine::cache::index::{Freshness, Index, Later, Removal, Write};
use assess_engine::cache::tiers::TierId;

use super::{Cache, Writer, ahead, beside_index, build, enforce, evict, measure, wake, with, writer};
use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::types::entry;

/// What an event means for the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A value of any type was written or changed.
    Written,
    /// A module wrote the key: possibly an entry of the cache.
    WrittenByModule,
    /// The key was read from an RDB file.
    Loaded,
    /// The key is a copy of another key.
    Copied,
    /// The key was restored from a `DUMP`.
    Restored,
    /// The key was renamed or moved to this name.
    MovedIn,
    /// The key was renamed, or moved to another database.
    MovedOut,
    Removed,
    Expired,
    Evicted,
    /// The time to live was changed, the value was not.
    TtlChanged,
}

impl Change {
    /// Maps an event of the server.
    #[inline]
    pub(crate) fn of(event: &[u8], by_module: bool) -> Self {
        match event {
            b"del" => Self::Removed,
            b"expire" | b"persist" => Self::TtlChanged,
            b"expired" => Self::Expired,
            b"evicted" => Self::Evicted,
            b"loaded" => Self::Loaded,
            b"rename_from" | b"move_from" => Self::MovedOut,
            b"rename_to" | b"move_to" => Self::MovedIn,
            b"copy_to" => Self::Copied,
            b"restore" => Self::Restored,
            _ if by_module => Self::WrittenByModule,
            _ => Self::Written,
        }
    }

    /// Whether the key may now hold an entry of the cache with tags.
    fn may_be_entry(self) -> bool {
        match self {
            Self::WrittenByModule | Self::Copied | Self::Restored | Self::MovedIn => true,
            // If it is one, the load callback of the type has just run.
            Self::Loaded => entry::take_loaded(),
            _ => false,
        }
    }
}

/// State of an entry that follows it to another name.
#[derive(Clone, Copy)]
struct MovedState {
    freshness: Freshness,
    stamp: u64,
}

thread_local! {
    /// Of the last key that was renamed or moved: the server sends the event of the old name first, then of the new
    /// one.
    static MOVED_STATE: RefCell<Option<MovedState>> = const { RefCell::new(None) };
    /// Whether a ban covered that key.
    static MOVED_UNDER_BAN: Cell<bool> = const { Cell::new(false) };
}

#[cfg(feature = "test-hooks")]
thread_local! {
    static DROPS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Ignores the next event, for the test that shows that the audit finds the difference.
#[cfg(feature = "test-hooks")]
pub(crate) fn drop_one() {
    DROPS.set(true);
}

thread_local! {
    /// Whether events are ignored: the module sends some itself, for other modules.
    static SUSPENDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `events` without following the events that it sends.
pub(super) fn without_following(events: impl FnOnce()) {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            SUSPENDED.set(self.0);
        }
    }
    let _before = Before(SUSPENDED.replace(true));
    events();
}

/// An event of a key in the selected database.
#[inline]
pub(crate) fn event(ctx: Ctx<'_>, name: &[u8], change: Change) {
    if SUSPENDED.get() {
        return;
    }
    #[cfg(feature = "test-hooks")]
    if DROPS.take() {
        return;
    }
    let db = ctx.db();
    if can_wait(ctx, db, name, change) {
        return;
    }
    match change {
        Change::Removed | Change::MovedOut | Change::Expired | Change::Evicted => key_removed(db, name, change),
        Change::TtlChanged => with(|cache| {
            if let Some(at) = cache.index.find(db, name) {
                let entry = cache.index.entry(at);
                let grace = cache.policy(entry.tier).map_or(0, |policy| policy.grace_ms);
                if ctx.is_loading() && grace > 0 {
                    // A rewritten append-only file sets the expiry of an entry after its value.
                    cache.index.describe(at, Freshness::FromExpiry { grace }, entry.bytes);
                } else if entry.tier.is_some() || entry.tagged {
                    cache.index.describe(at, Freshness::UntilExpiry, entry.bytes);
                } else {
                    // It was in the index only because it was stale, and it no longer is.
                    cache.index.remove(db, name);
                }
            }
        }),
        _ if change.may_be_entry() => {
            let key = Key::open(ctx, name, Mode::Peek);
            match entry::find(&key) {
                Some(entry) => {
                    let tags: Vec<&[u8]> = entry.tags().collect();
                    key_written(db, name, change, &tags, Some(entry.bytes()));
                }
                None => key_written(db, name, change, &[], None),
            }
        }
        _ => key_written(db, name, change, &[], None),
    }
}

/// Notes a change that can wait; `false` if it must be applied now. Most changes of most servers are of keys that are in
/// no tier and have never been in the index: then there is nothing to do.
#[inline]
fn can_wait(ctx: Ctx<'_>, db: i32, name: &[u8], change: Change) -> bool {
    let removal = match change {
        Change::Written | Change::TtlChanged => None,
        Change::Removed => Some(Removal::Deleted),
        Change::Expired => Some(Removal::Expired),
        Change::Evicted => Some(Removal::Evicted),
        _ => return false,
    };
    let noted = beside_index(|cache| {
        let tier = cache.indexed_tier(name);
        if cache.indexing {
            return None;
        }
        if let Some(tier) = tier {
            let policy = cache.policy(Some(tier))?;
            let what = match (change, removal) {
                (_, Some(_)) if policy.prefetch > 0 || ahead::has_marks() => return None,
                (_, Some(removal)) => Later::Removed(removal),
                // A rewritten append-only file sets the expiry of an entry after its value.
                (Change::TtlChanged, _) if policy.grace_ms > 0 && ctx.is_loading() => return None,
                (Change::TtlChanged, _) => Later::TtlChanged,
                // The order of use and the limits of the tier need the write now.
                _ if policy.is_bounded() || policy.enforce => return None,
                _ => Later::Written(tier),
            };
            if !Index::may_wait(name) {
                return None;
            }
            cache.change_later(db, name, what);
        } else if cache.may_index(None) || cache.bans.has_scans() {
            return None;
        }
        if matches!(change, Change::Written | Change::Removed) {
            cache.revoke(db, name);
        }
        Some(tier.is_some() && change == Change::Written)
    });
    if noted == Some(true) {
        measure::soon();
    }
    noted.is_some()
}

#[inline]
fn key_written(db: i32, name: &[u8], change: Change, tags: &[&[u8]], bytes: Option<u64>) {
    let mut may_act = false;
    let tier = with(|cache| {
        let tier = cache.indexed_tier(name);
        if tier.is_some() || !tags.is_empty() {
            cache.index_write(db, name, tier, change, tags, bytes);
        } else {
            if cache.may_index(None) {
                // The key may have had tags before this write.
                cache.index.remove(db, name);
            }
            if cache.bans.has_scans() && change != Change::Loaded {
                let is_old = match change {
                    // The event does not name the source of the copy: see `index_write`.
                    Change::Copied => true,
                    Change::MovedIn => MOVED_UNDER_BAN.take(),
                    _ => false,
                };
                if is_old {
                    cache.bans.cover_again(db, name);
                } else {
                    cache.bans.exempt(db, name, cache.tiers.of(name));
                }
            }
        }
        if change != Change::Loaded {
            cache.revoke(db, name);
        }
        // Most tiers have no limit and no `ENFORCE`: then nothing more is to be done.
        let policy = cache.policy(tier);
        may_act = policy.is_some_and(|policy| policy.is_bounded() || policy.enforce);
        tier
    });
    if bytes.is_none() && tier.is_some() {
        measure::soon();
    }
    if let Some(tier) = tier.filter(|_| may_act) {
        evict::consider(tier);
        if writer() == Writer::User
            && matches!(change, Change::Written | Change::MovedIn | Change::Copied | Change::Restored)
        {
            enforce::consider(db, name, tier);
        }
    }
}

fn key_removed(db: i32, name: &[u8], change: Change) {
    let removed = with(|cache| {
        let tier = cache.indexed_tier(name);
        if change == Change::MovedOut {
            MOVED_UNDER_BAN.set(cache.is_under_ban(db, name));
        }
        let removed = if cache.may_index(tier) { cache.index.remove(db, name) } else { None };
        if matches!(change, Change::Removed | Change::MovedOut) {
            cache.revoke(db, name);
        }
        let entry = removed?;
        let counters = cache.count(entry.tier);
        match change {
            Change::Expired => {
                counters.expiries += 1;
                counters.never_hit += u64::from(!entry.hit_since_write);
            }
            Change::Evicted => counters.evictions += 1,
            _ => {}
        }
        Some(MovedState { freshness: entry.freshness, stamp: entry.stamp })
    });
    if removed.is_some() {
        ahead::gone(db, name);
    }
    if change == Change::MovedOut {
        MOVED_STATE.set(removed);
    }
}

impl Cache {
    fn index_write(
        &mut self,
        db: i32,
        name: &[u8],
        tier: Option<TierId>,
        change: Change,
        tags: &[&[u8]],
        bytes: Option<u64>,
    ) {
        let from_expiry = Freshness::FromExpiry { grace: self.policy(tier).map_or(0, |policy| policy.grace_ms) };
        let (freshness, stamp) = match change {
            Change::Loaded => (from_expiry, Some(0)),
            Change::Restored => (from_expiry, None),
            // The event does not name the source of the copy. If a ban is being swept, it may cover the source, so
            // the copy is treated as covered: an extra miss is harmless, an invalid value is not.
            Change::Copied => (from_expiry, (!self.bans.is_empty()).then_some(0)),
            Change::MovedIn => match MOVED_STATE.take() {
                Some(moved) => (moved.freshness, (!self.bans.is_empty()).then_some(moved.stamp)),
                // The old name was not in the index: there is no state to keep.
                None => (Freshness::UntilExpiry, None),
            },
            _ => (Freshness::UntilExpiry, None),
        };
        let reorders = self.policy(tier).is_some_and(|policy| policy.is_bounded());
        self.index.written(db, name, &Write { tier, freshness, bytes, tags, stamp, reorders });
    }

    /// Whether a key of this tier can be in the index. A key without a tier is there only if it has tags, or if its
    /// tier has just changed, or if an invalidation of its old tier is running. Most keys of most servers have no tier,
    /// and this check saves their lookup.
    #[inline]
    fn may_index(&self, tier: Option<TierId>) -> bool {
        tier.is_some() || self.indexing || self.index.has_outside() || build::keeps_in_old_tiers()
    }

    /// A user's write to a key revokes its lease.
    #[inline]
    fn revoke(&mut self, db: i32, name: &[u8]) {
        if self.leases.is_empty() || !matches!(writer(), Writer::User | Writer::Command) {
            return;
        }
        if let Some(revoked) = self.leases.written(now_ms(), db, name) {
            let tier = self.tiers.of(name);
            self.count(tier).leases_revoked += 1;
            if revoked.waiters > 0 {
                wake::soon(db, name);
            }
        }
    }
}

/// Whether a key of this name is leased, in any database.
pub(super) fn is_leased(name: &[u8]) -> bool {
    with(|cache| !cache.leases.is_empty() && !cache.leases.databases(name).is_empty())
}

/// A plain command is about to delete a key. For a key that does not exist the server sends no event, and the lease of
/// the key would outlive the change that the client reports by the deletion. The database is not known here, so the
/// leases of this name in all databases are revoked: a lease that is revoked without need costs one computation.
pub(super) fn deleting(name: &[u8]) {
    with(|cache| {
        for db in cache.leases.databases(name) {
            cache.revoke(db, name);
        }
    });
}

/// A database was flushed; `None` means all databases. The index of many keys is freed by a worker.
pub(crate) fn flushed(db: Option<i32>) {
    let flushed = with(|cache| {
        let flushed = cache.index.flushed(db);
        cache.bans.flushed(db);
        for (db, name) in cache.leases.flushed(now_ms(), db) {
            wake::soon(db, &name);
        }
        flushed
    });
    crate::work::pool::run(crate::work::pool::Lane::Disposal, None, move || drop(flushed));
}

/// Two databases were swapped.
pub(crate) fn swapped(a: i32, b: i32) {
    with(|cache| {
        cache.index.swapped(a, b);
        cache.bans.swapped(a, b);
        for (db, name) in cache.leases.swapped(now_ms(), a, b) {
            wake::soon(db, &name);
        }
    });
    build::swapped();
    enforce::swapped(a, b);
}
