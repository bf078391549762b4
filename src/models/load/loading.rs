//! The loads in flight: at most one a key. They are listed, watched (`MODEL.INFO`) and cancelled (`MODEL.ABORT`) here.
//! A command that repeats one of them waits for its outcome.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use assess_engine::Progress;
use assess_engine::model::load::Recipe;

use super::client::Client;
use super::repeats::Repeats;
use crate::work::main_loop;

/// Database and key.
type Place = (i32, Vec<u8>);

struct Loading {
    kind: &'static str,
    progress: Arc<Progress>,
    source: Vec<u8>,
    /// The command, if it can be repeated.
    command: Option<Repeatable>,
    repeats: Arc<Repeats>,
}

/// A command that gives the same outcome when it is repeated while its file does not change.
#[derive(PartialEq)]
pub(super) struct Repeatable {
    pub(super) recipe: Recipe,
    pub(super) noreplace: bool,
    pub(super) history: Option<u64>,
    pub(super) path: Vec<u8>,
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
pub(super) fn register(
    place: Place,
    kind: &'static str,
    progress: &Arc<Progress>,
    source: &[u8],
    (command, repeats): (Option<Repeatable>, &Arc<Repeats>),
) -> Option<Slot> {
    LOADS.with_borrow_mut(|loads| match loads.entry(place.clone()) {
        Entry::Occupied(_) => None,
        Entry::Vacant(vacant) => {
            let (progress, source, repeats) = (Arc::clone(progress), source.to_vec(), Arc::clone(repeats));
            vacant.insert(Loading { kind, progress, source, command, repeats });
            Some(Slot(Some(place)))
        }
    })
}

/// Lets a client wait for the load in flight of the key, if its command repeats that load. Main thread.
pub(super) fn join(place: &Place, command: Option<&Repeatable>, client: impl FnOnce() -> Client) -> bool {
    let repeated = LOADS.with_borrow(|loads| {
        let load = loads.get(place).filter(|load| load.progress.check().is_ok())?;
        let command = command.filter(|command| load.command.as_ref() == Some(command) && load.repeats.may_join())?;
        Some((Arc::clone(&load.repeats), command))
    });
    let Some((repeats, command)) = repeated else { return false };
    repeats.take(&command.path, client());
    true
}

/// The place of a load in the table. It is removed when this is dropped, however the load ends.
pub(crate) struct Slot(Option<Place>);

impl Slot {
    /// From now on the key may be loaded again. Main thread.
    pub(super) fn remove(&mut self) -> Option<Arc<Repeats>> {
        let load = self.0.take().and_then(|place| LOADS.with_borrow_mut(|loads| loads.remove(&place)));
        load.map(|load| load.repeats)
    }
}

impl Drop for Slot {
    /// After a panic, on any thread.
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            main_loop::post(move |_| {
                if let Some(repeats) = Self(Some(place)).remove() {
                    repeats.abandon();
                }
            });
        }
    }
}
