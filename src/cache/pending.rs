//! Results that are computed and not stored yet.
//!
//! `ASSESS.GET` and `ASSESS.MGET` are read commands, so they store nothing themselves. Their results are queued here,
//! and on a master the module stores them from its own context shortly after. Until then the same request is answered
//! from this queue. The queue is bounded in results and in bytes. When it is full, the user with the most loses the oldest
//! one ([`queue`]): it is computed again at the next request.

mod queue;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use bytes::Bytes;

use self::queue::{Place, Queue};
use super::store::{TimeToLive, store as write};
use super::{Writer, writing_as};
use crate::counters;
use crate::ffi::account;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::Mode;
use crate::settings;
use crate::types::model::{Name, with_loaded};
use crate::work::main_loop;

/// The most time of one slice of storing.
const SLICE: Duration = Duration::from_micros(300);

/// The result of a request.
pub(crate) struct Pending {
    pub(crate) document: Bytes,
    pub(crate) ttl: TimeToLive,
    /// The key and the version of the model that computed it.
    pub(crate) model: Vec<u8>,
    pub(crate) version: u64,
}

thread_local! {
    static PENDING: RefCell<Queue<Pending>> = RefCell::default();
    static STORING: Cell<bool> = const { Cell::new(false) };
}

/// The result for a cache key, if this version of the model computed it.
pub(crate) fn find(db: i32, name: &[u8], version: u64) -> Option<Bytes> {
    PENDING.with_borrow(|pending| {
        if pending.len() == 0 {
            return None;
        }
        let found = pending.get(&(db, name.to_vec()))?;
        (found.version == version).then(|| found.document.clone())
    })
}

/// Queues a result, to be stored soon.
pub(crate) fn keep(db: i32, name: Vec<u8>, result: Pending) {
    let (user, bytes) = (account::acting().id(), name.len() + result.document.len());
    let pushed_out = PENDING.with_borrow_mut(|pending| pending.push((db, name), result, user, bytes));
    counters::add(|c| &c.not_stored, pushed_out as u64);
    if !STORING.replace(true) {
        main_loop::after(0, store);
    }
}

/// Removes the results of a database that an invalidation covers.
///
/// Returns how many of them have no entry yet: a result that would replace an entry is not counted twice.
pub(crate) fn forget(db: i32, is_covered: impl Fn(&[u8]) -> bool, has_entry: impl Fn(&[u8]) -> bool) -> u64 {
    PENDING.with_borrow_mut(|pending| {
        let covered: Vec<Place> =
            pending.places().filter(|(at, name)| *at == db && is_covered(name)).cloned().collect();
        covered.iter().for_each(|place| _ = pending.remove(place));
        covered.iter().filter(|(_, name)| !has_entry(name)).count() as u64
    })
}

/// Removes the result for a cache key; returns whether there was one.
pub(crate) fn forget_one(db: i32, name: &[u8]) -> bool {
    PENDING.with_borrow_mut(|pending| pending.len() > 0 && pending.remove(&(db, name.to_vec())).is_some())
}

/// The number of results in the queue.
pub(crate) fn count() -> usize {
    PENDING.with_borrow(Queue::len)
}

/// Stores results for one slice, and continues in a later slice.
fn store(ctx: Ctx<'_>) {
    if ctx.is_master() && ctx.writes_are_paused() {
        main_loop::after(10, store);
        return;
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(((db, name), result)) = PENDING.with_borrow_mut(Queue::pop) else {
            STORING.set(false);
            return;
        };
        let store = || settings::enabled() && ctx.is_master() && ctx.select(db) && store_one(ctx, &name, &result);
        // A panic for one result does not stop the others.
        let stored = guard::or("storing a result", false, store);
        counters::count(|c| if stored { &c.stored } else { &c.not_stored });
    }
    main_loop::after(0, store);
}

/// Stores a result in the selected database now, unless its model has changed since; returns whether it was stored. Not
/// inside a command of a client.
pub(crate) fn store_now(ctx: Ctx<'_>, name: &[u8], result: &Pending) -> bool {
    let stored = settings::enabled() && store_one(ctx, name, result);
    counters::count(|c| if stored { &c.stored } else { &c.not_stored });
    stored
}

/// Stores a result, unless its model has changed since; returns whether it was stored.
fn store_one(ctx: Ctx<'_>, name: &[u8], result: &Pending) -> bool {
    let current = with_loaded(ctx, Name::Bytes(&result.model), Mode::Peek, |loaded| Ok(loaded.version));
    if current != Ok(result.version) {
        return false;
    }
    writing_as(Writer::Command, || write(ctx, name, &result.document, &[], result.ttl)).is_ok()
}
