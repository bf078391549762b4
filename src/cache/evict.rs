//! Capacity: what a tier has too much of goes, least recently used first.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use assess_engine::cache::tiers::TierId;

use super::{Cache, Writer, with, writing_as};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::{Holds, Key, Mode};
use crate::work::main_loop;

/// How long one slice may take.
const SLICE: Duration = Duration::from_micros(400);

thread_local! {
    /// Tiers that may hold too much, to be looked at in the next turn of the event loop.
    static CROWDED: RefCell<BTreeSet<TierId>> = const { RefCell::new(BTreeSet::new()) };
}

/// A key of a tier was written: has the tier looked at, soon, if it holds too much.
#[inline]
pub(crate) fn consider(tier: TierId) {
    if !with(|cache| cache.is_crowded(tier)) {
        return;
    }
    let is_first = CROWDED.with_borrow_mut(|crowded| {
        let was_empty = crowded.is_empty();
        crowded.insert(tier);
        was_empty
    });
    if is_first {
        main_loop::after(0, evict_all);
    }
}

/// Evicts what a tier has too much of, as far as a slice reaches; the rest follows.
pub(crate) fn now(ctx: Ctx<'_>, tier: TierId) {
    if !ctx.is_master() || !with(|cache| cache.is_crowded(tier)) {
        return;
    }
    evict(ctx, tier, Instant::now());
}

fn evict_all(ctx: Ctx<'_>) {
    if !ctx.is_master() {
        // The master evicts for its replicas.
        CROWDED.with_borrow_mut(BTreeSet::clear);
        return;
    }
    if ctx.writes_are_paused() {
        main_loop::after(10, evict_all);
        return;
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(tier) = CROWDED.with_borrow(|crowded| crowded.first().copied()) else { return };
        // After a panic the tier is left alone until the next write.
        if guard::or("an eviction", true, || evict(ctx, tier, begin)) {
            CROWDED.with_borrow_mut(|crowded| crowded.remove(&tier));
        }
    }
    if CROWDED.with_borrow(|crowded| !crowded.is_empty()) {
        main_loop::after(0, evict_all);
    }
}

/// Evicts until the tier is within its bounds or the slice is over; whether it is.
fn evict(ctx: Ctx<'_>, tier: TierId, begin: Instant) -> bool {
    let selected = ctx.db();
    loop {
        let oldest = with(|cache| {
            if !cache.is_crowded(tier) {
                return None;
            }
            cache.index.oldest(tier).map(|(db, name)| (db, name.to_vec()))
        });
        let Some((db, name)) = oldest else {
            ctx.select(selected);
            return true;
        };
        let went = ctx.select(db) && writing_as(Writer::Eviction, || ctx.unlink(&[&name])) > 0;
        if !went && Key::open(ctx, &name, Mode::Peek).holds() != Holds::Nothing {
            // The server refuses: a slot that is not here, say. Then nothing more can be done now.
            ctx.select(selected);
            return true;
        }
        with(|cache| {
            // Where the server knew no such key, nobody has told the index.
            cache.index.gone(db, &name);
            cache.count(Some(tier)).evictions += u64::from(went);
        });
        if begin.elapsed() >= SLICE {
            ctx.select(selected);
            return false;
        }
    }
}

impl Cache {
    /// Whether a tier holds more than its policy allows.
    #[inline]
    fn is_crowded(&self, tier: TierId) -> bool {
        let Some(policy) = self.policy(Some(tier)).filter(|policy| policy.is_bounded()) else { return false };
        let usage = self.index.usage(Some(tier));
        policy.capacity.is_some_and(|most| usage.entries > most)
            || policy.max_memory.is_some_and(|most| usage.bytes > most && usage.entries > 0)
    }
}
