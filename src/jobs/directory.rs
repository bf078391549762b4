//! The directory of the keys that hold queues, with the time when a timer has to look at each.
//!
//! A name is added when a queue is created, loaded, copied, restored or moved, and removed when its value is removed.
//! It may also contain a key without a queue (after a restore that failed late), so a timer checks each key.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::alarm;
use super::run::names::types_of;
use crate::clock::now_ms;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::types::queue::{self, Found};

/// Database and name of a key.
type Place = (i32, Box<[u8]>);

/// The time of queues that are new at their key: blocked workers and the module may find jobs there.
const SOON: u64 = 0;

#[derive(Default)]
struct Directory {
    /// Every queue, with the time of its next timer in Unix milliseconds.
    due: HashMap<i32, HashMap<Box<[u8]>, Option<u64>>>,
    order: BTreeSet<(u64, Place)>,
}

thread_local! {
    static DIRECTORY: RefCell<Directory> = RefCell::default();
}

impl Directory {
    fn set(&mut self, db: i32, name: &[u8], at: Option<u64>) {
        let names = self.due.entry(db).or_default();
        let before = match names.get_mut(name) {
            Some(known) => std::mem::replace(known, at),
            None => names.insert(name.into(), at).flatten(),
        };
        // Most changes leave the time as it is.
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, (db, name.into())));
        }
        if let Some(at) = at {
            self.order.insert((at, (db, name.into())));
        }
    }

    fn remove(&mut self, db: i32, name: &[u8]) {
        if let Some(names) = self.due.get_mut(&db)
            && let Some(Some(at)) = names.remove(name)
        {
            self.order.remove(&(at, (db, name.into())));
        }
    }

    fn of_db(&self, db: i32) -> Vec<Box<[u8]>> {
        self.due.get(&db).map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }
}

/// A key now holds a queue; a timer looks at it soon.
pub(super) fn created(db: i32, name: &[u8]) {
    looked(db, name, Some(SOON));
}

/// A queue has changed: a timer has to look at it at this time. If a timer has to look at it in any case, because it is
/// new at its key, that is kept.
pub(super) fn due(db: i32, name: &[u8], at: Option<u64>) {
    let is_new = DIRECTORY
        .with_borrow(|directory| directory.due.get(&db).is_some_and(|names| names.get(name) == Some(&Some(SOON))));
    looked(db, name, if is_new { Some(SOON) } else { at });
}

/// A timer has looked at a queue, and has to look at it again at this time.
pub(super) fn looked(db: i32, name: &[u8], at: Option<u64>) {
    DIRECTORY.with_borrow_mut(|directory| directory.set(db, name, at));
    if let Some(at) = at {
        alarm::at(at);
    }
}

/// A key no longer holds its queue.
pub(super) fn removed(db: i32, name: &[u8]) {
    DIRECTORY.with_borrow_mut(|directory| directory.remove(db, name));
}

/// A key was renamed, moved, copied or restored and may now hold a queue.
pub(crate) fn arrived(ctx: Ctx<'_>, db: i32, name: &[u8]) {
    if matches!(queue::find(&Key::open(ctx, name, Mode::Peek)), Found::Ours(_)) {
        created(db, name);
    }
}

/// A database was emptied; `None` is all of them.
pub(super) fn flushed(db: Option<i32>) {
    DIRECTORY.with_borrow_mut(|directory| match db {
        None => *directory = Directory::default(),
        Some(db) => directory.of_db(db).iter().for_each(|name| directory.remove(db, name)),
    });
}

/// Two databases were swapped.
pub(super) fn swapped(a: i32, b: i32) {
    let (from_a, from_b) = DIRECTORY.with_borrow(|directory| (directory.of_db(a), directory.of_db(b)));
    from_a.iter().for_each(|name| removed(a, name));
    from_b.iter().for_each(|name| removed(b, name));
    from_a.iter().for_each(|name| created(b, name));
    from_b.iter().for_each(|name| created(a, name));
}

/// Timers have to look at every queue.
pub(super) fn all_due() {
    let databases: Vec<i32> = DIRECTORY.with_borrow(|directory| directory.due.keys().copied().collect());
    for db in databases {
        let names = DIRECTORY.with_borrow(|directory| directory.of_db(db));
        names.iter().for_each(|name| created(db, name));
    }
}

/// The queue whose timer is due first.
pub(super) fn first() -> Option<(u64, i32, Box<[u8]>)> {
    DIRECTORY.with_borrow(|directory| directory.order.first().map(|(at, (db, name))| (*at, *db, name.clone())))
}

/// The most queues that one report looks at.
const MOST_REPORTED: usize = 1000;

/// The number of queues with jobs that wait for long and that no worker asks for. Looks at the first queues only.
pub(crate) fn unclaimed(ctx: Ctx<'_>) -> usize {
    let places: Vec<Place> = DIRECTORY.with_borrow(|directory| {
        let places = directory.due.iter().flat_map(|(&db, names)| names.keys().map(move |name| (db, name.clone())));
        places.take(MOST_REPORTED).collect()
    });
    let (before, now) = (ctx.db(), now_ms());
    let unclaimed = places.iter().filter(|(db, name)| {
        let key = ctx.select(*db).then(|| Key::open(ctx, name, Mode::Peek));
        key.is_some_and(
            |key| matches!(queue::find(&key), Found::Ours(queue) if queue.has_unclaimed_jobs(now, types_of(name))),
        )
    });
    let count = unclaimed.count();
    let _ = ctx.select(before);
    count
}

/// The number of queues in all databases.
pub(crate) fn count() -> usize {
    DIRECTORY.with_borrow(|directory| directory.due.values().map(HashMap::len).sum())
}
