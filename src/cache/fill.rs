//! `CACHE.FILL`, `CACHE.RENEW` and `CACHE.FAIL`: the commands of a lease holder.

use assess_engine::cache::lease::{Cause, Done, Failure as Failed, Seen};
use assess_engine::cache::tiers::TierId;
use bytes::Bytes;

use super::fetch::arm;
use super::lookup::{self, look_up};
use super::store::{TimeToLive, store};
use super::waiters::{reply_to_all, text};
use super::{Cache, Writer, with, writing_as};
use crate::clock::now_ms;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::reply::Reply;
use crate::settings;

/// Stores the value that a lease holder computed, and sends it to all waiters of the key.
pub(crate) fn fill(
    ctx: Ctx<'_>,
    name: &[u8],
    token: u64,
    value: &[u8],
    tags: &[&[u8]],
    ttl: TimeToLive,
) -> Outcome<Reply> {
    let (db, now) = (ctx.db(), now_ms());
    if with(|cache| cache.leases.done(db, name, token)) == Some(Done::Filled) {
        return filled_before(ctx, name, value);
    }
    let (tier, held) = with(|cache| {
        let tier = cache.tiers.of(name);
        cache.revoke_banned(now, db, name, tier);
        let held = cache.leases.holds(now, db, name, token);
        if let Err(cause) = held {
            cache.count_refused(tier, cause);
        }
        let held = held.map_err(|cause| (cause, "the lease has ended, the value was not stored")).and_then(|held| {
            if cache.fences.refuses(db, tags, held.granted) {
                cache.revoke_invalidated(now, db, name, tier);
                cache.count(tier).refused_tag += 1;
                return Err((Cause::Invalidated, "one of the tags was invalidated while the value was computed"));
            }
            Ok(held)
        });
        (tier, held)
    });
    let held = held.map_err(|(cause, text)| lost(cause, text))?;
    if settings::enabled() {
        writing_as(Writer::Holder, || store(ctx, name, value, tags, ttl))?;
    }
    let waiters = with(|cache| {
        let waiters = cache.leases.filled(db, name, token);
        let counters = cache.count(tier);
        counters.fills += 1;
        counters.saved += waiters.len() as u64;
        counters.hits += waiters.len() as u64;
        counters.compute.record(now.saturating_sub(held.granted_at) * 1000);
        waiters
    });
    if !waiters.is_empty() {
        let value = Bytes::copy_from_slice(value);
        reply_to_all(tier, waiters, value.len(), move || Reply::Array(vec![text("hit"), Reply::Bulk(value.clone())]));
    }
    Ok(Reply::Ok)
}

/// The reply to a FILL whose token has already stored a value: a client repeats a command whose reply was lost. The
/// reply is OK as long as the key still holds that value.
fn filled_before(ctx: Ctx<'_>, name: &[u8], value: &[u8]) -> Outcome<Reply> {
    let key = Key::open(ctx, name, Mode::Peek);
    let is_in_place = lookup::value(&key).is_ok_and(|found| found.as_deref() == Some(value));
    let is_alive = look_up(ctx, &key, name).seen != Seen::Absent;
    if is_in_place && is_alive || !settings::enabled() {
        return Ok(Reply::Ok);
    }
    Err(lost(Cause::Overwritten, "the value of this token was stored and has been replaced or removed since"))
}

/// The error for a token that is no longer valid.
fn lost(cause: Cause, detail: &'static str) -> Failure {
    let name = match cause {
        Cause::Expired => "expired",
        Cause::Invalidated => "invalidated",
        Cause::Overwritten => "overwritten",
        Cause::Unknown => "unknown",
    };
    Failure::new(Code::LeaseLost, format!("{name}: {detail}"))
}

impl Cache {
    /// Counts a refused fill.
    fn count_refused(&mut self, tier: Option<TierId>, cause: Cause) {
        let counters = self.count(tier);
        match cause {
            Cause::Expired => counters.refused_expired += 1,
            Cause::Invalidated => counters.refused_invalidated += 1,
            Cause::Overwritten => counters.refused_overwritten += 1,
            Cause::Unknown => counters.refused_unknown += 1,
        }
    }
}

/// Extends a lease.
pub(crate) fn renew(ctx: Ctx<'_>, name: &[u8], token: u64, ms: u64) -> Outcome<Reply> {
    let (db, now) = (ctx.db(), now_ms());
    let renewed = with(|cache| {
        let tier = cache.tiers.of(name);
        cache.revoke_banned(now, db, name, tier);
        cache.leases.renew(now, db, name, token, ms)
    });
    renewed.map_err(|cause| lost(cause, "there is no such lease to extend"))?;
    arm();
    Ok(Reply::Ok)
}

/// Ends a lease with a failure. All waiters receive it immediately, instead of failing one after the other.
pub(crate) fn fail(ctx: Ctx<'_>, name: &[u8], token: u64, reason: &[u8]) -> Outcome<Reply> {
    let (db, now) = (ctx.db(), now_ms());
    if with(|cache| cache.leases.done(db, name, token)) == Some(Done::Failed) {
        return Ok(Reply::Ok);
    }
    let found = look_up(ctx, &Key::open(ctx, name, Mode::Peek), name);
    let (tier, failed) = with(|cache| {
        let tier = found.tier;
        cache.revoke_banned(now, db, name, tier);
        let policy = cache.policy(tier);
        let failure = Failed {
            reason: reason.into(),
            negative_ms: policy.map_or(0, |policy| policy.negative_ms),
            retry_ms: policy.map_or(0, |policy| policy.retry_ms),
            // Also while the value is fresh: an early refresh is not more urgent than a late one.
            stale: matches!(found.seen, Seen::Stale | Seen::Ageing),
        };
        let stamp = cache.index.tick();
        (tier, cache.leases.fail(now, db, name, token, failure, stamp))
    });
    let waiters = failed.map_err(|cause| lost(cause, "there is no such lease to give up"))?;
    with(|cache| {
        cache.count(tier).errors += 1;
        cache.count(tier).negative_hits += waiters.len() as u64;
    });
    let reason = Bytes::copy_from_slice(reason);
    reply_to_all(tier, waiters, reason.len(), move || {
        Reply::Array(vec![text("negative"), Reply::Bulk(reason.clone())])
    });
    Ok(Reply::Ok)
}
