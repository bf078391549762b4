//! The words of requests by their cache keys, kept for a while. A cache key does not tell its request: long subjects are
//! hashed. With them the module computes assessments again (`ahead`).

use std::cell::RefCell;
use std::num::NonZeroUsize;

use assess_engine::cache::lease::Seen;
use assess_engine::model::ViewKind;
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

/// A request: the kind of document, and the words of the command without its name.
pub(crate) struct Asked<'w> {
    pub(crate) view: ViewKind,
    pub(crate) words: Vec<&'w [u8]>,
}

impl<'w> Asked<'w> {
    /// A request for an assessment.
    pub(crate) const fn assessment(words: Vec<&'w [u8]>) -> Self {
        Self { view: ViewKind::Assessment, words }
    }
}

/// A request that is kept.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) view: ViewKind,
    pub(crate) words: Box<[Box<[u8]>]>,
}

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
    asked: impl FnOnce() -> Asked<'w>,
) {
    let is_old = matches!(found.seen, Seen::Ageing | Seen::Stale);
    if is_old || prefetches {
        keep(ctx, name, &asked());
        ahead::assessed(ctx, name, found, is_old);
    }
}

/// Whether a request can be computed again later: it is short, and gives no point in time, which would have passed then.
pub(super) fn may_be_kept(words: &[&[u8]]) -> bool {
    let is_time = |word: &&[u8]| word.eq_ignore_ascii_case(b"EXAT") || word.eq_ignore_ascii_case(b"PXAT");
    words.iter().map(|word| word.len()).sum::<usize>() <= LONGEST && !words.iter().any(is_time)
}

#[cold]
fn keep(ctx: Ctx<'_>, name: &[u8], asked: &Asked<'_>) {
    if may_be_kept(&asked.words) {
        let kept = Kept { view: asked.view, words: asked.words.iter().map(|&word| word.into()).collect() };
        REQUESTS.with_borrow_mut(|requests| _ = requests.put((ctx.db(), name.into()), kept));
    }
}

/// The request with this cache key.
pub(crate) fn find(ctx: Ctx<'_>, name: &[u8]) -> Option<Kept> {
    let place = (ctx.db(), name.into());
    REQUESTS.with_borrow_mut(|requests| requests.get(&place).cloned())
}
