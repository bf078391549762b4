//! Putting existing keys into the index: when a tier is declared over them, or the module is loaded into a live server.
//!
//! The whole keyspace is looked through in slices. Meanwhile `indexing` is said, and invalidations look through the
//! keyspace too.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use assess_engine::cache::index::{Freshness, Write};

use super::{enforce, evict, measure, with};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::ffi::scan::Scan;
use crate::types::entry;
use crate::work::main_loop;

/// How long one slice may take.
const SLICE: Duration = Duration::from_micros(400);

/// How far a look through all databases has come.
struct Course {
    db: i32,
    scan: Scan,
}

thread_local! {
    static COURSE: RefCell<Option<Course>> = const { RefCell::new(None) };
    /// An entry was left in its old tier, because a running invalidation of that tier covers it.
    static LEFT: Cell<bool> = const { Cell::new(false) };
}

/// Looks through every database from the beginning: what belongs where may have changed.
pub(crate) fn begin() {
    with(|cache| {
        cache.indexing = true;
        cache.indexing_since = cache.index.tick();
    });
    let was_running = COURSE.with_borrow_mut(|course| course.replace(Course { db: 0, scan: Scan::new() }).is_some());
    if !was_running {
        main_loop::after(0, go_on);
    }
}

/// Databases changed places: one that was to be looked through may now be where the look has been already.
pub(crate) fn swapped() {
    if COURSE.with_borrow(Option::is_some) {
        begin();
    }
}

/// An invalidation has ended. What it made stale, or found that it need not take, may have been left in its old tier.
pub(crate) fn ban_ended() {
    if LEFT.replace(false) {
        begin();
    }
}

fn go_on(ctx: Ctx<'_>) {
    let begin = Instant::now();
    let mut names: Vec<Box<[u8]>> = Vec::new();
    while begin.elapsed() < SLICE {
        // Out of its cell while the server is called, which may tell us of keys that expire.
        let Some(mut course) = COURSE.take() else { return };
        if !ctx.select(course.db) {
            return end();
        }
        let more = course.scan.step(ctx, &mut |name| names.push(name.into()));
        if !more {
            course = Course { db: course.db + 1, scan: Scan::new() };
        }
        let db = ctx.db();
        COURSE.set(Some(course));
        for name in names.drain(..) {
            assign(ctx, db, &name);
        }
    }
    main_loop::after(0, go_on);
}

fn end() {
    let bounded = with(|cache| {
        cache.indexing = false;
        cache.tiers.iter().filter(|tier| tier.policy.is_bounded()).map(|tier| tier.id).collect::<Vec<_>>()
    });
    bounded.into_iter().for_each(evict::consider);
}

/// Puts a key where it belongs.
fn assign(ctx: Ctx<'_>, db: i32, name: &[u8]) {
    let (tier, is_new) = with(|cache| {
        let tier = cache.indexed_tier(name);
        let Some(at) = cache.index.find(db, name) else { return (tier, tier.is_some()) };
        let entry = cache.index.entry(at);
        // What a running invalidation of its tier covers stays there until that has ended.
        if entry.tier != tier && cache.is_banned(db, name, at) {
            LEFT.set(true);
        } else if entry.tier != tier {
            // One that may be stale is remembered in no tier too: it must not become fresh by that.
            if tier.is_some() || entry.tagged || entry.freshness != Freshness::UntilExpiry {
                cache.index.retier(at, tier);
            } else {
                cache.index.gone(db, name);
            }
        }
        (tier, false)
    });
    if is_new {
        let key = Key::open(ctx, name, Mode::Peek);
        // On a replica a key whose time is up is there until its master says otherwise: which may be that it lives on.
        if key.holds() == Holds::Nothing && ctx.is_master() {
            return;
        }
        let entry = entry::find(&key);
        let tags: Vec<&[u8]> = entry.map(|entry| entry.tags().collect()).unwrap_or_default();
        with(|cache| {
            // A ban that looks through the keyspace covers what was there before it.
            let stamp = cache.bans.scan_covers(db, name, tier).then_some(0);
            // As after any plain write: fresh until it expires.
            let freshness = Freshness::UntilExpiry;
            cache.index.written(db, name, &Write { tier, freshness, bytes: None, tags: &tags, stamp, reorders: true });
        });
        measure::soon();
    }
    if let Some(tier) = tier {
        enforce::consider(db, name, tier);
    }
}
