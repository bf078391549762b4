//! Cached assessments: found by cached route, by cache key, and among the pending results.

pub(crate) mod kept;
pub(crate) mod naming;
pub(crate) mod routes;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::assessments::lookup::kept::Asked;
use crate::assessments::request::{Caching, OwnedQuery};
use crate::cache::lookup::{self, Lookup, Place};
use crate::cache::{beside_index, pending};
use crate::counters;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{self, Mode};
use crate::ffi::send;
use crate::ffi::string::Argv;
use crate::settings;
use crate::types::model::{Found, Name, find, with_loaded};
use crate::types::value::{Loaded, Value, is_complete};
use crate::work::main_loop;
use assess_engine::cache::lease::Seen;
use assess_engine::model::{Query, View};

/// Sends the document of a request that has a cached route, if the document may still be served.
pub(crate) fn by_route(ctx: Ctx<'_>, argv: Argv<'_>) -> bool {
    let Some(route) = routes::find(ctx, argv).filter(|_| settings::enabled()) else { return false };
    let cached = key::Key::open_text(ctx, &route.name, Mode::Read);
    let Some(document) = cached.string().filter(|document| is_complete(document, &route.prefix)) else { return false };
    let found = lookup::look_up(ctx, &cached, route.name.as_bytes());
    if !may_be_served(ctx, &found, || argv.words(1)) {
        return false;
    }
    let prefetches = counted_hit(ctx, route.name.as_bytes(), &route.hits, &found);
    send::bulk(ctx, document);
    kept::served(ctx, route.name.as_bytes(), &found, prefetches, || Asked::assessment(argv.words(1)));
    true
}

/// Whether a cached assessment may be served: also in its grace, if the module can compute it again meanwhile.
fn may_be_served<'w>(ctx: Ctx<'_>, found: &Lookup, words: impl Fn() -> Vec<&'w [u8]>) -> bool {
    match found.seen {
        Seen::Fresh | Seen::Ageing => true,
        Seen::Stale => ctx.is_master() && !ctx.is_script() && kept::may_be_kept(&words()),
        Seen::Absent => false,
    }
}

/// Remembers the cached route of a request, unless the model has a time to live, or the cache key depends on the day.
pub(crate) fn remember_route(ctx: Ctx<'_>, argv: Argv<'_>, name: &[u8]) {
    let model = key::Key::open_arg(ctx, argv, 1, Mode::Peek);
    if let (Found::Ours(Value::Model(loaded)), None) = (find(&model), model.expires_at())
        && loaded.as_model().is_timeless()
    {
        routes::remember(ctx, argv, name, loaded);
    }
}

/// Looks up a cache key in the cache and among the pending results.
pub(crate) fn by_name<'w, T>(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    name: &[u8],
    (caching, query): (Caching, &Query<'_>),
    asked: impl Fn() -> Asked<'w>,
    hit: impl FnOnce(&[u8]) -> T,
) -> Option<T> {
    if caching != Caching::Normal || !settings::enabled() {
        return None;
    }
    let cached = key::Key::open(ctx, name, Mode::Read);
    let found = lookup::look_up(ctx, &cached, name);
    if may_be_served(ctx, &found, || asked().words)
        && let Ok(Some(document)) = lookup::value(&cached)
    {
        if loaded.matches_view(model_key, &query.view, &document) {
            let prefetches = counted_hit(ctx, name, &loaded.hits, &found);
            kept::served(ctx, name, &found, prefetches, asked);
            return Some(hit(&document));
        }
        drop(document);
        drop(cached);
        outdated(ctx, model_key, name, query);
    }
    let document = pending::find(ctx.db(), name, loaded.version)?;
    counted_hit(ctx, name, &loaded.hits, &Lookup { seen: Seen::Fresh, ..found });
    Some(hit(&document))
}

/// Whether a fresh document of this version is cached. Counts neither a hit nor a miss.
pub(crate) fn is_cached(ctx: Ctx<'_>, loaded: &Loaded, model_key: &[u8], name: &[u8]) -> bool {
    let cached = key::Key::open(ctx, name, Mode::Peek);
    matches!(lookup::look_up(ctx, &cached, name).seen, Seen::Fresh | Seen::Ageing)
        && lookup::value(&cached)
            .is_ok_and(|value| value.is_some_and(|it| loaded.matches_view(model_key, &View::Assessment, &it)))
}

/// Counts a hit. Returns whether the tier fetches ahead.
fn counted_hit(ctx: Ctx<'_>, name: &[u8], hits: &AtomicU64, found: &Lookup) -> bool {
    // Only the main thread writes this counter, so a plain load and store are enough.
    hits.store(hits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    counters::count(|c| &c.hits);
    lookup::hit(ctx, name, found)
}

/// Counts a miss.
pub(crate) fn missed<'w>(ctx: Ctx<'_>, loaded: &Loaded, name: &[u8], asked: impl FnOnce() -> Asked<'w>) {
    loaded.misses.set(loaded.misses.get() + 1);
    counters::count(|c| &c.misses);
    let (tier, prefetches) = beside_index(|cache| {
        let tier = cache.tiers.of(name);
        (tier, cache.policy(tier).is_some_and(|policy| policy.prefetch > 0))
    });
    lookup::missed(tier);
    kept::served(ctx, name, &Lookup { place: Place::Nowhere, tier, seen: Seen::Absent }, prefetches, asked);
}

/// A document of another version of the model is never served: it is removed, unless it has been replaced meanwhile.
fn outdated(ctx: Ctx<'_>, model_key: &[u8], name: &[u8], query: &Query<'_>) {
    counters::count(|c| &c.outdated);
    if !ctx.is_master() {
        return;
    }
    let (db, model_key, name, query) = (ctx.db(), model_key.to_vec(), name.to_vec(), OwnedQuery::of(query));
    main_loop::after(0, move |ctx| {
        if !ctx.is_master() || ctx.writes_are_paused() || !ctx.select(db) {
            return;
        }
        let is_old = with_loaded(ctx, Name::Bytes(&model_key), Mode::Peek, |loaded| {
            let cached = key::Key::open(ctx, &name, Mode::Peek);
            let Some(document) = lookup::value(&cached)? else { return Ok(false) };
            Ok(query.with(|query| !loaded.matches_view(&model_key, &query.view, &document)))
        });
        if is_old == Ok(true) {
            ctx.unlink(&[&name]);
        }
    });
}
