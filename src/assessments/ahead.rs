//! Assessments that the module computes before a client has to wait for them: entries in the last part of their time to
//! live (`REFRESH`) or in their grace (`GRACE`), and entries that a connection will probably ask for next (`PREFETCH`).
//!
//! A cache key does not tell its request: long subjects are hashed. So the words of requests are kept for a while.

use std::cell::RefCell;
use std::num::NonZeroUsize;

use assess_engine::cache::lease::Seen;
use lru::LruCache;

use super::answer::{Answer, Caller, ReadRequest, Request};
use super::single::{Single, Work};
use super::waiting::in_flight;
use crate::cache::ahead;
use crate::cache::lookup::Lookup;
use crate::ffi::ctx::Ctx;
use crate::types::model::Name;

/// The most requests that are kept.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Longer requests, in bytes, are not kept.
const LONGEST: usize = 1024;

/// Database and cache key.
type Place = (i32, Box<[u8]>);
/// The words of a request without the name of its command.
type Words = Box<[Box<[u8]>]>;

thread_local! {
    static REQUESTS: RefCell<LruCache<Place, Words>> = RefCell::new(LruCache::new(MOST));
}

/// A request was served from the cache, or is computed now (`found.seen` is absent then). `prefetches`: whether its tier
/// fetches ahead.
#[inline]
pub(crate) fn served<'w>(
    ctx: Ctx<'_>,
    name: &[u8],
    found: &Lookup,
    prefetches: bool,
    words: impl FnOnce() -> Vec<&'w [u8]>,
) {
    let is_old = matches!(found.seen, Seen::Ageing | Seen::Stale);
    if is_old || prefetches {
        remember(ctx, name, &words());
        ahead::assessed(ctx, name, found, is_old);
    }
}

#[cold]
fn remember(ctx: Ctx<'_>, name: &[u8], words: &[&[u8]]) {
    if words.iter().map(|word| word.len()).sum::<usize>() <= LONGEST {
        let words = words.iter().map(|&word| word.into()).collect();
        REQUESTS.with_borrow_mut(|requests| _ = requests.put((ctx.db(), name.into()), words));
    }
}

/// Computes the assessment with this cache key again, here or on a worker, and stores it. Returns whether the request
/// is known.
pub(crate) fn recompute(ctx: Ctx<'_>, name: &[u8]) -> bool {
    let place = (ctx.db(), name.into());
    let Some(kept) = REQUESTS.with_borrow_mut(|requests| requests.get(&place).cloned()) else { return false };
    let words: Vec<&[u8]> = kept.iter().map(|word| &**word).collect();
    let request = Request { model: Name::Bytes(words[0]), words: &words, caller: Caller::Module, names: None };
    // An error is that of the next client: the model was removed, or is being derived. A long subject, for which a
    // worker has to build the cache key, is left to the next client, too.
    if let Ok(Answer::Work(Work::Compute(work))) = Single::handle(ctx, request) {
        in_flight::compute_ahead(*work);
    }
    true
}
