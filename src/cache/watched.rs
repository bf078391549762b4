//! Keys that clients watch with WATCH. An invalidation with a sweep signals the watched keys that it covers as
//! modified, so that their transactions fail immediately, and not when the sweep reaches the key. The server has no
//! event for WATCH and does not list watched keys, so the names come from the command filter.

use std::cell::RefCell;

use assess_engine::cache::ban::Ban;
use lru::LruCache;

use super::with;
use crate::ffi::ctx;

/// The most names, and their most bytes; the oldest are dropped. A name is needed until its transaction ends, which the
/// filter does not see; a name that is kept longer costs a lookup at each invalidation with a sweep.
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

/// A client watches a key. Its database is not known.
pub(crate) fn watches(name: &[u8]) {
    WATCHED.with_borrow_mut(|watched| watched.add(name));
}

/// Lets the transactions fail that watch a key covered by a ban.
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
    fn the_most_recently_watched_names_are_remembered() {
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
