//! What is refreshed or fetched before a client has to wait for it: `REFRESH .. QUEUE` and `PREFETCH` of a tier.
//!
//! A read only notes what it wants. A later slice submits the jobs, or computes the assessments: reads are read commands,
//! and must not write. The functions that do so belong to rooms above this one; they are set when the module is loaded.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use assess_engine::cache::lease::Seen;
use assess_engine::cache::prefetch::{Predictor, Prefetched};
use assess_engine::cache::tiers::TierId;
use lru::LruCache;

use super::beside_index;
use super::lookup::{Lookup, look_up};
use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::{Key, Mode};
use crate::work::main_loop;

/// Functions of rooms above.
#[derive(Clone, Copy)]
pub(crate) struct Hooks {
    /// Submits a job of a type about a key to a queue.
    pub(crate) submit: fn(Ctx<'_>, queue: &[u8], job_type: &'static [u8], key: &[u8]),
    /// Computes and stores the assessment with this cache key. Returns whether it is one whose request is known.
    pub(crate) recompute: fn(Ctx<'_>, &[u8]) -> bool,
}

/// Why a key is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Why {
    Refresh,
    Prefetch,
}

struct Wanted {
    db: i32,
    name: Box<[u8]>,
    why: Why,
    queue: Option<Box<[u8]>>,
}

/// The most keys that are wanted at a time. More are dropped: the next read wants them again.
const MOST: usize = 4096;
/// How long a key is not wanted again, in milliseconds. While its job waits or runs, another one would be a duplicate.
const PAUSE_MS: u64 = 1000;
/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(300);

struct State {
    wanted: VecDeque<Wanted>,
    /// When keys were wanted last.
    latest: LruCache<(i32, Box<[u8]>), u64>,
    predictor: Predictor,
    prefetched: Prefetched,
}

thread_local! {
    static HOOKS: Cell<Option<Hooks>> = const { Cell::new(None) };
    static STATE: RefCell<State> = RefCell::new(State {
        wanted: VecDeque::new(),
        latest: LruCache::new(NonZeroUsize::new(MOST).expect("not zero")),
        predictor: Predictor::default(),
        prefetched: Prefetched::default(),
    });
}

/// Sets the functions of rooms above. Called once, while the module is loaded.
pub(crate) fn set_hooks(hooks: Hooks) {
    HOOKS.set(Some(hooks));
}

/// What a tier does ahead.
struct Policy {
    queue: Option<Box<[u8]>>,
    prefetch: u8,
}

fn policy(tier: Option<TierId>) -> Policy {
    beside_index(|cache| {
        let policy = cache.policy(tier);
        let queue = policy.and_then(|policy| policy.queue.clone());
        Policy { queue, prefetch: policy.map_or(0, |policy| policy.prefetch) }
    })
}

/// An entry of the cache was read by a client (`found.seen` is absent after a miss).
#[inline]
pub(crate) fn read(ctx: Ctx<'_>, name: &[u8], found: &Lookup) {
    if beside_index(|cache| {
        cache.policy(found.tier).is_some_and(|policy| policy.queue.is_some() || policy.prefetch > 0)
    }) {
        act(ctx, name, found, found.seen == Seen::Ageing, policy(found.tier));
    }
}

/// The same for an assessment. The module computes it itself, so it is refreshed without a queue and in its grace, too.
/// No worker can compute it, so it is never a job.
pub(crate) fn assessed(ctx: Ctx<'_>, name: &[u8], found: &Lookup, is_old: bool) {
    let Policy { prefetch, .. } = policy(found.tier);
    act(ctx, name, found, is_old, Policy { queue: None, prefetch });
}

#[cold]
fn act(ctx: Ctx<'_>, name: &[u8], found: &Lookup, refresh: bool, policy: Policy) {
    if !ctx.is_master() || ctx.is_script() {
        return;
    }
    let (db, Policy { queue, prefetch }) = (ctx.db(), policy);
    if refresh {
        want(Wanted { db, name: name.into(), why: Why::Refresh, queue: queue.clone() });
    }
    if prefetch == 0 {
        return;
    }
    let client = ctx.client_id();
    let next = STATE.with_borrow_mut(|state| {
        if found.seen != Seen::Absent {
            state.prefetched.used(db, name);
        }
        state.predictor.asked(client, db, name);
        let next = state.predictor.next(db, name, usize::from(prefetch));
        next.into_iter().map(Into::into).collect::<Vec<Box<[u8]>>>()
    });
    for name in next {
        want(Wanted { db, name, why: Why::Prefetch, queue: queue.clone() });
    }
}

fn want(wanted: Wanted) {
    let now = now_ms();
    let is_first = STATE.with_borrow_mut(|state| {
        let place = (wanted.db, wanted.name.clone());
        if state.wanted.len() >= MOST || state.latest.get(&place).is_some_and(|at| at + PAUSE_MS > now) {
            return false;
        }
        state.latest.put(place, now);
        state.wanted.push_back(wanted);
        state.wanted.len() == 1
    });
    if is_first {
        main_loop::after(0, fetch);
    }
}

/// One slice: submits jobs and computes assessments.
fn fetch(ctx: Ctx<'_>) {
    const WHILE_PAUSED_MS: u64 = 10;
    if ctx.is_master() && ctx.writes_are_paused() {
        return main_loop::after(WHILE_PAUSED_MS, fetch);
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE
        && let Some(wanted) = STATE.with_borrow_mut(|state| state.wanted.pop_front())
    {
        if ctx.is_master() && ctx.select(wanted.db) {
            guard::or("fetching ahead", (), || fetch_one(ctx, &wanted));
        }
    }
    if STATE.with_borrow(|state| !state.wanted.is_empty()) {
        main_loop::after(0, fetch);
    }
}

fn fetch_one(ctx: Ctx<'_>, wanted: &Wanted) {
    let Wanted { db, name, why, queue } = wanted;
    let Some(hooks) = HOOKS.get() else { return };
    if *why == Why::Prefetch {
        let key = Key::open(ctx, name, Mode::Peek);
        if look_up(ctx, &key, name).seen != Seen::Absent {
            return;
        }
    }
    let is_assessment = (hooks.recompute)(ctx, name);
    if !is_assessment {
        let Some(queue) = queue else { return };
        let job_type: &[u8] = if *why == Why::Prefetch { b"prefetch" } else { b"refresh" };
        (hooks.submit)(ctx, queue, job_type, name);
    }
    if *why == Why::Prefetch {
        STATE.with_borrow_mut(|state| state.prefetched.mark(*db, name));
    }
}

/// An entry was removed: expired, evicted, deleted.
pub(super) fn gone(db: i32, name: &[u8]) {
    STATE.with_borrow_mut(|state| _ = state.prefetched.gone(db, name));
}

/// Whether entries that were fetched ahead are known, so that [`gone`] has to be called.
#[inline]
pub(super) fn has_marks() -> bool {
    STATE.with_borrow(|state| state.prefetched.pending_entries() > 0)
}

/// A database was emptied; `None` is all of them.
pub(crate) fn flushed(db: Option<i32>) {
    STATE.with_borrow_mut(|state| {
        state.predictor.flushed(db);
        state.prefetched.flushed(db);
    });
}

/// Entries that were fetched ahead: those that a client used, and those that were gone before.
pub(crate) fn prefetched() -> (u64, u64) {
    STATE.with_borrow(|state| (state.prefetched.used_entries(), state.prefetched.unused_entries()))
}

/// A connection has ended.
pub(crate) fn client_left(client: u64) {
    STATE.with_borrow_mut(|state| state.predictor.disconnected(client));
}
