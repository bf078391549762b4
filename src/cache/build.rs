//! Builds the index over existing keys: after a tier was declared for them, or after the module was loaded into a
//! server that has keys.
//!
//! The whole keyspace is scanned in slices. During the scan `indexing` is set, and invalidations scan the keyspace too.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use assess_engine::cache::index::{Freshness, Write};

use super::{enforce, evict, measure, with};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::ffi::scan::Scan;
use crate::types::entry;
use crate::work::main_loop;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(400);

/// The position of the scan over all databases.
struct Progress {
    db: i32,
    scan: Scan,
}

thread_local! {
    static PROGRESS: RefCell<Option<Progress>> = const { RefCell::new(None) };
    /// An entry was kept in its old tier, because a running invalidation of that tier covers it.
    static KEPT_IN_OLD_TIER: Cell<bool> = const { Cell::new(false) };
}

/// Starts the scan from the first database: the tiers of keys may have changed.
pub(crate) fn begin() {
    with(|cache| {
        cache.indexing = true;
        cache.indexing_since = cache.index.tick();
    });
    let was_running =
        PROGRESS.with_borrow_mut(|progress| progress.replace(Progress { db: 0, scan: Scan::new() }).is_some());
    if !was_running {
        main_loop::after(0, run_slice);
    }
}

/// Two databases were swapped: one that was not scanned yet may now have a number that was. Starts the scan again.
pub(crate) fn swapped() {
    if PROGRESS.with_borrow(Option::is_some) {
        begin();
    }
}

/// Whether the index may have entries in a tier that their names no longer belong to.
#[inline]
pub(super) fn keeps_in_old_tiers() -> bool {
    KEPT_IN_OLD_TIER.get()
}

/// An invalidation has ended. Entries that it covered and did not remove may still be in their old tier.
pub(crate) fn ban_ended() {
    if KEPT_IN_OLD_TIER.replace(false) {
        begin();
    }
}

fn run_slice(ctx: Ctx<'_>) {
    let begin = Instant::now();
    let mut names: Vec<Box<[u8]>> = Vec::new();
    while begin.elapsed() < SLICE {
        // Taken out of its cell: the calls below may expire keys, and the server notifies this module of that.
        let Some(mut progress) = PROGRESS.take() else { return };
        if !ctx.select(progress.db) {
            return end();
        }
        let more = progress.scan.step(ctx, &mut |name| names.push(name.into()));
        if !more {
            progress = Progress { db: progress.db + 1, scan: Scan::new() };
        }
        let db = ctx.db();
        PROGRESS.set(Some(progress));
        for name in names.drain(..) {
            assign(ctx, db, &name);
        }
    }
    main_loop::after(0, run_slice);
}

fn end() {
    let bounded = with(|cache| {
        cache.indexing = false;
        cache.tiers.iter().filter(|tier| tier.policy.is_bounded()).map(|tier| tier.id).collect::<Vec<_>>()
    });
    bounded.into_iter().for_each(evict::consider);
}

/// Puts a key into the tier that its name belongs to.
fn assign(ctx: Ctx<'_>, db: i32, name: &[u8]) {
    let (tier, is_new) = with(|cache| {
        let tier = cache.indexed_tier(name);
        let Some(at) = cache.index.find(db, name) else { return (tier, tier.is_some()) };
        let entry = cache.index.entry(at);
        // An entry that a running invalidation of its tier covers stays in that tier until the invalidation ends.
        if entry.tier != tier && cache.is_banned(db, name, at) {
            KEPT_IN_OLD_TIER.set(true);
        } else if entry.tier != tier {
            // An entry that may be stale stays in the index without a tier: otherwise it would count as fresh.
            if tier.is_some() || entry.tagged || entry.freshness != Freshness::UntilExpiry {
                cache.index.set_tier(at, tier);
            } else {
                cache.index.remove(db, name);
            }
        }
        (tier, false)
    });
    if is_new {
        let key = Key::open(ctx, name, Mode::Peek);
        // On a replica an expired key exists until its master deletes it, and the master may extend its time to live.
        if key.holds() == Holds::Nothing && ctx.is_master() {
            return;
        }
        let entry = entry::find(&key);
        let tags: Vec<&[u8]> = entry.map(|entry| entry.tags().collect()).unwrap_or_default();
        with(|cache| {
            // A ban that scans the keyspace covers the keys that existed before it.
            let stamp = cache.bans.scan_covers(db, name, tier).then_some(0);
            // As after a plain write: fresh until it expires.
            let freshness = Freshness::UntilExpiry;
            cache.index.written(db, name, &Write { tier, freshness, bytes: None, tags: &tags, stamp, reorders: true });
        });
        measure::soon();
    }
    if let Some(tier) = tier {
        enforce::consider(db, name, tier);
    }
}
