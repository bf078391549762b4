//! Results that are computed and not stored yet.
//!
//! A question is a read command, so it stores nothing itself: what it computed is put here, and stored by the module
//! in its own context, on masters, a moment later. Until then the same question is answered from here. The number is
//! bounded: what does not fit is computed again when it is asked again.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lru::LruCache;

use super::store::{Life, store as write};
use super::{Writer, writing_as};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::Mode;
use crate::report::stats;
use crate::settings;
use crate::types::model::{Name, with_loaded};
use crate::work::main_loop;

/// Most results kept.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// How long results are stored between two turns of the event loop.
const SLICE: Duration = Duration::from_micros(300);

/// A result of a question.
pub(crate) struct Pending {
    pub(crate) document: Bytes,
    pub(crate) life: Life,
    /// The model's key and version that it was computed from.
    pub(crate) model: Vec<u8>,
    pub(crate) version: u64,
}

type Place = (i32, Vec<u8>);

thread_local! {
    static PENDING: RefCell<LruCache<Place, Pending>> = RefCell::new(LruCache::new(MOST));
    static STORING: Cell<bool> = const { Cell::new(false) };
}

/// The result for a name, if it is of this version of the model.
pub(crate) fn find(db: i32, name: &[u8], version: u64) -> Option<Bytes> {
    PENDING.with_borrow(|pending| {
        if pending.is_empty() {
            return None;
        }
        let found = pending.peek(&(db, name.to_vec()))?;
        (found.version == version).then(|| found.document.clone())
    })
}

/// Keeps a result, to be stored soon.
pub(crate) fn keep(db: i32, name: Vec<u8>, result: Pending) {
    let pushed_out = PENDING.with_borrow_mut(|pending| pending.push((db, name.clone()), result));
    if pushed_out.is_some_and(|(place, _)| place != (db, name)) {
        stats::count(|c| &c.not_stored);
    }
    if !STORING.replace(true) {
        main_loop::after(0, store);
    }
}

/// Forgets the results of a database that were computed before an invalidation which covers them.
///
/// Returns how many of them have no entry yet: one that replaces an entry is no other.
pub(crate) fn forget(db: i32, is_covered: impl Fn(&[u8]) -> bool, has_entry: impl Fn(&[u8]) -> bool) -> u64 {
    PENDING.with_borrow_mut(|pending| {
        let covered: Vec<Place> = pending
            .iter()
            .map(|(place, _)| place)
            .filter(|(at, name)| *at == db && is_covered(name))
            .cloned()
            .collect();
        covered.iter().for_each(|place| _ = pending.pop(place));
        covered.iter().filter(|(_, name)| !has_entry(name)).count() as u64
    })
}

/// Forgets the result for a name; whether there was one.
pub(crate) fn forget_one(db: i32, name: &[u8]) -> bool {
    PENDING.with_borrow_mut(|pending| !pending.is_empty() && pending.pop(&(db, name.to_vec())).is_some())
}

/// How many there are.
pub(crate) fn count() -> usize {
    PENDING.with_borrow(LruCache::len)
}

/// Stores a few results, and goes on in the next turn of the event loop.
fn store(ctx: Ctx<'_>) {
    if ctx.is_master() && ctx.writes_are_paused() {
        main_loop::after(10, store);
        return;
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(((db, name), result)) = PENDING.with_borrow_mut(LruCache::pop_lru) else {
            STORING.set(false);
            return;
        };
        let store = || settings::enabled() && ctx.is_master() && ctx.select(db) && store_one(ctx, &name, &result);
        // Whatever becomes of one, the others are stored.
        let stored = guard::or("a result that is stored", false, store);
        stats::count(|c| if stored { &c.stored } else { &c.not_stored });
    }
    main_loop::after(0, store);
}

/// Stores a result unless its model has changed since; `false` when it was not stored.
fn store_one(ctx: Ctx<'_>, name: &[u8], result: &Pending) -> bool {
    let current = with_loaded(ctx, Name::Bytes(&result.model), Mode::Peek, |loaded| Ok(loaded.version));
    if current != Ok(result.version) {
        return false;
    }
    writing_as(Writer::Command, || write(ctx, name, &result.document, &[], result.life)).is_ok()
}
