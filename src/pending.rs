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

use crate::ffi::ctx::{Called, Ctx};
use crate::ffi::key::{Holds, Key, Mode};
use crate::types::model::{Name, with_loaded};
use crate::{main_loop, settings, stats, versions};

/// Most results kept.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// How long results are stored between two turns of the event loop.
const SLICE: Duration = Duration::from_micros(300);

/// How long a result lives, once stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Life {
    /// As configured.
    #[default]
    Default,
    /// Until a time in Unix milliseconds.
    Until(u64),
    /// As long as what is cached already, else as configured.
    Kept,
}

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
        let stored = settings::enabled() && ctx.is_master() && ctx.select(db) && store_one(ctx, &name, &result);
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
    let until = match result.life {
        Life::Until(at) => at,
        Life::Default => default_end(),
        Life::Kept => {
            let cached = Key::open(ctx, name, Mode::Peek);
            match (cached.holds(), cached.expires_at()) {
                (Holds::Nothing, _) => default_end(),
                (_, Some(at)) => at,
                // Somebody has made it persistent: that is its life.
                (_, None) => return ctx.write(c"SET", &[name, &result.document]) == Called::Done,
            }
        }
    };
    ctx.write(c"SET", &[name, &result.document, b"PXAT", until.to_string().as_bytes()]) == Called::Done
}

fn default_end() -> u64 {
    versions::now_ms() + settings::default_ttl() * 1000
}
