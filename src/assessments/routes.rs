//! The way from the words of a question to the name of its cached answer, remembered.
//!
//! Opening the model, parsing options, spelling the name and making a string of the server out of it cost a third of a
//! hit. The same questions are asked again and again, so the names of the latest ones are kept, as strings that are
//! ready to be opened. A route holds as long as nothing happens to any model ([`directory::epoch`]), and there is none
//! to a model with a time to live, which may be over without anybody being told. Now and then a route is left unused,
//! so that the server sees the model being used, for its eviction.

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

/// Most routes kept: a few hundred kilobytes.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// Longer questions are not worth a place.
const LONGEST: usize = 256;

/// Uses of a route between two looks at its model.
const USES: u32 = 256;

pub(crate) struct Route {
    pub(crate) name: Text,
    /// How every document of the model begins.
    pub(crate) prefix: Vec<u8>,
    /// The model's own counter.
    pub(crate) hits: Arc<AtomicU64>,
    epoch: u64,
    uses: Cell<u32>,
}

thread_local! {
    static ROUTES: RefCell<LruCache<Box<[u8]>, Rc<Route>>> = RefCell::new(LruCache::new(MOST));
    /// The words of the question at hand, spelt out; kept for its memory.
    static SPELT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The database and the words of a command after its name, so that no two questions are spelt alike.
fn spell(ctx: Ctx<'_>, argv: Argv<'_>, spelt: &mut Vec<u8>) {
    spelt.clear();
    spelt.extend_from_slice(&ctx.db().to_le_bytes());
    for i in 1..argv.len() {
        let word = argv.bytes(i);
        spelt.extend_from_slice(&(word.len() as u32).to_le_bytes());
        spelt.extend_from_slice(word);
    }
}

fn spelt<T>(ctx: Ctx<'_>, argv: Argv<'_>, work: impl FnOnce(&[u8]) -> T) -> T {
    let mut spelt = SPELT.take();
    spell(ctx, argv, &mut spelt);
    let result = work(&spelt);
    SPELT.set(spelt);
    result
}

/// Where the answer to this question was last time.
pub(crate) fn find(ctx: Ctx<'_>, argv: Argv<'_>) -> Option<Rc<Route>> {
    // What ends so is never remembered: spelling it would be in vain.
    if argv.bytes(argv.len() - 1).eq_ignore_ascii_case(b"NOCACHE") {
        return None;
    }
    let route = spelt(ctx, argv, |words| ROUTES.with_borrow_mut(|routes| routes.get(words).map(Rc::clone)))?;
    let uses = route.uses.get();
    route.uses.set(uses.wrapping_add(1));
    (route.epoch == directory::epoch() && uses % USES != USES - 1).then_some(route)
}

/// Remembers where the answer to this question is.
pub(crate) fn remember(ctx: Ctx<'_>, argv: Argv<'_>, name: &[u8], loaded: &Loaded) {
    spelt(ctx, argv, |words| {
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
