//! Sizes of entries that plain commands wrote: taken now and then, because opening a key costs as much as writing it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::{evict, with};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::main_loop;
use crate::types::entry;

/// How long one slice may take.
const SLICE: Duration = Duration::from_micros(300);
/// Between two slices, in milliseconds: at most a few hundredths of the server's time.
const PAUSE_MS: u64 = 10;
/// Entries between two looks at the clock.
const STEP: usize = 16;

thread_local! {
    static MEASURING: Cell<bool> = const { Cell::new(false) };
}

/// Entries have been written whose sizes nobody knows.
#[inline]
pub(crate) fn soon() {
    if !MEASURING.get() {
        MEASURING.set(true);
        main_loop::after(PAUSE_MS, measure);
    }
}

fn measure(ctx: Ctx<'_>) {
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(unmeasured) = with(|cache| cache.index.unmeasured(STEP)) else {
            MEASURING.set(false);
            return;
        };
        for (db, name) in unmeasured {
            if ctx.select(db) {
                measure_one(ctx, db, &name);
            }
        }
    }
    main_loop::after(PAUSE_MS, measure);
}

fn measure_one(ctx: Ctx<'_>, db: i32, name: &[u8]) {
    let key = Key::open(ctx, name, Mode::Peek);
    let bytes = match key.holds() {
        Holds::Nothing => return,
        Holds::Native => entry::find(&key).map_or(0, |entry| entry.bytes()),
        // Of a collection the number of elements is what can be told without walking over it.
        Holds::String | Holds::Other => key.len() as u64,
    };
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
