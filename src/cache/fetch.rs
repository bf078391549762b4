//! `CACHE.FETCH`: connects the engine's state machine of leases with the keyspace and with blocked clients. The
//! commands of lease holders are in `fill`.
//!
//! The state machine knows a waiter by its client id; `waiters` holds the handle of the blocked client.

use std::cell::Cell;

use assess_engine::cache::lease::{Ask, Cause, Fetched, Grant as Next, Seen};
use assess_engine::cache::tiers::TierId;
use bytes::Bytes;

use super::lookup::{self, Lookup, Place, look_up};
use super::waiters::{self, Grant, reply_to, text, word};
use super::{Cache, ahead, beside_index, holders, wake, with};
use crate::clock::now_ms;
use crate::error::Outcome;
use crate::ffi::account;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::ffi::user;
use crate::reply::Reply;
use crate::settings;
use crate::spec::KeyFlags;
use crate::work::main_loop;

/// The options of `CACHE.FETCH`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FetchOptions {
    /// Milliseconds. Default: the tier's, then the configured one.
    pub(crate) lease_ms: Option<u64>,
    pub(crate) wait_ms: Option<u64>,
    pub(crate) nostale: bool,
    pub(crate) bind: bool,
}

thread_local! {
    /// When the timer that expires leases is due, in Unix milliseconds.
    static ARMED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Replies with the value, or a lease to compute it, or blocks the client until one of them is available.
pub(crate) fn fetch(ctx: Ctx<'_>, key: &Key<'_>, name: &[u8], options: &FetchOptions) -> Outcome<Reply> {
    let db = ctx.db();
    let now = now_ms();
    let found = look_up(ctx, key, name);
    ahead::read(ctx, name, &found);
    // A value of a wrong type is an error, and no lease is granted.
    let value = if found.seen == Seen::Absent { None } else { lookup::value(key)? };
    if !settings::enabled() {
        lookup::missed(found.tier);
        return Ok(word("busy"));
    }
    // A fresh value is served without a look at its leases: then the entry is not looked up either.
    if matches!(found.place, Place::Unknown) {
        count(ctx, name, &found, &Fetched::Value);
        return Ok(reply(Fetched::Value, || value.map_or_else(Bytes::new, |value| Bytes::copy_from_slice(&value))));
    }
    // A user without permission to write the key could not fill it. A fresh value needs no fill.
    let may_fill = found.seen == Seen::Fresh || user::may_access(ctx, name, KeyFlags::UPDATE);
    let may_wait = found.seen != Seen::Fresh && ctx.may_block() && account::may_wait();
    let has_room = found.seen == Seen::Fresh || holders::has_room(ctx.client_id(), now);
    let (fetched, wait_ms) = with(|cache| {
        cache.revoke_banned(now, db, name, found.tier);
        let policy = cache.policy(found.tier);
        // Where a job refreshes the key, no reader has to.
        let is_refreshed = found.seen == Seen::Ageing && policy.is_some_and(|policy| policy.queue.is_some());
        let seen = if is_refreshed { Seen::Fresh } else { found.seen };
        let lease_ms = options.lease_ms.or(policy.and_then(|policy| policy.lease_ms));
        let wait_ms = options.wait_ms.or(policy.and_then(|policy| policy.wait_ms));
        let wait_ms = wait_ms.unwrap_or_else(settings::default_wait_ms);
        let has_few = u64::from(cache.leases.held_by(ctx.client_id())) < settings::max_leases_per_client();
        let may_grant = ctx.is_master() && !ctx.is_script() && !ctx.is_multi() && may_fill && has_few && has_room;
        let ask = Ask {
            client: ctx.client_id(),
            lease_ms: lease_ms.unwrap_or_else(settings::default_lease_ms),
            nostale: options.nostale,
            bind: options.bind,
            may_grant,
            may_wait: may_grant && wait_ms > 0 && may_wait,
        };
        let (token, stamp) = (cache.random.u64(..), cache.index.tick());
        (cache.leases.fetch(now, db, name, seen, &ask, token, stamp), wait_ms)
    });
    count(ctx, name, &found, &fetched);
    if matches!(fetched, Fetched::Lease { .. } | Fetched::Refresh { .. }) {
        holders::granted(ctx.client_id());
    }
    if fetched == Fetched::Wait {
        waiters::block(ctx, name, wait_ms);
        return Ok(Reply::Sent);
    }
    arm();
    Ok(reply(fetched, || value.map_or_else(Bytes::new, |value| Bytes::copy_from_slice(&value))))
}

fn count(ctx: Ctx<'_>, name: &[u8], found: &Lookup, fetched: &Fetched) {
    match fetched {
        Fetched::Value | Fetched::Stale | Fetched::Refresh { .. } => _ = lookup::hit(ctx, name, found),
        Fetched::Negative(_) => beside_index(|cache| cache.count(found.tier).negative_hits += 1),
        Fetched::Lease { .. } | Fetched::Busy => lookup::missed(found.tier),
        // Counted when the waiter is answered.
        Fetched::Wait => {}
    }
    beside_index(|cache| cache.count_grant(found.tier, fetched));
}

impl Cache {
    fn count_grant(&mut self, tier: Option<TierId>, fetched: &Fetched) {
        let counters = self.count(tier);
        match fetched {
            Fetched::Lease { .. } => counters.leases_granted += 1,
            Fetched::Refresh { .. } => {
                counters.leases_granted += 1;
                counters.refreshes += 1;
            }
            _ => {}
        }
    }

    /// Revokes the lease of a key if a ban covers it: a ban takes effect immediately, before its sweep reaches the
    /// lease.
    pub(super) fn revoke_banned(&mut self, now: u64, db: i32, name: &[u8], tier: Option<TierId>) {
        if self.bans.is_empty() {
            return;
        }
        let granted = self.leases.info(now, db, name).map(|info| info.granted);
        if granted.is_some_and(|granted| self.bans.revokes(db, name, tier, granted)) {
            self.revoke_invalidated(now, db, name, tier);
        }
    }

    /// Revokes the lease of an invalidated key. In a later slice one of its waiters gets a new lease.
    pub(crate) fn revoke_invalidated(&mut self, now: u64, db: i32, name: &[u8], tier: Option<TierId>) {
        if let Some(revoked) = self.leases.revoke(now, db, name, Cause::Invalidated) {
            self.count(tier).leases_revoked += 1;
            if revoked.waiters > 0 {
                wake::soon(db, name);
            }
        }
    }
}

/// The reply to a fetch that does not block.
fn reply(fetched: Fetched, value: impl FnOnce() -> Bytes) -> Reply {
    let number = |number: u64| Reply::count(number);
    Reply::Array(match fetched {
        Fetched::Value => vec![text("hit"), Reply::Bulk(value())],
        Fetched::Stale => vec![text("stale"), Reply::Bulk(value())],
        Fetched::Refresh { token, ms, seen } => {
            let seen = if seen == Seen::Stale { "stale" } else { "fresh" };
            vec![text("refresh"), Reply::Bulk(value()), token_text(token), number(ms), text(seen)]
        }
        Fetched::Lease { token, ms } => vec![text("lease"), token_text(token), number(ms)],
        Fetched::Negative(reason) => vec![text("negative"), Reply::Bulk(Bytes::copy_from_slice(&reason))],
        Fetched::Busy | Fetched::Wait => vec![text("busy")],
    })
}

/// A fencing token as text: 16 hexadecimal digits.
fn token_text(token: u64) -> Reply {
    Reply::text(format!("{token:016x}"))
}

/// Answers the waiters of a key after a change of the key or of its lease.
pub(crate) fn answer(ctx: Ctx<'_>, name: &[u8]) {
    let (db, now) = (ctx.db(), now_ms());
    let key = Key::open(ctx, name, Mode::Peek);
    let found = look_up(ctx, &key, name);
    let value = match lookup::value(&key) {
        Ok(value) if found.seen != Seen::Absent => value.map(|value| Bytes::copy_from_slice(&value)),
        _ => None,
    };
    // A key of another type (for example a list) counts as absent for its waiters.
    let seen = if value.is_some() { found.seen } else { Seen::Absent };
    let limit = waiters::reply_batch(value.as_ref().map_or(0, Bytes::len));
    let answers = with(|cache| {
        let next = Next { token: cache.random.u64(..), stamp: cache.index.tick() };
        cache.leases.answer(now, db, name, seen, next, limit)
    });
    if answers.len() == limit {
        // There may be more waiters: they are answered in a later slice.
        wake::soon(db, name);
    }
    let value = value.unwrap_or_default();
    for (waiter, fetched) in answers {
        with(|cache| {
            cache.count_grant(found.tier, &fetched);
            let counters = cache.count(found.tier);
            match fetched {
                Fetched::Value | Fetched::Refresh { .. } => counters.hits += 1,
                Fetched::Stale => counters.stale_hits += 1,
                Fetched::Negative(_) => counters.negative_hits += 1,
                Fetched::Lease { .. } | Fetched::Busy | Fetched::Wait => counters.misses += 1,
            }
            counters.saved += u64::from(matches!(fetched, Fetched::Value | Fetched::Stale));
        });
        let grant = match fetched {
            Fetched::Lease { token, .. } | Fetched::Refresh { token, .. } => {
                holders::granted(waiter.client);
                Some(Grant { db, name: name.into(), token })
            }
            _ => None,
        };
        reply_to(found.tier, &waiter, reply(fetched, || value.clone()), grant);
    }
    arm();
}

/// A client disconnected: the leases that were bound to its connection end.
pub(crate) fn client_left(client: u64) {
    if with(|cache| cache.leases.is_empty()) {
        return;
    }
    for (db, name) in with(|cache| cache.leases.disconnected(now_ms(), client)) {
        wake::soon(db, &name);
    }
}

/// Drops all leases: this server is no longer a master, or it loads another data set.
pub(crate) fn abandon() {
    with(|cache| cache.leases.abandon());
}

/// Sets a timer for the lease that expires first.
pub(super) fn arm() {
    let Some(end) = with(|cache| cache.leases.next_end()) else { return };
    if ARMED.get().is_some_and(|due| due <= end) {
        return;
    }
    ARMED.set(Some(end));
    main_loop::after(end.saturating_sub(now_ms()), move |ctx| {
        // If an earlier timer was set meanwhile, this one finds nothing to do.
        if ARMED.get() == Some(end) {
            ARMED.set(None);
        }
        expire_leases(ctx);
    });
}

/// The most leases that expire in one step.
const EXPIRE_BATCH: usize = 128;

fn expire_leases(ctx: Ctx<'_>) {
    let due = with(|cache| {
        let due = cache.leases.end_due(now_ms(), EXPIRE_BATCH);
        for name in cache.leases.take_expired() {
            let tier = cache.tiers.of(&name);
            cache.count(tier).leases_expired += 1;
        }
        due
    });
    for (db, name) in due {
        if ctx.select(db) {
            answer(ctx, &name);
        }
    }
    arm();
}
