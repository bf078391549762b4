//! Capacity: evicts the least recently used entries of a tier that is over its limits.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use assess_engine::cache::tiers::TierId;

use super::{Cache, Writer, with, writing_as};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::{Holds, Key, Mode};
use crate::work::main_loop;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(400);

thread_local! {
    /// Tiers that may be over their limits, to be checked in a later slice.
    static OVER_CAPACITY: RefCell<BTreeSet<TierId>> = const { RefCell::new(BTreeSet::new()) };
}

/// A key of a tier was written: if the tier is over its limits, an eviction is scheduled.
#[inline]
pub(crate) fn consider(tier: TierId) {
    if !with(|cache| cache.is_over_capacity(tier)) {
        return;
    }
    let is_first = OVER_CAPACITY.with_borrow_mut(|over_capacity| {
        let was_empty = over_capacity.is_empty();
        over_capacity.insert(tier);
        was_empty
    });
    if is_first {
        main_loop::after(0, evict_all);
    }
}

/// Evicts from a tier that is over its limits, for at most one slice; the rest follows in later
/// slices.
pub(crate) fn now(ctx: Ctx<'_>, tier: TierId) {
    if !ctx.is_master() || !with(|cache| cache.is_over_capacity(tier)) {
        return;
    }
    evict(ctx, tier, Instant::now());
}

fn evict_all(ctx: Ctx<'_>) {
    if !ctx.is_master() {
        // The master evicts for its replicas.
        OVER_CAPACITY.with_borrow_mut(BTreeSet::clear);
        return;
    }
    if ctx.writes_are_paused() {
        main_loop::after(10, evict_all);
        return;
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(tier) = OVER_CAPACITY.with_borrow(|over_capacity| over_capacity.first().copied()) else { return };
        // After a panic the tier is not tried again until the next write.
        if guard::or("an eviction", true, || evict(ctx, tier, begin)) {
            OVER_CAPACITY.with_borrow_mut(|over_capacity| over_capacity.remove(&tier));
        }
    }
    if OVER_CAPACITY.with_borrow(|over_capacity| !over_capacity.is_empty()) {
        main_loop::after(0, evict_all);
    }
}

/// Evicts until the tier is within its limits or the slice is over. `false` if there is more to evict.
fn evict(ctx: Ctx<'_>, tier: TierId, begin: Instant) -> bool {
    let selected = ctx.db();
    loop {
        let oldest = with(|cache| {
            if !cache.is_over_capacity(tier) {
                return None;
            }
            cache.index.oldest(tier).map(|(db, name)| (db, name.to_vec()))
        });
        let Some((db, name)) = oldest else {
            ctx.select(selected);
            return true;
        };
        let unlinked = ctx.select(db) && writing_as(Writer::Eviction, || ctx.unlink(&[&name])) > 0;
        if !unlinked && Key::open(ctx, &name, Mode::Peek).holds() != Holds::Nothing {
            // The server refused, for example because the slot is on another node: stop until the next write.
            ctx.select(selected);
            return true;
        }
        with(|cache| {
            // If the server had no such key, it sent no event, so the index is updated here.
            cache.index.remove(db, &name);
            cache.count(Some(tier)).evictions += u64::from(unlinked);
        });
        if begin.elapsed() >= SLICE {
            ctx.select(selected);
            return false;
        }
    }
}

impl Cache {
    /// Whether a tier holds more entries or bytes than its policy allows.
    #[inline]
    fn is_over_capacity(&self, tier: TierId) -> bool {
        let Some(policy) = self.policy(Some(tier)).filter(|policy| policy.is_bounded()) else { return false };
        let usage = self.index.usage(Some(tier));
        policy.capacity.is_some_and(|most| usage.entries > most)
            || policy.max_memory.is_some_and(|most| usage.bytes > most && usage.entries > 0)
    }
}
