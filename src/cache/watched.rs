//! Names that clients watch: an invalidation that is not over at once tells the server which of them it covers, and
//! transactions that watch those fail, however long the sweep takes to reach a key. The server has no event for WATCH and
//! lists no watched keys; the names come from the filter of commands.

use std::cell::RefCell;

use assess_engine::cache::ban::Ban;
use lru::LruCache;

use super::with;
use crate::ffi::ctx;

/// How many names are remembered, and how many bytes they have: those watched last. A name is of use for as long as a
/// transaction takes, which nobody tells; one that is remembered longer is looked up at each ban that is not over at once.
const MOST: usize = 2048;
const MOST_BYTES: usize = 1 << 20;

thread_local! {
    static WATCHED: RefCell<Watched> = RefCell::new(Watched { names: LruCache::unbounded(), bytes: 0 });
}

struct Watched {
    names: LruCache<Box<[u8]>, ()>,
    bytes: usize,
}

impl Watched {
    fn add(&mut self, name: &[u8]) {
        if self.names.get(name).is_some() {
            return;
        }
        self.names.put(name.into(), ());
        self.bytes += name.len();
        while self.names.len() > MOST || self.bytes > MOST_BYTES {
            let Some((oldest, ())) = self.names.pop_lru() else { break };
            self.bytes -= oldest.len();
        }
    }
}

/// A client watches a key, of a database that is not known.
pub(crate) fn watches(name: &[u8]) {
    WATCHED.with_borrow_mut(|watched| watched.add(name));
}

/// Has transactions fail that watch what a ban covers.
pub(super) fn fail(ban: &Ban) {
    let covered: Vec<Box<[u8]>> = WATCHED.with_borrow(|watched| {
        let names = watched.names.iter().map(|(name, ())| name);
        with(|cache| names.filter(|name| cache.is_covered(ban, name)).cloned().collect())
    });
    if !covered.is_empty() {
        ctx::signal_modified(ban.db, &covered);
    }
}

#[cfg(test)]
mod tests {
    use super::{LruCache, MOST, MOST_BYTES, Watched};

    #[test]
    fn the_names_watched_last_are_remembered() {
        let mut watched = Watched { names: LruCache::unbounded(), bytes: 0 };
        for i in 0..=MOST {
            watched.add(b"again");
            watched.add(i.to_string().as_bytes());
        }
        assert_eq!(watched.names.len(), MOST);
        assert!(watched.names.contains(b"again".as_slice()) && !watched.names.contains(b"0".as_slice()));
        watched.add(&vec![b'x'; MOST_BYTES]);
        assert_eq!((watched.names.len(), watched.bytes), (1, MOST_BYTES));
        watched.add(&vec![b'x'; MOST_BYTES + 1]);
        assert_eq!((watched.names.len(), watched.bytes), (0, 0));
    }
}
