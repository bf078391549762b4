//! `ENFORCE`: sets the tier's time to live on keys that plain commands wrote without one.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use assess_engine::cache::tiers::TierId;

use super::with;
use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::{Holds, Key, Mode};
use crate::work::main_loop;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(400);

thread_local! {
    /// Keys to check: database, name.
    static WRITTEN: RefCell<Vec<(i32, Box<[u8]>)>> = const { RefCell::new(Vec::new()) };
}

/// Two databases were swapped: the queued keys are now in the other one.
pub(crate) fn swapped(a: i32, b: i32) {
    WRITTEN.with_borrow_mut(|written| {
        for (db, _) in written {
            *db = if *db == a {
                b
            } else if *db == b {
                a
            } else {
                *db
            };
        }
    });
}

/// A key of a tier was written: if the tier has `ENFORCE`, the key is checked in a later slice.
#[inline]
pub(crate) fn consider(db: i32, name: &[u8], tier: TierId) {
    if !with(|cache| cache.policy(Some(tier)).is_some_and(|policy| policy.enforce)) {
        return;
    }
    let is_first = WRITTEN.with_borrow_mut(|written| {
        written.push((db, name.into()));
        written.len() == 1
    });
    if is_first {
        main_loop::after(0, enforce_queued);
    }
}

/// Checks every key of the tiers with `ENFORCE`, in slices: after loading, and after a promotion.
pub(crate) fn enforce_all() {
    main_loop::after(0, |_| queue_slice(0, None));
}

/// Index entries visited in one slice.
const STEP: usize = 256;

fn queue_slice(nth: usize, after: Option<Box<[u8]>>) {
    let queued = with(|cache| {
        let db = *cache.index.databases().get(nth)?;
        let mut names = Vec::new();
        let next = cache.index.walk(db, b"", after.as_deref(), STEP, |name, _, entry| {
            names.extend(entry.tier.map(|tier| (Box::<[u8]>::from(name), tier)));
        });
        Some((db, names, next))
    });
    let Some((db, names, next)) = queued else { return };
    for (name, tier) in names {
        consider(db, &name, tier);
    }
    let nth = if next.is_none() { nth + 1 } else { nth };
    main_loop::after(1, move |_| queue_slice(nth, next));
}

fn enforce_queued(ctx: Ctx<'_>) {
    if !ctx.is_master() {
        WRITTEN.take();
        return;
    }
    if ctx.writes_are_paused() {
        main_loop::after(10, enforce_queued);
        return;
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some((db, name)) = WRITTEN.with_borrow_mut(Vec::pop) else { return };
        if ctx.select(db) {
            // A panic for one key does not stop the others.
            guard::or("setting a time to live", (), || set_ttl(ctx, &name));
        }
    }
    main_loop::after(0, enforce_queued);
}

/// Sets the tier's time to live on a key that has none.
fn set_ttl(ctx: Ctx<'_>, name: &[u8]) {
    let key = Key::open(ctx, name, Mode::Peek);
    if key.holds() == Holds::Nothing || key.expires_at().is_some() {
        return;
    }
    drop(key);
    let ttl = with(|cache| {
        let tier = cache.tiers.of(name);
        let random = cache.random.u64(..);
        cache.policy(tier).filter(|policy| policy.enforce).map(|policy| policy.jittered_ttl(random))
    });
    if let Some(ttl) = ttl {
        ctx.write(c"PEXPIREAT", &[name, (now_ms() + ttl).to_string().as_bytes()]);
    }
}
