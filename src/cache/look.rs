//! Reading an entry: what is there, and whether it may be served.

use std::borrow::Cow;

use assess_engine::cache::ban::{Ban, Verdict};
use assess_engine::cache::index::{At, Freshness};
use assess_engine::cache::lease::Seen;
use assess_engine::cache::tiers::TierId;

use super::{Cache, with};
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key};
use crate::types::entry;

/// What was found under a name.
#[derive(Clone, Copy)]
pub(crate) struct Looked {
    pub(crate) at: Option<At>,
    pub(crate) tier: Option<TierId>,
    pub(crate) seen: Seen,
}

/// Looks at a key of the selected database, without counting.
#[inline]
pub(crate) fn look(ctx: Ctx<'_>, key: &Key<'_>, name: &[u8]) -> Looked {
    if key.holds() == Holds::Nothing {
        return Looked { at: None, tier: with(|cache| cache.tiers.of(name)), seen: Seen::Absent };
    }
    let db = ctx.db();
    let known = with(|cache| cache.known(db, name));
    let (looked, freshness) = match known {
        Known::Sure(looked) => return looked,
        Known::Indexed(looked, freshness) => (looked, freshness),
        Known::Unindexed(tier) => return unindexed(key, db, name, tier),
    };
    let Freshness::FromExpiry { grace } = freshness else { return looked };
    // From a file: fresh until the grace begins.
    let seen = match key.expires_at() {
        Some(at) if grace > 0 && now_ms() >= at.saturating_sub(grace) => Seen::Stale,
        _ => Seen::Fresh,
    };
    Looked { seen, ..looked }
}

enum Known {
    Sure(Looked),
    Indexed(Looked, Freshness),
    /// In no index, and bans are active.
    Unindexed(Option<TierId>),
}

impl Cache {
    #[inline]
    fn known(&self, db: i32, name: &[u8]) -> Known {
        let Some(at) = self.index.find(db, name) else {
            let tier = self.tiers.of(name);
            if self.bans.is_empty() {
                return Known::Sure(Looked { at: None, tier, seen: Seen::Fresh });
            }
            return Known::Unindexed(tier);
        };
        let entry = self.index.entry(at);
        let tier = entry.tier;
        let looked = |seen| Looked { at: Some(at), tier, seen };
        if !self.bans.is_empty() {
            let has_grace = self.policy(tier).is_some_and(|policy| policy.grace_ms > 0);
            let has_tag = |tag: &[u8]| self.index.tags(at).any(|own| own == tag);
            let mut verdict = self.bans.verdict(db, name, tier, entry.stamp, &has_tag);
            if self.indexing && verdict == Verdict::Lives {
                // It may not have been moved to its tier yet.
                verdict = self.bans.verdict(db, name, self.tiers.of(name), entry.stamp, &has_tag);
            }
            match verdict {
                Verdict::Lives => {}
                Verdict::Soft if has_grace => return Known::Sure(looked(Seen::Stale)),
                Verdict::Soft | Verdict::Gone => return Known::Sure(looked(Seen::Absent)),
            }
        }
        match entry.freshness {
            Freshness::UntilExpiry => Known::Sure(looked(Seen::Fresh)),
            Freshness::FromExpiry { .. } => Known::Indexed(looked(Seen::Fresh), entry.freshness),
            Freshness::Until { at, life } => Known::Sure(looked(self.age(tier, at, life))),
        }
    }

    /// Whether a running invalidation covers an entry, which its sweep will remove or make stale.
    pub(super) fn is_banned(&self, db: i32, name: &[u8], at: At) -> bool {
        if self.bans.is_empty() {
            return false;
        }
        let (entry, has_tag) = (self.index.entry(at), |tag: &[u8]| self.index.tags(at).any(|own| own == tag));
        // What a model leaves behind need not be an assessment: of that, something may stay.
        // One that was declared since keys began to move means the tiers as they will be.
        let holds = |ban: &&Ban| ban.db == db && !ban.local && ban.stamp < self.indexing_since;
        let mut running = self.bans.iter().filter(holds);
        running.any(|ban| entry.stamp < ban.stamp && ban.covers(name, entry.tier, &has_tag))
    }

    /// How an entry that is fresh until `at`, after a fresh life of `life`, is to be served now.
    fn age(&self, tier: Option<TierId>, at: u64, life: u64) -> Seen {
        let now = now_ms();
        if now >= at {
            return Seen::Stale;
        }
        let refresh = self.policy(tier).map_or(0, |policy| u64::from(policy.refresh_pct));
        let window = (u128::from(life) * u128::from(refresh) / 100) as u64;
        if refresh > 0 && now >= at.saturating_sub(window) { Seen::Ageing } else { Seen::Fresh }
    }
}

/// A key that no index has: only a scanning ban can cover it, or one of its own tags.
fn unindexed(key: &Key<'_>, db: i32, name: &[u8], tier: Option<TierId>) -> Looked {
    let tags: Vec<&[u8]> = entry::find(key).map(|entry| entry.tags().collect()).unwrap_or_default();
    let covered = with(|cache| {
        cache.bans.scan_covers(db, name, tier)
            || (!tags.is_empty() && cache.bans.verdict(db, name, tier, 0, &|tag| tags.contains(&tag)) != Verdict::Lives)
    });
    Looked { at: None, tier, seen: if covered { Seen::Absent } else { Seen::Fresh } }
}

/// The value of a key: that of a string, or of one of our entries, unpacked. `None` for a key that is not there.
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

/// Until when an entry is fresh, in Unix milliseconds; `None` for ever.
pub(crate) fn fresh_until(ctx: Ctx<'_>, key: &Key<'_>, name: &[u8]) -> Option<u64> {
    let (db, expires_at) = (ctx.db(), key.expires_at());
    match with(|cache| cache.index.find(db, name).map(|at| cache.index.entry(at).freshness)) {
        Some(Freshness::Until { at, .. }) => Some(at),
        Some(Freshness::FromExpiry { grace }) => expires_at.map(|at| at.saturating_sub(grace)),
        Some(Freshness::UntilExpiry) | None => expires_at,
    }
}

/// Counts a read that was served.
#[inline]
pub(crate) fn hit(looked: &Looked) {
    with(|cache| {
        if let Some(at) = looked.at {
            let reorder = cache.policy(looked.tier).is_some_and(|policy| policy.is_bounded());
            cache.index.touched(at, reorder);
        }
        let counters = cache.count(looked.tier);
        match looked.seen {
            Seen::Stale => counters.stale_hits += 1,
            _ => counters.hits += 1,
        }
    });
}

/// Counts a read that found nothing to serve.
#[inline]
pub(crate) fn missed(tier: Option<TierId>) {
    with(|cache| cache.count(tier).misses += 1);
}
