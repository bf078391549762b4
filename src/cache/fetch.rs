//! `CACHE.FETCH`: the state machine of leases, between the keyspace and blocked clients. Holders of leases are served in
//! `fill`.
//!
//! The machine knows waiters by their client ids; their handles are in `waiters`.

use std::cell::Cell;

use assess_engine::cache::lease::{Ask, Cause, Fetched, Grant as Next, Seen};
use assess_engine::cache::tiers::TierId;
use bytes::Bytes;

use super::look::{self, Looked, look};
use super::waiters::{self, Grant, give, text, word};
use super::{Cache, settle, with};
use crate::clock::now_ms;
use crate::error::Outcome;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::ffi::user;
use crate::reply::Reply;
use crate::settings;
use crate::spec::KeyFlags;
use crate::work::main_loop;

/// How a `CACHE.FETCH` asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Milliseconds; else the tier's, else the configured one.
    pub(crate) lease_ms: Option<u64>,
    pub(crate) wait_ms: Option<u64>,
    pub(crate) nostale: bool,
    pub(crate) bind: bool,
}

thread_local! {
    /// When the timer for the ends of leases is due, in Unix milliseconds.
    static ARMED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Asks for a value, or for the right to compute it.
pub(crate) fn fetch(ctx: Ctx<'_>, key: &Key<'_>, name: &[u8], wish: &Wish) -> Outcome<Reply> {
    let db = ctx.db();
    let now = now_ms();
    let looked = look(ctx, key, name);
    // A value that nobody can read is an error before it is a lease.
    let value = if looked.seen == Seen::Absent { None } else { look::value(key)? };
    if !settings::enabled() {
        look::missed(looked.tier);
        return Ok(word("busy"));
    }
    // A user who may not write the key could not fill it. Of a fresh value there is nothing to fill.
    let may_fill = looked.seen == Seen::Fresh || user::may_access(ctx, name, KeyFlags::UPDATE);
    let (fetched, wait_ms) = with(|cache| {
        cache.revoke_banned(now, db, name, looked.tier);
        let policy = cache.policy(looked.tier);
        let lease_ms = wish.lease_ms.or(policy.and_then(|policy| policy.lease_ms));
        let wait_ms = wish.wait_ms.or(policy.and_then(|policy| policy.wait_ms));
        let wait_ms = wait_ms.unwrap_or_else(settings::default_wait_ms);
        let has_few = u64::from(cache.leases.held_by(ctx.client_id())) < settings::max_leases_per_client();
        let may_grant = ctx.is_master() && !ctx.is_script() && !ctx.is_multi() && may_fill && has_few;
        let ask = Ask {
            client: ctx.client_id(),
            lease_ms: lease_ms.unwrap_or_else(settings::default_lease_ms),
            nostale: wish.nostale,
            bind: wish.bind,
            may_grant,
            may_wait: may_grant && wait_ms > 0 && ctx.may_block(),
        };
        let (token, stamp) = (cache.random.u64(..), cache.index.tick());
        (cache.leases.fetch(now, db, name, looked.seen, &ask, token, stamp), wait_ms)
    });
    count(&looked, &fetched);
    if fetched == Fetched::Wait {
        waiters::block(ctx, wait_ms);
        return Ok(Reply::Sent);
    }
    arm();
    Ok(reply(fetched, || value.map_or_else(Bytes::new, |value| Bytes::copy_from_slice(&value))))
}

fn count(looked: &Looked, fetched: &Fetched) {
    match fetched {
        Fetched::Value | Fetched::Stale | Fetched::Refresh { .. } => look::hit(looked),
        Fetched::Negative(_) => with(|cache| cache.count(looked.tier).negative_hits += 1),
        Fetched::Lease { .. } | Fetched::Busy => look::missed(looked.tier),
        // What it comes to is counted when it is known.
        Fetched::Wait => {}
    }
    with(|cache| cache.count_grant(looked.tier, fetched));
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

    /// Revokes the lease of a key if a ban that is being swept covers it: what a ban says holds at once.
    pub(super) fn revoke_banned(&mut self, now: u64, db: i32, name: &[u8], tier: Option<TierId>) {
        if self.bans.is_empty() {
            return;
        }
        let granted = self.leases.info(now, db, name).map(|info| info.granted);
        if granted.is_some_and(|granted| self.bans.revokes(db, name, tier, granted)) {
            self.revoke_invalidated(now, db, name, tier);
        }
    }

    /// Revokes the lease of an invalidated key; its waiters are granted anew in the next turn of the event loop.
    pub(crate) fn revoke_invalidated(&mut self, now: u64, db: i32, name: &[u8], tier: Option<TierId>) {
        if let Some(revoked) = self.leases.revoke(now, db, name, Cause::Invalidated) {
            self.count(tier).leases_revoked += 1;
            if revoked.waiters > 0 {
                settle::soon(db, name);
            }
        }
    }
}

/// The reply to a fetch that need not wait.
fn reply(fetched: Fetched, value: impl FnOnce() -> Bytes) -> Reply {
    let number = |number: u64| Reply::count(number);
    Reply::Array(match fetched {
        Fetched::Value => vec![text("hit"), Reply::Bulk(value())],
        Fetched::Stale => vec![text("stale"), Reply::Bulk(value())],
        Fetched::Refresh { token, ms, seen } => {
            let seen = if seen == Seen::Stale { "stale" } else { "fresh" };
            vec![text("refresh"), Reply::Bulk(value()), spelt(token), number(ms), text(seen)]
        }
        Fetched::Lease { token, ms } => vec![text("lease"), spelt(token), number(ms)],
        Fetched::Negative(reason) => vec![text("negative"), Reply::Bulk(Bytes::copy_from_slice(&reason))],
        Fetched::Busy | Fetched::Wait => vec![text("busy")],
    })
}

/// A token as clients see it.
fn spelt(token: u64) -> Reply {
    Reply::text(format!("{token:016x}"))
}

/// Lets the waiters of a key ask again: something has happened to it.
pub(crate) fn answer(ctx: Ctx<'_>, name: &[u8]) {
    let (db, now) = (ctx.db(), now_ms());
    let key = Key::open(ctx, name, Mode::Peek);
    let looked = look(ctx, &key, name);
    let value = match look::value(&key) {
        Ok(value) if looked.seen != Seen::Absent => value.map(|value| Bytes::copy_from_slice(&value)),
        _ => None,
    };
    // What cannot be read (a list, say) is not there for those who wait for a value.
    let seen = if value.is_some() { looked.seen } else { Seen::Absent };
    let limit = waiters::at_once(value.as_ref().map_or(0, Bytes::len));
    let answers = with(|cache| {
        let next = Next { token: cache.random.u64(..), stamp: cache.index.tick() };
        cache.leases.answer(now, db, name, seen, next, limit)
    });
    if answers.len() == limit {
        // More may wait: in the next turn.
        settle::soon(db, name);
    }
    let value = value.unwrap_or_default();
    for (waiter, fetched) in answers {
        with(|cache| {
            cache.count_grant(looked.tier, &fetched);
            let counters = cache.count(looked.tier);
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
                Some(Grant { db, name: name.into(), token })
            }
            _ => None,
        };
        give(looked.tier, &waiter, reply(fetched, || value.clone()), grant);
    }
    arm();
}

/// A connection has ended: leases that were bound to it end too.
pub(crate) fn client_left(client: u64) {
    if with(|cache| cache.leases.is_empty()) {
        return;
    }
    for (db, name) in with(|cache| cache.leases.disconnected(now_ms(), client)) {
        settle::soon(db, &name);
    }
}

/// This server is no master any more, or reads another data set: nobody holds anything here.
pub(crate) fn abandon() {
    with(|cache| cache.leases.abandon());
}

/// Has the ends of leases looked at when the first one is due.
pub(super) fn arm() {
    let Some(end) = with(|cache| cache.leases.next_end()) else { return };
    if ARMED.get().is_some_and(|due| due <= end) {
        return;
    }
    ARMED.set(Some(end));
    main_loop::after(end.saturating_sub(now_ms()), move |ctx| {
        // A timer that was armed for a later end than another one finds nothing to do.
        if ARMED.get() == Some(end) {
            ARMED.set(None);
        }
        ends(ctx);
    });
}

/// Most leases that are ended in one go.
const ENDS: usize = 128;

fn ends(ctx: Ctx<'_>) {
    let due = with(|cache| {
        let due = cache.leases.end_due(now_ms(), ENDS);
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
