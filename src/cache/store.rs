//! Writes an entry: its time to live, its form, and how it reaches replicas and the append-only file.
//!
//! A plain entry is written with `SET key value PXAT t`, and replicated like that. An entry that has tags, or is
//! compressed, is a native value. The internal command `CACHE.REPLAY` writes it here, and replicates its encoded bytes.

use std::cell::Cell;
use std::ffi::CStr;

use assess_engine::cache::entry::Entry;
use assess_engine::cache::index::{Freshness, Write};

use super::{evict, follow, with};
use crate::clock::now_ms;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::{Called, Ctx};
use crate::ffi::key::{Holds, Key, Mode};
use crate::types::entry;

/// The time to live of an entry, as the caller gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TimeToLive {
    /// The time to live of its tier.
    #[default]
    Tier,
    /// Fresh until a time in Unix milliseconds.
    Until(u64),
    /// The remaining time to live of the existing key; without a key, that of its tier.
    Keep,
    /// Until it is deleted.
    Unlimited,
}

/// When an entry becomes stale, and when it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expiry {
    freshness: Freshness,
    expires_at: Option<u64>,
}

/// Writes an entry in the selected database. The server may refuse it (out of memory, another node's slot).
pub(crate) fn store(ctx: Ctx<'_>, name: &[u8], value: &[u8], tags: &[&[u8]], ttl: TimeToLive) -> Outcome<()> {
    let expiry = expiry(ctx, name, ttl)?;
    let compress = with(|cache| {
        let tier = cache.tiers.of(name);
        cache.policy(tier).and_then(|policy| policy.compress)
    });
    let packs = compress.is_some_and(|least| value.len() as u64 >= least);
    let entry = (packs || !tags.is_empty()).then(|| Entry::new(value, tags, compress));
    match entry {
        Some(entry) if entry.is_compressed() || !tags.is_empty() => {
            let saved = (value.len() as u64, entry.bytes());
            write_native(ctx, name, &entry, expiry)?;
            if packs {
                with(|cache| {
                    let tier = cache.tiers.of(name);
                    let counters = cache.count(tier);
                    counters.raw_bytes += saved.0;
                    counters.stored_bytes += saved.1.min(saved.0);
                });
            }
        }
        _ => write_plain(ctx, name, value, expiry)?,
    }
    if let Some(tier) = with(|cache| cache.indexed_tier(name)) {
        evict::now(ctx, tier);
    }
    Ok(())
}

/// The expiry of a key for a time to live. An error if none is given and the key is in no tier.
fn expiry(ctx: Ctx<'_>, name: &[u8], ttl: TimeToLive) -> Outcome<Expiry> {
    let (policy, tier_ttl) = with(|cache| {
        let tier = cache.tiers.of(name);
        let policy = cache.policy(tier).map(|policy| (policy.ttl_ms, policy.grace_ms, policy.refresh_pct));
        let tier_ttl = {
            let random = cache.random.u64(..);
            cache.policy(tier).map(|policy| policy.jittered_ttl(random))
        };
        (policy, tier_ttl)
    });
    let (_, grace, refresh) = policy.unwrap_or_default();
    let now = now_ms();
    let until = |at: u64| {
        // Without grace and early refresh an entry is fresh until it expires, and reading it does not need the clock.
        let freshness = if grace == 0 && refresh == 0 {
            Freshness::UntilExpiry
        } else {
            Freshness::Until { at, ttl: at.saturating_sub(now) }
        };
        Expiry { freshness, expires_at: Some(at.saturating_add(grace)) }
    };
    let by_tier = || tier_ttl.map(|ms| until(now + ms)).ok_or_else(no_ttl);
    match ttl {
        TimeToLive::Tier => by_tier(),
        TimeToLive::Until(at) => Ok(until(at)),
        TimeToLive::Unlimited => Ok(Expiry { freshness: Freshness::UntilExpiry, expires_at: None }),
        TimeToLive::Keep => {
            let key = Key::open(ctx, name, Mode::Peek);
            if key.holds() == Holds::Nothing {
                return by_tier();
            }
            let db = ctx.db();
            let freshness = with(|cache| cache.index.find(db, name).map(|at| cache.index.entry(at).freshness));
            // A new value is fresh: if the old one was stale, the rest of its grace is the new time to live.
            let freshness = freshness.filter(|freshness| match freshness {
                Freshness::Until { at, .. } => *at > now,
                Freshness::FromExpiry { .. } | Freshness::UntilExpiry => false,
            });
            Ok(Expiry { freshness: freshness.unwrap_or(Freshness::UntilExpiry), expires_at: key.expires_at() })
        }
    }
}

/// An error if a key would have no time to live: it is in no tier, and none is given or kept.
pub(crate) fn check_ttl(ctx: Ctx<'_>, name: &[u8], ttl: TimeToLive) -> Outcome<()> {
    let has_ttl = match ttl {
        TimeToLive::Until(_) | TimeToLive::Unlimited => true,
        TimeToLive::Tier => false,
        TimeToLive::Keep => Key::open(ctx, name, Mode::Peek).holds() != Holds::Nothing,
    };
    if has_ttl || with(|cache| cache.tiers.of(name)).is_some() { Ok(()) } else { Err(no_ttl()) }
}

fn no_ttl() -> Failure {
    Failure::err("the key is in no tier: give a time to live (TTL seconds, PX milliseconds, ...), or PERSIST")
}

fn refused() -> Failure {
    // To a command of a client the server would reply the exact reason; for a command of a module it does not.
    Failure::new(Code::Err, "the server refused the write: out of memory, a failed save, or a slot of another node")
}

fn write_plain(ctx: Ctx<'_>, name: &[u8], value: &[u8], expiry: Expiry) -> Outcome<()> {
    let written = match expiry.expires_at {
        Some(at) => ctx.write(c"SET", &[name, value, b"PXAT", at.to_string().as_bytes()]),
        None => ctx.write(c"SET", &[name, value]),
    };
    if written != Called::Done {
        return Err(refused());
    }
    let db = ctx.db();
    with(|cache| describe(cache, db, name, expiry.freshness, Some(value.len() as u64)));
    // After a plain SET a replica treats the entry as fresh until it expires. Any other freshness is replicated.
    if expiry.freshness != Freshness::UntilExpiry && with(|cache| cache.indexed_tier(name)).is_some() {
        let (at, ttl) = freshness_words(expiry.freshness);
        ctx.replicate(REPLAY, &[name, b"FRESH", at.as_bytes(), ttl.as_bytes()]);
    }
    Ok(())
}

fn write_native(ctx: Ctx<'_>, name: &[u8], entry: &Entry, expiry: Expiry) -> Outcome<()> {
    let (at, ttl) = freshness_words(expiry.freshness);
    let expires_at = expiry.expires_at.unwrap_or(0).to_string();
    let form = entry.encode();
    let words: [&[u8]; 6] = [name, b"ENTRY", expires_at.as_bytes(), at.as_bytes(), ttl.as_bytes(), &form];
    OWN.set(true);
    let called = ctx.write(REPLAY, &words);
    OWN.set(false);
    if called == Called::Done { Ok(()) } else { Err(refused()) }
}

thread_local! {
    /// Whether this module itself runs the internal command.
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether this module itself runs the internal command. True once for each run.
pub(crate) fn is_own() -> bool {
    OWN.take()
}

/// The internal command of the cache.
pub(crate) const REPLAY: &CStr = c"CACHE.REPLAY";

/// A freshness as two words: until when, in Unix milliseconds, and the time to live or grace in milliseconds. The
/// largest number means until the entry expires, the second largest that the grace begins before the expiry.
fn freshness_words(freshness: Freshness) -> (String, String) {
    match freshness {
        Freshness::UntilExpiry => (u64::MAX.to_string(), "0".into()),
        Freshness::FromExpiry { grace } => ((u64::MAX - 1).to_string(), grace.to_string()),
        Freshness::Until { at, ttl } => (at.to_string(), ttl.to_string()),
    }
}

/// Reads the two numbers that [`freshness_words`] writes.
fn parse_freshness(at: u64, ttl: u64) -> Freshness {
    match at {
        u64::MAX => Freshness::UntilExpiry,
        at if at == u64::MAX - 1 => Freshness::FromExpiry { grace: ttl },
        at => Freshness::Until { at, ttl },
    }
}

/// `CACHE.REPLAY key ENTRY expires-at fresh-until ttl form`: writes an entry, on the master or on a replica.
pub(crate) fn replay_entry(ctx: Ctx<'_>, name: &[u8], numbers: [u64; 3], form: &[u8]) -> Outcome<()> {
    let [expires_at, fresh_until, ttl] = numbers;
    let entry = Entry::decode(form)?;
    let bytes = entry.bytes();
    let key = Key::open(ctx, name, Mode::Write);
    if !entry::set(&key, entry) {
        return Err(Failure::internal());
    }
    if expires_at > 0 {
        key.expire_at(expires_at);
    }
    drop(key);
    ctx.key_changed(name, c"cache.set");
    follow::without_following(|| ctx.key_was_set(name, expires_at > 0));
    let db = ctx.db();
    with(|cache| {
        let freshness = match parse_freshness(fresh_until, ttl) {
            // A rewritten append-only file does not hold the grace: the tier's is used, as after loading an RDB file.
            Freshness::FromExpiry { .. } => {
                let tier = cache.tiers.of(name);
                Freshness::FromExpiry { grace: cache.policy(tier).map_or(0, |policy| policy.grace_ms) }
            }
            known => known,
        };
        describe(cache, db, name, freshness, Some(bytes));
    });
    Ok(())
}

/// `CACHE.REPLAY key FRESH fresh-until ttl`: until when an entry is fresh, as the master knows it.
pub(crate) fn replay_fresh(ctx: Ctx<'_>, name: &[u8], fresh_until: u64, ttl: u64) {
    let db = ctx.db();
    let exists = Key::open(ctx, name, Mode::Peek).holds() != Holds::Nothing;
    with(|cache| {
        let (freshness, tier) = (parse_freshness(fresh_until, ttl), cache.indexed_tier(name));
        if tier.is_some() && exists && cache.index.find(db, name).is_none() {
            // The index of this server is being built, and the scan has not reached this key.
            cache.index.written(
                db,
                name,
                &Write { tier, freshness, bytes: None, tags: &[], stamp: Some(0), reorders: true },
            );
        }
        describe(cache, db, name, freshness, None);
    });
}

fn describe(cache: &mut super::Cache, db: i32, name: &[u8], freshness: Freshness, bytes: Option<u64>) {
    if let Some(at) = cache.index.find(db, name) {
        let bytes = bytes.or(cache.index.entry(at).bytes);
        cache.index.describe(at, freshness, bytes);
    }
}

/// Makes an entry stale, and shortens its time to live to the tier's grace. `false` if there is no grace.
pub(crate) fn make_stale(ctx: Ctx<'_>, name: &[u8]) -> bool {
    let db = ctx.db();
    let grace = with(|cache| {
        let tier = cache.tiers.of(name);
        cache.policy(tier).map_or(0, |policy| policy.grace_ms)
    });
    // Only the index stores that an entry is stale.
    if grace == 0 || with(|cache| cache.index.find(db, name).is_none()) {
        return false;
    }
    let at_most = now_ms() + grace;
    let expires_at = Key::open(ctx, name, Mode::Peek).expires_at();
    if expires_at.is_none_or(|at| at > at_most) {
        // The server refused (a failed save, too few replicas): the caller then removes the entry.
        if ctx.write(c"PEXPIREAT", &[name, at_most.to_string().as_bytes()]) != Called::Done {
            return false;
        }
    }
    with(|cache| describe(cache, db, name, Freshness::Until { at: 0, ttl: 0 }, None));
    ctx.replicate(REPLAY, &[name, b"FRESH", b"0", b"0"]);
    true
}
