//! Reads an entry: its state, its value, and whether it may be served.

use std::borrow::Cow;

use assess_engine::cache::ban::{Ban, Verdict};
use assess_engine::cache::index::{At, Freshness, Index, Later};
use assess_engine::cache::lease::Seen;
use assess_engine::cache::tiers::TierId;

use super::{Cache, beside_index, with};
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key};
use crate::types::entry;

/// Where the entry of a key is in the index.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// It is not in the index.
    Nowhere,
    At(At),
    /// It was not looked up: its state does not depend on it.
    Unknown,
}

/// The state of a key.
#[derive(Clone, Copy)]
pub(crate) struct Lookup {
    pub(crate) place: Place,
    pub(crate) tier: Option<TierId>,
    pub(crate) seen: Seen,
}

/// Looks up a key of the selected database, without counting a hit or a miss.
#[inline]
pub(crate) fn look_up(ctx: Ctx<'_>, key: &Key<'_>, name: &[u8]) -> Lookup {
    if key.holds() == Holds::Nothing {
        let tier = beside_index(|cache| cache.tiers.of(name));
        return Lookup { place: Place::Nowhere, tier, seen: Seen::Absent };
    }
    let db = ctx.db();
    if let Some(tier) = beside_index(|cache| cache.surely_fresh(db, name)) {
        return Lookup { place: Place::Unknown, tier: Some(tier), seen: Seen::Fresh };
    }
    let known = with(|cache| cache.known(db, name));
    let (found, freshness) = match known {
        Known::Sure(found) => return found,
        Known::Indexed(found, freshness) => (found, freshness),
        Known::Unindexed(tier) => return unindexed(key, db, name, tier),
    };
    let Freshness::FromExpiry { grace } = freshness else { return found };
    // Read from a file: fresh until its grace begins.
    let seen = match key.expires_at() {
        Some(at) if grace > 0 && now_ms() >= at.saturating_sub(grace) => Seen::Stale,
        _ => Seen::Fresh,
    };
    Lookup { seen, ..found }
}

/// What the index and the bans know about a key.
enum Known {
    Sure(Lookup),
    /// The state also depends on the expiry of the key.
    Indexed(Lookup, Freshness),
    /// The key is not in the index, and bans are active.
    Unindexed(Option<TierId>),
}

impl Cache {
    /// The tier of a key that exists, if its entry need not be found to know that it is fresh.
    #[inline]
    fn surely_fresh(&self, db: i32, name: &[u8]) -> Option<TierId> {
        if self.indexing || !self.bans.is_empty() || !Index::may_wait(name) {
            return None;
        }
        self.indexed_tier(name).filter(|&tier| self.index.all_until_expiry(db, tier))
    }

    #[inline]
    fn known(&self, db: i32, name: &[u8]) -> Known {
        let Some(at) = self.index.find(db, name) else {
            let tier = self.tiers.of(name);
            if self.bans.is_empty() {
                return Known::Sure(Lookup { place: Place::Nowhere, tier, seen: Seen::Fresh });
            }
            return Known::Unindexed(tier);
        };
        let entry = self.index.entry(at);
        let tier = entry.tier;
        let found = |seen| Lookup { place: Place::At(at), tier, seen };
        if !self.bans.is_empty() {
            let has_grace = self.policy(tier).is_some_and(|policy| policy.grace_ms > 0);
            let has_tag = |tag: &[u8]| self.index.tags(at).any(|own| own == tag);
            let mut verdict = self.bans.verdict(db, name, tier, entry.stamp, &has_tag);
            if self.indexing && verdict == Verdict::Valid {
                // The entry may not have been moved to its new tier yet.
                verdict = self.bans.verdict(db, name, self.tiers.of(name), entry.stamp, &has_tag);
            }
            match verdict {
                Verdict::Valid => {}
                Verdict::Stale if has_grace => return Known::Sure(found(Seen::Stale)),
                Verdict::Stale | Verdict::Invalid => return Known::Sure(found(Seen::Absent)),
            }
        }
        match entry.freshness {
            Freshness::UntilExpiry => Known::Sure(found(Seen::Fresh)),
            Freshness::FromExpiry { .. } => Known::Indexed(found(Seen::Fresh), entry.freshness),
            Freshness::Until { at, ttl } => Known::Sure(found(self.age(tier, at, ttl))),
        }
    }

    /// Whether a running invalidation covers an entry, so that its sweep will remove the entry or make it stale.
    pub(super) fn is_banned(&self, db: i32, name: &[u8], at: At) -> bool {
        if self.bans.is_empty() {
            return false;
        }
        let (entry, has_tag) = (self.index.entry(at), |tag: &[u8]| self.index.tags(at).any(|own| own == tag));
        // A ban of a changed model removes assessment documents only: other values that it covers stay.
        // A ban that was declared after the build of the index began refers to the new tiers.
        let holds = |ban: &&Ban| ban.db == db && !ban.local && ban.stamp < self.indexing_since;
        let mut running = self.bans.iter().filter(holds);
        running.any(|ban| entry.stamp < ban.stamp && ban.covers(name, entry.tier, &has_tag))
    }

    /// The state now of an entry that is fresh until `at`, with a time to live of `ttl` milliseconds.
    fn age(&self, tier: Option<TierId>, at: u64, ttl: u64) -> Seen {
        let now = now_ms();
        if now >= at {
            return Seen::Stale;
        }
        let refresh = self.policy(tier).map_or(0, |policy| u64::from(policy.refresh_pct));
        let window = (u128::from(ttl) * u128::from(refresh) / 100) as u64;
        if refresh > 0 && now >= at.saturating_sub(window) { Seen::Ageing } else { Seen::Fresh }
    }
}

/// The state of a key that is not in the index: only a ban that scans, or a ban of one of its tags, can cover it.
fn unindexed(key: &Key<'_>, db: i32, name: &[u8], tier: Option<TierId>) -> Lookup {
    let tags: Vec<&[u8]> = entry::find(key).map(|entry| entry.tags().collect()).unwrap_or_default();
    let covered = with(|cache| {
        cache.bans.scan_covers(db, name, tier)
            || (!tags.is_empty() && cache.bans.verdict(db, name, tier, 0, &|tag| tags.contains(&tag)) != Verdict::Valid)
    });
    Lookup { place: Place::Nowhere, tier, seen: if covered { Seen::Absent } else { Seen::Fresh } }
}

/// The value of a key: a string, or an entry of the cache, decompressed. `None` if the key does not exist.
#[inline]
pub(crate) fn value<'k>(key: &'k Key<'_>) -> Outcome<Option<Cow<'k, [u8]>>> {
    match key.holds() {
        Holds::Nothing => Ok(None),
        Holds::String => Ok(key.string().map(Cow::Borrowed)),
        Holds::Native => match entry::find(key) {
            Some(entry) => Ok(Some(entry.value()?)),
            None => Err(Failure::wrong_type()),
        },
        Holds::Other => Err(Failure::wrong_type()),
    }
}

/// Until when an entry is fresh, in Unix milliseconds; `None` without a limit.
pub(crate) fn fresh_until(ctx: Ctx<'_>, key: &Key<'_>, name: &[u8]) -> Option<u64> {
    let (db, expires_at) = (ctx.db(), key.expires_at());
    match with(|cache| cache.index.find(db, name).map(|at| cache.index.entry(at).freshness)) {
        Some(Freshness::Until { at, .. }) => Some(at),
        Some(Freshness::FromExpiry { grace }) => expires_at.map(|at| at.saturating_sub(grace)),
        Some(Freshness::UntilExpiry) | None => expires_at,
    }
}

/// Counts a hit of a key of the selected database. Returns whether the tier of the key fetches ahead (`PREFETCH`).
#[inline]
pub(crate) fn hit(ctx: Ctx<'_>, name: &[u8], found: &Lookup) -> bool {
    let count = |cache: &mut Cache| {
        let policy = cache.policy(found.tier);
        let (reorder, prefetches) = policy.map_or((false, false), |policy| (policy.is_bounded(), policy.prefetch > 0));
        match found.place {
            Place::Nowhere => {}
            Place::At(at) => cache.index.touched(at, reorder),
            Place::Unknown => cache.change_later(ctx.db(), name, Later::Hit { reorder }),
        }
        let counters = cache.count(found.tier);
        match found.seen {
            Seen::Stale => counters.stale_hits += 1,
            _ => counters.hits += 1,
        }
        prefetches
    };
    match found.place {
        Place::At(_) => with(count),
        Place::Nowhere | Place::Unknown => beside_index(count),
    }
}

/// Counts a miss.
#[inline]
pub(crate) fn missed(tier: Option<TierId>) {
    beside_index(|cache| cache.count(tier).misses += 1);
}
