//! Writing an entry: how long it lives, in what form it is kept, and how it reaches replicas and the append-only file.
//!
//! A plain entry is written by `SET key value PXAT t`, and travels as that. One with tags, or packed, is a native value,
//! and travels as its own bytes in the internal command `CACHE.REPLAY`, which is also what writes it here.

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

/// How long an entry is to live, as its caller says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Life {
    /// As its tier says.
    #[default]
    Tier,
    /// Fresh until a time in Unix milliseconds.
    Until(u64),
    /// As long as what is there already, else as its tier says.
    Kept,
    /// Until somebody deletes it.
    Forever,
}

/// When an entry is no longer fresh, and when it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Term {
    freshness: Freshness,
    expires_at: Option<u64>,
}

/// Writes an entry in the selected database. The server may refuse it (out of memory, a slot that is not ours).
pub(crate) fn store(ctx: Ctx<'_>, name: &[u8], value: &[u8], tags: &[&[u8]], life: Life) -> Outcome<()> {
    let term = term(ctx, name, life)?;
    let compress = with(|cache| {
        let tier = cache.tiers.of(name);
        cache.policy(tier).and_then(|policy| policy.compress)
    });
    let packs = compress.is_some_and(|least| value.len() as u64 >= least);
    let entry = (packs || !tags.is_empty()).then(|| Entry::new(value, tags, compress));
    match entry {
        Some(entry) if entry.is_packed() || !tags.is_empty() => {
            let saved = (value.len() as u64, entry.bytes());
            write_native(ctx, name, &entry, term)?;
            if packs {
                with(|cache| {
                    let tier = cache.tiers.of(name);
                    let counters = cache.count(tier);
                    counters.raw_bytes += saved.0;
                    counters.packed_bytes += saved.1.min(saved.0);
                });
            }
        }
        _ => write_plain(ctx, name, value, term)?,
    }
    if let Some(tier) = with(|cache| cache.indexed_tier(name)) {
        evict::now(ctx, tier);
    }
    Ok(())
}

/// What a life means for a key. Fails where there is none: a key in no tier, and none given.
fn term(ctx: Ctx<'_>, name: &[u8], life: Life) -> Outcome<Term> {
    let (policy, random) = with(|cache| {
        let tier = cache.tiers.of(name);
        let policy = cache.policy(tier).map(|policy| (policy.ttl_ms, policy.grace_ms, policy.refresh_pct));
        let fresh_life = {
            let random = cache.random.u64(..);
            cache.policy(tier).map(|policy| policy.fresh_life(random))
        };
        (policy, fresh_life)
    });
    let (_, grace, refresh) = policy.unwrap_or_default();
    let now = now_ms();
    let until = |at: u64| {
        // Where there is neither grace nor an early refresh, an entry is fresh as long as it exists, and reading it
        // takes no look at the clock.
        let freshness = if grace == 0 && refresh == 0 {
            Freshness::UntilExpiry
        } else {
            Freshness::Until { at, life: at.saturating_sub(now) }
        };
        Term { freshness, expires_at: Some(at.saturating_add(grace)) }
    };
    let by_tier = || random.map(|life| until(now + life)).ok_or_else(no_life);
    match life {
        Life::Tier => by_tier(),
        Life::Until(at) => Ok(until(at)),
        Life::Forever => Ok(Term { freshness: Freshness::UntilExpiry, expires_at: None }),
        Life::Kept => {
            let key = Key::open(ctx, name, Mode::Peek);
            if key.holds() == Holds::Nothing {
                return by_tier();
            }
            let db = ctx.db();
            let freshness = with(|cache| cache.index.find(db, name).map(|at| cache.index.entry(at).freshness));
            // A new value is no staler than its life: what is left of an old grace is its time now.
            let freshness = freshness.filter(|freshness| match freshness {
                Freshness::Until { at, .. } => *at > now,
                Freshness::FromExpiry { .. } | Freshness::UntilExpiry => false,
            });
            Ok(Term { freshness: freshness.unwrap_or(Freshness::UntilExpiry), expires_at: key.expires_at() })
        }
    }
}

/// Whether a key can have this life: one in no tier must be given one, or have one that is kept.
pub(crate) fn check_life(ctx: Ctx<'_>, name: &[u8], life: Life) -> Outcome<()> {
    let has_life = match life {
        Life::Until(_) | Life::Forever => true,
        Life::Tier => false,
        Life::Kept => Key::open(ctx, name, Mode::Peek).holds() != Holds::Nothing,
    };
    if has_life || with(|cache| cache.tiers.of(name)).is_some() { Ok(()) } else { Err(no_life()) }
}

fn no_life() -> Failure {
    Failure::err("the key is in no tier: give it a life (TTL seconds, PX milliseconds, ...), or PERSIST")
}

fn refused() -> Failure {
    // What the server says itself for a command of a client; here a command of ours was refused.
    Failure::new(Code::Err, "the server refused the write: out of memory, a failed save, or a slot that is not here")
}

fn write_plain(ctx: Ctx<'_>, name: &[u8], value: &[u8], term: Term) -> Outcome<()> {
    let written = match term.expires_at {
        Some(at) => ctx.write(c"SET", &[name, value, b"PXAT", at.to_string().as_bytes()]),
        None => ctx.write(c"SET", &[name, value]),
    };
    if written != Called::Done {
        return Err(refused());
    }
    let db = ctx.db();
    with(|cache| describe(cache, db, name, term.freshness, Some(value.len() as u64)));
    // A replica takes a plain SET for fresh until it expires: where that is not so, it is told.
    if term.freshness != Freshness::UntilExpiry && with(|cache| cache.indexed_tier(name)).is_some() {
        let (at, life) = spelt(term.freshness);
        ctx.replicate(REPLAY, &[name, b"FRESH", at.as_bytes(), life.as_bytes()]);
    }
    Ok(())
}

fn write_native(ctx: Ctx<'_>, name: &[u8], entry: &Entry, term: Term) -> Outcome<()> {
    let (at, life) = spelt(term.freshness);
    let expires_at = term.expires_at.unwrap_or(0).to_string();
    let form = entry.encode();
    let words: [&[u8]; 6] = [name, b"ENTRY", expires_at.as_bytes(), at.as_bytes(), life.as_bytes(), &form];
    OWN.set(true);
    let called = ctx.write(REPLAY, &words);
    OWN.set(false);
    if called == Called::Done { Ok(()) } else { Err(refused()) }
}

thread_local! {
    /// Whether it is this module that runs the internal command.
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether it is this module that runs the internal command: once for each time it does.
pub(crate) fn is_own() -> bool {
    OWN.take()
}

/// The internal command of the cache.
pub(crate) const REPLAY: &CStr = c"CACHE.REPLAY";

/// A freshness as two words: Unix milliseconds and a life. The largest number is for as long as the entry exists.
fn spelt(freshness: Freshness) -> (String, String) {
    match freshness {
        Freshness::UntilExpiry => (u64::MAX.to_string(), "0".into()),
        Freshness::FromExpiry { grace } => ((u64::MAX - 1).to_string(), grace.to_string()),
        Freshness::Until { at, life } => (at.to_string(), life.to_string()),
    }
}

fn read(at: u64, life: u64) -> Freshness {
    match at {
        u64::MAX => Freshness::UntilExpiry,
        at if at == u64::MAX - 1 => Freshness::FromExpiry { grace: life },
        at => Freshness::Until { at, life },
    }
}

/// `CACHE.REPLAY key ENTRY expires-at fresh-until life form`: puts an entry in place, here or on a replica.
pub(crate) fn replay_entry(ctx: Ctx<'_>, name: &[u8], numbers: [u64; 3], form: &[u8]) -> Outcome<()> {
    let [expires_at, fresh_until, life] = numbers;
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
    follow::quietly(|| ctx.key_was_set(name, expires_at > 0));
    let db = ctx.db();
    with(|cache| {
        let freshness = match read(fresh_until, life) {
            // A rewritten append-only file does not say: then it is as after any loading.
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

/// `CACHE.REPLAY key FRESH fresh-until life`: what the master knows of an entry beside its expiry.
pub(crate) fn replay_fresh(ctx: Ctx<'_>, name: &[u8], fresh_until: u64, life: u64) {
    let db = ctx.db();
    let exists = Key::open(ctx, name, Mode::Peek).holds() != Holds::Nothing;
    with(|cache| {
        let (freshness, tier) = (read(fresh_until, life), cache.indexed_tier(name));
        if tier.is_some() && exists && cache.index.find(db, name).is_none() {
            // The index of this server is being built, and has not come to this key.
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

/// Makes an entry stale: it may be served as such for its tier's grace, and no longer. `false` when there is no grace.
pub(crate) fn soften(ctx: Ctx<'_>, name: &[u8]) -> bool {
    let db = ctx.db();
    let grace = with(|cache| {
        let tier = cache.tiers.of(name);
        cache.policy(tier).map_or(0, |policy| policy.grace_ms)
    });
    // What the index does not know could not be remembered as stale.
    if grace == 0 || with(|cache| cache.index.find(db, name).is_none()) {
        return false;
    }
    let at_most = now_ms() + grace;
    let expires_at = Key::open(ctx, name, Mode::Peek).expires_at();
    if expires_at.is_none_or(|at| at > at_most) {
        // Refused (a failed save, too few replicas): then it goes.
        if ctx.write(c"PEXPIREAT", &[name, at_most.to_string().as_bytes()]) != Called::Done {
            return false;
        }
    }
    with(|cache| describe(cache, db, name, Freshness::Until { at: 0, life: 0 }, None));
    ctx.replicate(REPLAY, &[name, b"FRESH", b"0", b"0"]);
    true
}
