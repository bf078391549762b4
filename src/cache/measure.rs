//! Sizes of entries that plain commands wrote: measured later, in slices, because opening a key costs as much as
//! writing it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::{evict, with};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::types::entry;
use crate::work::main_loop;

/// The most time of one slice: where sizes are only reported, and where a tier is evicted by them.
const SLICE: Duration = Duration::from_micros(200);
const SLICE_OF_BOUNDED: Duration = Duration::from_micros(400);
/// Pause between two slices, in milliseconds: measuring takes at most 2 % or 4 % of the server's time.
const PAUSE_MS: u64 = 10;
/// Entries between two readings of the clock.
const STEP: usize = 16;

thread_local! {
    static MEASURING: Cell<bool> = const { Cell::new(false) };
}

/// An entry of unknown size was written: schedules a measurement.
#[inline]
pub(crate) fn soon() {
    if !MEASURING.get() {
        MEASURING.set(true);
        main_loop::after(PAUSE_MS, measure);
    }
}

fn measure(ctx: Ctx<'_>) {
    MEASURING.set(false);
    let begin = Instant::now();
    let is_bounded = with(|cache| cache.tiers.iter().any(|tier| tier.policy.max_memory.is_some()));
    let slice = if is_bounded { SLICE_OF_BOUNDED } else { SLICE };
    while begin.elapsed() < slice {
        let Some(unmeasured) = with(|cache| cache.index.unmeasured(STEP)) else { return };
        for (db, name) in unmeasured {
            if ctx.select(db) {
                measure_one(ctx, db, &name);
            }
        }
    }
    soon();
}

/// The size of a value as the index counts it.
pub(super) fn bytes(key: &Key<'_>) -> u64 {
    match key.holds() {
        Holds::Nothing => 0,
        Holds::Native => entry::find(key).map_or(0, |entry| entry.bytes()),
        // For a collection this is the number of elements: its size in bytes would need a walk over them.
        Holds::String | Holds::Other => key.len() as u64,
    }
}

fn measure_one(ctx: Ctx<'_>, db: i32, name: &[u8]) {
    let key = Key::open(ctx, name, Mode::Peek);
    if key.holds() == Holds::Nothing {
        return;
    }
    let bytes = bytes(&key);
    drop(key);
    let tier = with(|cache| {
        let at = cache.index.find(db, name)?;
        let entry = cache.index.entry(at);
        cache.index.describe(at, entry.freshness, Some(bytes));
        entry.tier
    });
    if let Some(tier) = tier {
        evict::consider(tier);
    }
}
