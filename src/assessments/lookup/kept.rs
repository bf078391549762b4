//! The words of requests by their cache keys, kept for a while. A cache key does not tell its request: long subjects are
//! hashed. With them the module computes assessments again (`ahead`).

use std::cell::RefCell;
use std::num::NonZeroUsize;

use assess_engine::cache::lease::Seen;
use lru::LruCache;

use crate::cache::ahead;
use crate::cache::lookup::Lookup;
use crate::ffi::ctx::Ctx;

/// The most requests that are kept.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Longer requests, in bytes, are not kept.
const LONGEST: usize = 1024;

/// Database and cache key.
type Place = (i32, Box<[u8]>);
/// The words of a request without the name of its command.
pub(crate) type Kept = Box<[Box<[u8]>]>;

thread_local! {
    static REQUESTS: RefCell<LruCache<Place, Kept>> = RefCell::new(LruCache::new(MOST));
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
        keep(ctx, name, &words());
        ahead::assessed(ctx, name, found, is_old);
    }
}

/// Whether a request can be computed again later: it is short, and gives no point in time, which would have passed then.
pub(super) fn may_be_kept(words: &[&[u8]]) -> bool {
    let is_time = |word: &&[u8]| word.eq_ignore_ascii_case(b"EXAT") || word.eq_ignore_ascii_case(b"PXAT");
    words.iter().map(|word| word.len()).sum::<usize>() <= LONGEST && !words.iter().any(is_time)
}

#[cold]
fn keep(ctx: Ctx<'_>, name: &[u8], words: &[&[u8]]) {
    if may_be_kept(words) {
        let words = words.iter().map(|&word| word.into()).collect();
        REQUESTS.with_borrow_mut(|requests| _ = requests.put((ctx.db(), name.into()), words));
    }
}

/// The words of the request with this cache key.
pub(crate) fn find(ctx: Ctx<'_>, name: &[u8]) -> Option<Kept> {
    let place = (ctx.db(), name.into());
    REQUESTS.with_borrow_mut(|requests| requests.get(&place).cloned())
}
