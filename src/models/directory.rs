//! The directory of the keys that hold models.
//!
//! A name is added when a model is committed, loaded, copied, restored or moved, and removed when its value is removed.
//! The directory contains every model. It may also contain a key without a model (after a restore that failed late), so
//! a command that lists names must check each key.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::cache::invalidate;
use crate::counters;
use crate::ffi::ctx::{Ctx, warn};
use crate::types::model;

#[derive(Default)]
struct Directory {
    databases: HashMap<i32, BTreeSet<Vec<u8>>>,
    /// Incremented by every event of a model.
    epoch: u64,
}

thread_local! {
    /// The key of the model that was removed last. The server reports the reason (eviction) only afterwards.
    static LAST_REMOVED: RefCell<Option<(i32, Vec<u8>)>> = const { RefCell::new(None) };
    static DIRECTORY: RefCell<Directory> = RefCell::default();
}

/// A number that changes when any model is created, changed or removed, or gets a time to live.
pub(crate) fn epoch() -> u64 {
    DIRECTORY.with_borrow(|directory| directory.epoch)
}

/// A model was changed in place.
pub(crate) fn changed(db: i32, name: &[u8]) {
    DIRECTORY.with_borrow_mut(|directory| directory.epoch += 1);
    invalidate::model_changed(db, name);
}

/// A key was given a time to live.
pub(crate) fn expires(db: i32, name: &[u8]) {
    DIRECTORY.with_borrow_mut(|directory| {
        if directory.databases.get(&db).is_some_and(|names| names.contains(name)) {
            directory.epoch += 1;
        }
    });
}

/// A key now holds a model.
pub(crate) fn created(db: i32, name: Vec<u8>) {
    DIRECTORY.with_borrow_mut(|directory| {
        directory.databases.entry(db).or_default().insert(name);
        directory.epoch += 1;
    });
}

/// A key no longer holds a model: it was deleted, overwritten, renamed, moved or evicted, or it has expired.
pub(crate) fn removed(db: i32, name: &[u8]) {
    LAST_REMOVED.set(Some((db, name.to_vec())));
    DIRECTORY.with_borrow_mut(|directory| {
        if let Some(names) = directory.databases.get_mut(&db) {
            names.remove(name);
        }
        directory.epoch += 1;
    });
    invalidate::model_changed(db, name);
}

/// The server has evicted a key; its value was removed before this event.
pub(crate) fn evicted(db: i32, name: &[u8]) {
    let was_model = LAST_REMOVED.take().is_some_and(|(at, removed)| at == db && removed == name);
    if was_model {
        counters::count(|counters| &counters.models_evicted);
        warn("a model was evicted: choose a volatile maxmemory-policy, or raise maxmemory (see CACHE.HEALTH)");
    }
}

/// A key was renamed, moved, copied or restored and may now hold a model. The server reports this after the removal of
/// the key's old value.
pub(crate) fn arrived(ctx: Ctx<'_>, db: i32, name: &[u8]) {
    if model::is_one(ctx, name) {
        created(db, name.to_vec());
    }
}

/// A database was emptied; `None` is all of them.
pub(crate) fn flushed(db: Option<i32>) {
    DIRECTORY.with_borrow_mut(|directory| {
        directory.epoch += 1;
        match db {
            Some(db) => _ = directory.databases.remove(&db),
            None => directory.databases.clear(),
        }
    });
}

/// Two databases were swapped.
pub(crate) fn swapped(a: i32, b: i32) {
    DIRECTORY.with_borrow_mut(|directory| {
        directory.epoch += 1;
        let (from_a, from_b) = (directory.databases.remove(&a), directory.databases.remove(&b));
        directory.databases.extend(from_a.map(|names| (b, names)));
        directory.databases.extend(from_b.map(|names| (a, names)));
    });
}

/// Names of keys that hold models, in order.
pub(crate) fn names(db: i32) -> Vec<Vec<u8>> {
    DIRECTORY
        .with_borrow(|directory| directory.databases.get(&db).map(|names| names.iter().cloned().collect()))
        .unwrap_or_default()
}

/// The databases that hold models.
pub(crate) fn databases() -> Vec<i32> {
    DIRECTORY.with_borrow(|directory| directory.databases.keys().copied().collect())
}

/// The number of models in all databases.
pub(crate) fn count() -> usize {
    DIRECTORY.with_borrow(|directory| directory.databases.values().map(BTreeSet::len).sum())
}
