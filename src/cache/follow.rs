//! Following the keyspace: every write and every death of a key, whoever caused it.

use std::cell::Cell;
use std::cell::RefCell;

use assess_engine::cache::index::{Freshness, Write};
use assess_engine::cache::tiers::TierId;

use super::{Cache, Writer, build, enforce, evict, measure, settle, tidy, with, writer};
use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::types::entry;

/// What an event means to the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A value of any kind was written or changed.
    Written,
    /// A module wrote: perhaps one of our entries.
    WrittenByModule,
    /// The key came from an RDB file.
    Loaded,
    /// The key came from another one, or from a `DUMP`.
    Copied,
    Restored,
    /// The key is what another name was until now.
    Arrived,
    /// The key has gone to another name, or database.
    Left,
    Removed,
    Expired,
    Evicted,
    /// The same value has another time to live.
    Relived,
}

impl Change {
    /// The meaning of an event of the server.
    #[inline]
    pub(crate) fn of(event: &[u8], by_module: bool) -> Self {
        match event {
            b"del" => Self::Removed,
            b"expire" | b"persist" => Self::Relived,
            b"expired" => Self::Expired,
            b"evicted" => Self::Evicted,
            b"loaded" => Self::Loaded,
            b"rename_from" | b"move_from" => Self::Left,
            b"rename_to" | b"move_to" => Self::Arrived,
            b"copy_to" => Self::Copied,
            b"restore" => Self::Restored,
            _ if by_module => Self::WrittenByModule,
            _ => Self::Written,
        }
    }

    /// Whether the key may hold one of our entries now, which has tags.
    fn may_be_entry(self) -> bool {
        match self {
            Self::WrittenByModule | Self::Copied | Self::Restored | Self::Arrived => true,
            // The type's own callback has just run, if it is one.
            Self::Loaded => entry::take_loaded(),
            _ => false,
        }
    }
}

/// What a key that leaves its name takes along.
#[derive(Clone, Copy)]
struct Luggage {
    freshness: Freshness,
    stamp: u64,
}

thread_local! {
    /// Of the key that left its name last: `RENAME` and `MOVE` tell of the departure first, then of the arrival.
    static LUGGAGE: RefCell<Option<Luggage>> = const { RefCell::new(None) };
    /// Whether it was under a ban.
    static LEFT_BANNED: Cell<bool> = const { Cell::new(false) };
}

#[cfg(feature = "test-hooks")]
thread_local! {
    static DROPS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Has the next event overheard, for the test that shows that such a thing is found.
#[cfg(feature = "test-hooks")]
pub(crate) fn drop_one() {
    DROPS.set(true);
}

thread_local! {
    /// Events that this module makes for others are no news to it.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Makes events that are not followed here.
pub(super) fn quietly(events: impl FnOnce()) {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            QUIET.set(self.0);
        }
    }
    let _before = Before(QUIET.replace(true));
    events();
}

/// Something happened to a key of the selected database.
#[inline]
pub(crate) fn event(ctx: Ctx<'_>, name: &[u8], change: Change) {
    if QUIET.get() {
        return;
    }
    #[cfg(feature = "test-hooks")]
    if DROPS.take() {
        return;
    }
    let db = ctx.db();
    match change {
        Change::Removed | Change::Left | Change::Expired | Change::Evicted => went(db, name, change),
        Change::Relived => with(|cache| {
            if let Some(at) = cache.index.find(db, name) {
                let entry = cache.index.entry(at);
                let grace = cache.policy(entry.tier).map_or(0, |policy| policy.grace_ms);
                if ctx.is_loading() && grace > 0 {
                    // A rewritten append-only file writes an entry first and its expiry then.
                    cache.index.describe(at, Freshness::FromExpiry { grace }, entry.bytes);
                } else if entry.tier.is_some() || entry.tagged {
                    cache.index.describe(at, Freshness::UntilExpiry, entry.bytes);
                } else {
                    // It was remembered for being stale, and is not any more.
                    cache.index.gone(db, name);
                }
            }
        }),
        _ if change.may_be_entry() => {
            let key = Key::open(ctx, name, Mode::Peek);
            match entry::find(&key) {
                Some(entry) => {
                    let tags: Vec<&[u8]> = entry.tags().collect();
                    came(db, name, change, &tags, Some(entry.bytes()));
                }
                None => came(db, name, change, &[], None),
            }
        }
        _ => came(db, name, change, &[], None),
    }
}

#[inline]
fn came(db: i32, name: &[u8], change: Change, tags: &[&[u8]], bytes: Option<u64>) {
    let mut cares = false;
    let tier = with(|cache| {
        let tier = cache.indexed_tier(name);
        if tier.is_some() || !tags.is_empty() {
            cache.index_write(db, name, tier, change, tags, bytes);
        } else {
            if cache.may_index(None) {
                // A key with tags may have been overwritten by one without.
                cache.index.gone(db, name);
            }
            if cache.bans.wants_survivors() && change != Change::Loaded {
                let is_old = match change {
                    // Nobody says what it was copied from: see `index_write`.
                    Change::Copied => true,
                    Change::Arrived => LEFT_BANNED.take(),
                    _ => false,
                };
                if is_old {
                    cache.bans.regained(db, name);
                } else {
                    cache.bans.survived(db, name, cache.tiers.of(name));
                }
            }
        }
        if change != Change::Loaded {
            cache.revoke(db, name);
        }
        // Most tiers have nothing more to do: so they need not be asked again.
        let policy = cache.policy(tier);
        cares = policy.is_some_and(|policy| policy.is_bounded() || policy.enforce);
        tier
    });
    if bytes.is_none() && tier.is_some() {
        measure::soon();
    }
    if let Some(tier) = tier.filter(|_| cares) {
        evict::consider(tier);
        if writer() == Writer::User
            && matches!(change, Change::Written | Change::Arrived | Change::Copied | Change::Restored)
        {
            enforce::consider(db, name, tier);
        }
    }
}

fn went(db: i32, name: &[u8], change: Change) {
    let gone = with(|cache| {
        let tier = cache.indexed_tier(name);
        if change == Change::Left {
            LEFT_BANNED.set(cache.is_under_ban(db, name));
        }
        let gone = match cache.may_index(tier) {
            false => None,
            true if change == Change::Expired => cache.index.died(db, name),
            true => cache.index.gone(db, name),
        };
        if matches!(change, Change::Removed | Change::Left) {
            cache.revoke(db, name);
        }
        let entry = gone?;
        let counters = cache.count(entry.tier);
        match change {
            Change::Expired => {
                counters.expiries += 1;
                counters.never_hit += u64::from(!entry.hit_since_write);
            }
            Change::Evicted => counters.evictions += 1,
            _ => {}
        }
        Some(Luggage { freshness: entry.freshness, stamp: entry.stamp })
    });
    match change {
        Change::Left => LUGGAGE.set(gone),
        Change::Expired if gone.is_some() => tidy::soon(),
        _ => {}
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
            // Nobody says what it was copied from. That may be covered by a ban that is being swept: then the copy is
            // too. A miss too many is harmless, an old value is not.
            Change::Copied => (from_expiry, (!self.bans.is_empty()).then_some(0)),
            Change::Arrived => match LUGGAGE.take() {
                Some(luggage) => (luggage.freshness, (!self.bans.is_empty()).then_some(luggage.stamp)),
                // From outside every tier, where no ban reaches.
                None => (Freshness::UntilExpiry, None),
            },
            _ => (Freshness::UntilExpiry, None),
        };
        let reorders = self.policy(tier).is_some_and(|policy| policy.is_bounded());
        self.index.written(db, name, &Write { tier, freshness, bytes, tags, stamp, reorders });
    }

    /// Whether a key of this tier, or of none, can be in the index: one in no tier only by its tags, or because its tier
    /// was changed a moment ago. Most keys of most servers are in none, and are not looked for.
    #[inline]
    fn may_index(&self, tier: Option<TierId>) -> bool {
        tier.is_some() || self.indexing || self.index.usage(None).entries > 0
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
                settle::soon(db, name);
            }
        }
    }
}

/// Whether a key of this name is leased, in any database.
pub(super) fn is_leased(name: &[u8]) -> bool {
    with(|cache| !cache.leases.is_empty() && !cache.leases.databases(name).is_empty())
}

/// A key of this name is about to be deleted by a plain command. The server tells nothing of a key that is not there, so
/// that its lease would outlive the change that the deletion stands for. Which database is meant is not known here: a
/// lease that is revoked for nothing costs one computation.
pub(super) fn deleting(name: &[u8]) {
    with(|cache| {
        for db in cache.leases.databases(name) {
            cache.revoke(db, name);
        }
    });
}

/// A database was emptied; `None` is all of them. Its keys may be many: they go where nobody waits.
pub(crate) fn flushed(db: Option<i32>) {
    let debris = with(|cache| {
        let debris = cache.index.flushed(db);
        cache.bans.flushed(db);
        for (db, name) in cache.leases.flushed(now_ms(), db) {
            settle::soon(db, &name);
        }
        debris
    });
    crate::work::pool::run(crate::work::pool::Lane::Disposal, None, move || drop(debris));
}

/// Two databases changed places.
pub(crate) fn swapped(a: i32, b: i32) {
    with(|cache| {
        cache.index.swapped(a, b);
        cache.bans.swapped(a, b);
        for (db, name) in cache.leases.swapped(now_ms(), a, b) {
            settle::soon(db, &name);
        }
    });
    build::swapped();
    enforce::swapped(a, b);
}
