//! Cached routes: from the words of a request to the cache key of its answer.
//!
//! Opening the model, parsing the options, building the cache key and making a string of the server from it take a
//! third of the time of a hit. Requests are often repeated, so the keys of the latest ones are kept, as strings of the
//! server. A route is valid until any model changes ([`directory::epoch`]). A model with a time to live has no routes,
//! because it may expire without an event. From time to time a route is not used, so that the server records an access
//! to the model, which its eviction needs.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use lru::LruCache;

use crate::ffi::ctx::Ctx;
use crate::ffi::string::{Argv, Text};
use crate::models::directory;
use crate::types::value::Loaded;

/// The most routes: a few hundred kilobytes.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Longer requests, in bytes, are not remembered.
const LONGEST: usize = 256;

/// Uses of a route between two accesses to its model.
const USES: u32 = 256;

pub(crate) struct Route {
    /// The cache key of the answer.
    pub(crate) name: Text,
    /// The beginning of every document of the model.
    pub(crate) prefix: Vec<u8>,
    /// The hit counter of the model.
    pub(crate) hits: Arc<AtomicU64>,
    epoch: u64,
    uses: Cell<u32>,
}

thread_local! {
    static ROUTES: RefCell<LruCache<Box<[u8]>, Rc<Route>>> = RefCell::new(LruCache::new(MOST));
    /// A buffer for the route key of the current request, kept to reuse its memory.
    static ROUTE_KEY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes the route key: the database and the words of the command without its name, each with its length, so that
/// different requests have different keys.
fn write_route_key(ctx: Ctx<'_>, argv: Argv<'_>, key: &mut Vec<u8>) {
    key.clear();
    key.extend_from_slice(&ctx.db().to_le_bytes());
    for i in 1..argv.len() {
        let word = argv.bytes(i);
        key.extend_from_slice(&(word.len() as u32).to_le_bytes());
        key.extend_from_slice(word);
    }
}

/// Runs `work` with the route key of a command.
fn with_route_key<T>(ctx: Ctx<'_>, argv: Argv<'_>, work: impl FnOnce(&[u8]) -> T) -> T {
    let mut key = ROUTE_KEY.take();
    write_route_key(ctx, argv, &mut key);
    let result = work(&key);
    ROUTE_KEY.set(key);
    result
}

/// The route of a command, if it is known and valid.
pub(crate) fn find(ctx: Ctx<'_>, argv: Argv<'_>) -> Option<Rc<Route>> {
    // A request that ends with NOCACHE never has a route, so its key need not be built.
    if argv.bytes(argv.len() - 1).eq_ignore_ascii_case(b"NOCACHE") {
        return None;
    }
    let route = with_route_key(ctx, argv, |words| ROUTES.with_borrow_mut(|routes| routes.get(words).map(Rc::clone)))?;
    let uses = route.uses.get();
    route.uses.set(uses.wrapping_add(1));
    (route.epoch == directory::epoch() && uses % USES != USES - 1).then_some(route)
}

/// Remembers the cache key of the answer to a command.
pub(crate) fn remember(ctx: Ctx<'_>, argv: Argv<'_>, name: &[u8], loaded: &Loaded) {
    with_route_key(ctx, argv, |words| {
        if words.len() <= LONGEST {
            let route = Route {
                name: Text::new(name),
                prefix: loaded.prefix(argv.bytes(1)),
                hits: Arc::clone(&loaded.hits),
                epoch: directory::epoch(),
                uses: Cell::new(0),
            };
            ROUTES.with_borrow_mut(|routes| _ = routes.put(words.into(), Rc::new(route)));
        }
    });
}
