//! The table of blocked clients: handles of the server, and what is decided about each.

use std::collections::{BTreeSet, HashMap};
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis_module::raw;

use crate::ffi::event_loop;
use crate::reply::Reply;

/// Called once, on the main thread, when the wait of a client ends without a reply: timeout, `CLIENT UNBLOCK` or
/// disconnect. Removes the client with this id from the tables of its owner and returns the reply.
pub(crate) type Ended = fn(u64) -> Reply;

/// A handle of the server, as a number. It is used only while its entry is in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Handle(pub(super) usize);

impl Handle {
    pub(super) fn of(raw: *mut raw::RedisModuleBlockedClient) -> Self {
        Self(raw as usize)
    }

    pub(super) fn as_ptr(self) -> *mut raw::RedisModuleBlockedClient {
        self.0 as *mut raw::RedisModuleBlockedClient
    }

    /// Returns the handle to the server. Called once per handle, after its entry was removed.
    pub(super) fn give_back(self, decided: Option<Decided>) {
        let data = decided.map_or(std::ptr::null_mut(), |decided| Box::into_raw(Box::new(decided)));
        // SAFETY: the handle was valid while its entry was in the table, and the caller has just removed the entry.
        // `free_reply` frees the box.
        unsafe { api!(RedisModule_UnblockClient(self.as_ptr(), data.cast::<c_void>())) };
    }
}

/// Called when a reply did not reach its client. Main thread; it is `Send` because the table of clients is behind a lock.
pub(crate) type Undelivered = Box<dyn FnOnce() + Send>;

/// A decided reply. If it is dropped before it was sent, it calls `undelivered`.
pub(super) struct Decided {
    pub(super) client: u64,
    pub(super) reply: Reply,
    pub(super) undelivered: Option<Undelivered>,
}

pub(super) enum State {
    Waiting,
    /// The wait has timed out, and the owner is computing the reply.
    Ending,
    Decided(Decided),
}

pub(super) struct Entry {
    pub(super) serial: u64,
    pub(super) client: u64,
    pub(super) ended: Ended,
    /// When the wait times out, in Unix milliseconds.
    pub(super) due: Option<u64>,
    /// The slot of the key that the client waits for. Only this node's own slots can be waited for.
    pub(super) slot: Option<u16>,
    pub(super) state: State,
}

/// All clients that this module blocks.
pub(super) struct Table {
    pub(super) serial: u64,
    pub(super) entries: Option<HashMap<Handle, Entry>>,
    /// The timeouts, in order.
    pub(super) due: BTreeSet<(u64, Handle)>,
    /// The slots of the keys that clients wait for.
    pub(super) slots: BTreeSet<(u16, Handle)>,
    /// The clients whose reply is decided, with their serial numbers. A handle is an address, so the server may reuse a
    /// freed one for another client.
    pub(super) ready: Vec<(Handle, u64)>,
}

/// A standard mutex: it is held only for a look-up, never during a callback.
static TABLE: Mutex<Table> =
    Mutex::new(Table { serial: 0, entries: None, due: BTreeSet::new(), slots: BTreeSet::new(), ready: Vec::new() });

pub(super) fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    pub(super) fn entries(&mut self) -> &mut HashMap<Handle, Entry> {
        self.entries.get_or_insert_default()
    }

    pub(super) fn find(&mut self, handle: Handle, serial: u64) -> Option<&mut Entry> {
        self.entries().get_mut(&handle).filter(|entry| entry.serial == serial)
    }

    pub(super) fn remove(&mut self, handle: Handle) -> Option<Entry> {
        let entry = self.entries().remove(&handle)?;
        if let Some(due) = entry.due {
            self.due.remove(&(due, handle));
        }
        if let Some(slot) = entry.slot {
            self.slots.remove(&(slot, handle));
        }
        Some(entry)
    }

    pub(super) fn remove_as(&mut self, handle: Handle, serial: u64) -> Option<Entry> {
        self.find(handle, serial)?;
        self.remove(handle)
    }

    /// Decides the reply of a client. Returns the reply when the client no longer waits for it.
    pub(super) fn decide(&mut self, handle: Handle, serial: u64, decided: Decided, by_owner: bool) -> Option<Decided> {
        let Some(entry) = self.find(handle, serial) else { return Some(decided) };
        if !matches!((&entry.state, by_owner), (State::Waiting, true) | (State::Ending, false)) {
            return Some(decided);
        }
        entry.state = State::Decided(decided);
        let due = entry.due.take();
        if let Some(due) = due {
            self.due.remove(&(due, handle));
        }
        self.ready.push((handle, serial));
        if self.ready.len() == 1 {
            event_loop::nudge();
        }
        None
    }
}
