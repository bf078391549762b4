//! Which keys hold models.
//!
//! Names enter as models are committed, loaded, copied or moved, and leave as their values die. A name may be one too
//! many (a restore that failed late), so whoever lists them looks; none is ever missing.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::cached;

#[derive(Default)]
struct Directory {
    databases: HashMap<i32, BTreeSet<Vec<u8>>>,
    /// The model that died last, which is how a rename or a move begins.
    last_died: Option<(i32, Vec<u8>)>,
    /// A model's key was renamed or moved, and its new place is about to be told.
    moving: bool,
    /// Counts everything that happens to models.
    epoch: u64,
}

thread_local! {
    static DIRECTORY: RefCell<Directory> = RefCell::default();
}

/// A number that changes whenever anything happens to any model: one appears, changes, dies, gets a time to live.
pub(crate) fn epoch() -> u64 {
    DIRECTORY.with_borrow(|directory| directory.epoch)
}

/// A model was changed in place.
pub(crate) fn changed(db: i32, name: &[u8]) {
    DIRECTORY.with_borrow_mut(|directory| directory.epoch += 1);
    cached::outdate(db, name);
}

/// A key was given a time to live.
pub(crate) fn expires(db: i32, name: &[u8]) {
    DIRECTORY.with_borrow_mut(|directory| {
        if directory.databases.get(&db).is_some_and(|names| names.contains(name)) {
            directory.epoch += 1;
        }
    });
}

/// A key holds a model now.
pub(crate) fn born(db: i32, name: Vec<u8>) {
    DIRECTORY.with_borrow_mut(|directory| {
        directory.databases.entry(db).or_default().insert(name);
        directory.epoch += 1;
    });
}

/// A key holds a model no more: it was deleted, overwritten, renamed, moved, evicted or has expired.
pub(crate) fn died(db: i32, name: &[u8]) {
    DIRECTORY.with_borrow_mut(|directory| {
        if let Some(names) = directory.databases.get_mut(&db) {
            names.remove(name);
        }
        directory.last_died = Some((db, name.to_vec()));
        directory.epoch += 1;
    });
    cached::outdate(db, name);
}

/// A key left its place by a rename or a move. Its value died there first, if it was a model.
pub(crate) fn left(db: i32, name: &[u8]) {
    DIRECTORY.with_borrow_mut(|directory| {
        let last = directory.last_died.take();
        directory.moving = last.is_some_and(|(died_db, died_name)| died_db == db && died_name == name);
    });
}

/// A key arrived by a rename or a move.
pub(crate) fn arrived(db: i32, name: &[u8]) {
    if DIRECTORY.with_borrow_mut(|directory| std::mem::take(&mut directory.moving)) {
        born(db, name.to_vec());
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

/// Two databases changed places.
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

/// How many there are in all databases.
pub(crate) fn count() -> usize {
    DIRECTORY.with_borrow(|directory| directory.databases.values().map(BTreeSet::len).sum())
}
