//! The loads in flight: at most one a key. They are listed, watched (`MODEL.INFO`) and cancelled (`MODEL.ABORT`) here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use assess_engine::Progress;

use crate::work::main_loop;

/// Database and key.
type Place = (i32, Vec<u8>);

struct Loading {
    kind: &'static str,
    progress: Arc<Progress>,
    source: Vec<u8>,
}

/// A load in flight, as `MODEL.INFO` shows it.
pub(crate) struct Seen {
    pub(crate) kind: &'static str,
    pub(crate) percent: u32,
    pub(crate) source: Vec<u8>,
}

thread_local! {
    static LOADS: RefCell<HashMap<Place, Loading>> = RefCell::default();
}

/// The load in flight of a key.
pub(crate) fn find(db: i32, key: &[u8]) -> Option<Seen> {
    LOADS.with_borrow(|loads| {
        if loads.is_empty() {
            return None;
        }
        let load = loads.get(&(db, key.to_vec()))?;
        Some(Seen { kind: load.kind, percent: load.progress.percent(), source: load.source.clone() })
    })
}

/// Keys of a database that are being loaded.
pub(crate) fn names(db: i32) -> Vec<Vec<u8>> {
    LOADS.with_borrow(|loads| loads.keys().filter(|(of, _)| *of == db).map(|(_, key)| key.clone()).collect())
}

/// The number of loads in flight.
pub(crate) fn count() -> usize {
    LOADS.with_borrow(HashMap::len)
}

/// Requests the end of a load; `false` when there is none.
pub(crate) fn abort(db: i32, key: &[u8]) -> bool {
    LOADS.with_borrow(|loads| {
        let load = loads.get(&(db, key.to_vec()));
        load.inspect(|load| load.progress.cancel()).is_some()
    })
}

/// Registers a load, unless one is in flight for the key. Main thread.
pub(crate) fn register(place: Place, kind: &'static str, progress: &Arc<Progress>, source: &[u8]) -> Option<Slot> {
    LOADS.with_borrow_mut(|loads| match loads.entry(place.clone()) {
        Entry::Occupied(_) => None,
        Entry::Vacant(vacant) => {
            vacant.insert(Loading { kind, progress: Arc::clone(progress), source: source.to_vec() });
            Some(Slot(Some(place)))
        }
    })
}

/// The place of a load in the table. It is removed when this is dropped, however the load ends.
pub(crate) struct Slot(Option<Place>);

impl Slot {
    /// From now on the key may be loaded again. Main thread.
    pub(crate) fn remove(&mut self) {
        if let Some(place) = self.0.take() {
            LOADS.with_borrow_mut(|loads| loads.remove(&place));
        }
    }
}

impl Drop for Slot {
    /// After a panic, on any thread.
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            main_loop::post(move |_| Self(Some(place)).remove());
        }
    }
}
