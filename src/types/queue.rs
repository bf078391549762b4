//! The native type `assessque`: queues of jobs. Its callbacks are in `callbacks`.
//!
//! The SAFETY comments use the invariants of `types::model`.

pub(crate) mod callbacks;

use std::cell::Cell;
use std::ffi::c_void;

use assess_engine::jobs::Queue;

use super::kind::Kind;
use crate::ffi::key::{Holds, Key};

thread_local! {
    static KIND: Kind = const { Kind::new() };
    static WATCHER: Cell<Option<Watcher>> = const { Cell::new(None) };
    /// How often this server became the master.
    static PROMOTIONS: Cell<u64> = const { Cell::new(0) };
}

/// A function that is notified of a database and a name.
pub(crate) type Notice = fn(i32, &[u8]);

/// Functions that are notified of the keys that hold queues: database and name. Main thread.
#[derive(Clone, Copy)]
pub(crate) struct Watcher {
    /// A queue was loaded or copied to a key.
    pub(crate) arrived: Notice,
    /// A key no longer holds its queue.
    pub(crate) removed: Notice,
}

/// Sets the functions. Called once, while the module is loaded.
pub(crate) fn watch(watcher: Watcher) {
    WATCHER.set(Some(watcher));
}

/// A queue in the keyspace.
pub(crate) struct Value {
    queue: Queue,
    /// The number of promotions when the queue last heard of one.
    promotions: u64,
}

impl Value {
    fn new(queue: Queue) -> Self {
        Self { queue, promotions: PROMOTIONS.get() }
    }
}

/// What a key holds, from the view of this type.
pub(crate) enum Found<'k> {
    Nothing,
    Ours(&'k Queue),
    /// A value of another type.
    Foreign,
}

/// The value of a key.
pub(crate) fn find<'k>(key: &'k Key<'_>) -> Found<'k> {
    match key.holds() {
        Holds::Nothing => Found::Nothing,
        Holds::Native => match key.native(KIND.with(Kind::get)) {
            // SAFETY: the value has our type, so `into_raw` made it. It is not changed while `key` is borrowed: a
            // change opens the key itself (`find_mut`), and our callbacks keep no references.
            Some(value) => Found::Ours(unsafe { &(*value.cast::<Value>()).queue }),
            None => Found::Foreign,
        },
        Holds::String | Holds::Other => Found::Foreign,
    }
}

/// The queue of a key, for a change in place; the caller reports changes to the server. A queue that was not changed
/// since this server became the master learns of it first.
pub(crate) fn find_mut<'k>(key: &'k mut Key<'_>) -> Option<&'k mut Queue> {
    // SAFETY: as in `find`. The key is borrowed mutably, and only the main thread accesses values.
    let value = key.native(KIND.with(Kind::get)).map(|value| unsafe { &mut *value.cast::<Value>() })?;
    if value.promotions != PROMOTIONS.get() {
        value.promotions = PROMOTIONS.get();
        value.queue.promoted();
    }
    Some(&mut value.queue)
}

/// This server has become the master: every queue ends the leases that the former master granted.
pub(crate) fn promoted() {
    PROMOTIONS.set(PROMOTIONS.get() + 1);
}

/// Stores a queue in a key that is open for writing; `false` when the server refuses.
pub(crate) fn set(key: &Key<'_>, queue: Queue) -> bool {
    let value = into_raw(queue);
    // SAFETY: `into_raw` made the value for this type.
    let set = unsafe { key.set_native(KIND.with(Kind::get), value) };
    if !set {
        // SAFETY: the key did not take the value, so it is still owned here.
        drop(unsafe { Box::from_raw(value.cast::<Value>()) });
    }
    set
}

fn into_raw(queue: Queue) -> *mut c_void {
    Box::into_raw(Box::new(Value::new(queue))).cast::<c_void>()
}

/// A copy, for another key. It learns of a promotion if the original has not.
fn copied(value: &Value) -> *mut c_void {
    Box::into_raw(Box::new(Value { queue: value.queue.clone(), promotions: value.promotions })).cast::<c_void>()
}
