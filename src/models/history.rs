//! The history of models: computed assessments are logged in the value of the model.
//!
//! A query is a read command, so it writes nothing itself. Each computed assessment is queued here as an entry. On a
//! master the module writes the entries a moment later, outside the command, in batches; each batch is replicated as
//! its entries. `ASSESS.HISTORY` also returns the queued entries. A write changes neither the model's version nor its
//! cached assessments. When the server is out of memory, nothing is written. The queue is bounded: when it is full, the
//! user with the most entries loses one. Lost entries are counted.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assess_engine::cache::name;
use assess_engine::history::{Dropped, Entry, History, Record, codec, hash_of};
use bytes::Bytes;

use crate::clock::now_ms;
use crate::counters;
use crate::ffi::account;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::models::replication::replicate;
use crate::models::versions;
use crate::types::model::find_mut;
use crate::types::value::{Loaded, Value};
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

/// The most queued entries, and the most bytes of their documents.
const MAX_WAITING: usize = 10_000;
const MAX_WAITING_BYTES: usize = 16 << 20;
/// The longest document that is logged, in bytes. The entry of a longer one contains `null` instead.
const MAX_DOCUMENT: usize = codec::MAX_ENTRY / 2;
/// Bytes of documents in one batch, which is written and replicated as a whole.
const BATCH_BYTES: usize = 64 << 10;
/// How long entries are written in one slice of the main thread.
const SLICE: Duration = Duration::from_micros(300);

struct Waiting {
    /// The account of the user who requested the assessment.
    user: u64,
    db: i32,
    key: Vec<u8>,
    /// The generation of the assessed model ([`Loaded::generation`]).
    generation: u64,
    entry: Arc<Entry>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// By user: the number of its entries.
    users: HashMap<u64, usize>,
}

impl Queue {
    fn pop(&mut self) -> Option<Waiting> {
        self.remove(0)
    }

    fn remove(&mut self, at: usize) -> Option<Waiting> {
        let waiting = self.waiting.remove(at)?;
        self.bytes -= waiting.entry.document.len();
        if let Some(count) = self.users.get_mut(&waiting.user) {
            *count -= 1;
            if *count == 0 {
                self.users.remove(&waiting.user);
            }
        }
        Some(waiting)
    }

    fn is_full_for(&self, bytes: usize) -> bool {
        self.waiting.len() >= MAX_WAITING || self.bytes + bytes > MAX_WAITING_BYTES
    }

    /// Makes room for an entry of a user: while the queue is full, a user with more entries than this one loses the
    /// oldest. Returns how many were dropped, or `None` if there is no room, since no other user has more.
    fn make_room(&mut self, user: u64, bytes: usize) -> Option<u64> {
        let mut dropped = 0;
        while self.is_full_for(bytes) {
            let own = self.users.get(&user).copied().unwrap_or(0);
            let (most, count) =
                self.users.iter().max_by_key(|(_, count)| **count).map(|(user, count)| (*user, *count))?;
            if count <= own + 1 {
                return None;
            }
            let oldest = self.waiting.iter().position(|waiting| waiting.user == most)?;
            self.remove(oldest);
            dropped += 1;
        }
        Some(dropped)
    }

    fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.entry.document.len();
        *self.users.entry(waiting.user).or_default() += 1;
        self.waiting.push_back(waiting);
    }
}

thread_local! {
    static QUEUE: RefCell<Queue> = RefCell::default();
    static WRITING: Cell<bool> = const { Cell::new(false) };
    static LAST_ID: Cell<u64> = const { Cell::new(0) };
}

/// The tenant of a query whose assessment is logged, and the generation of the model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    tenant: String,
    generation: u64,
}

impl Log {
    /// `None` when the model has no history or the server is a replica.
    pub(crate) fn of(ctx: Ctx<'_>, loaded: &Loaded, tenant: Option<&str>) -> Option<Self> {
        let is_kept = loaded.history.capacity() > 0 && ctx.is_master();
        is_kept.then(|| Self { tenant: tenant.unwrap_or_default().to_owned(), generation: loaded.generation })
    }

    /// Queues a computed assessment. `name` is its cache key, whether or not it is cached.
    pub(crate) fn computed(&self, (db, key): (i32, &[u8]), name: &[u8], record: Record, document: &Bytes) {
        let document: &[u8] = if document.len() > MAX_DOCUMENT { b"null" } else { document };
        let user = account::acting().id();
        match QUEUE.with_borrow_mut(|queue| queue.make_room(user, document.len())) {
            Some(dropped) => counters::add(|c| &c.history_dropped, dropped),
            None => return counters::count(|c| &c.history_dropped),
        }
        let now = now_ms();
        let entry = Entry {
            id: next_id(now),
            time: now,
            tenant: self.tenant.clone(),
            hash: hash_of(name::canonical(key, name)),
            record,
            document: document.into(),
        };
        QUEUE.with_borrow_mut(|queue| {
            queue.push(Waiting { user, db, key: key.to_vec(), generation: self.generation, entry: Arc::new(entry) });
        });
        if !WRITING.replace(true) {
            main_loop::after(0, write);
        }
    }
}

/// The current time in milliseconds, or one more than the last id of this server.
fn next_id(now: u64) -> u64 {
    let id = now.max(LAST_ID.get().saturating_add(1));
    LAST_ID.set(id);
    id
}

/// Records the ids of entries from a file or from the master.
fn seen(entries: &[Entry]) {
    let last = entries.iter().map(|entry| entry.id).filter(|&id| versions::is_plausible(id)).max();
    LAST_ID.set(LAST_ID.get().max(last.unwrap_or(0)));
}

/// The queued entries of a model, newest first.
pub(crate) fn not_written(db: i32, key: &[u8], generation: u64, wanted: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
    QUEUE.with_borrow(|queue| {
        let is_its =
            |one: &&Waiting| one.db == db && one.generation == generation && one.key == key && wanted(&one.entry);
        queue.waiting.iter().rev().filter(is_its).map(|one| Arc::clone(&one.entry)).collect()
    })
}

/// Frees entries on a worker.
pub(crate) fn dispose(dropped: Dropped) {
    if !dropped.is_empty() {
        pool::run(Lane::Disposal, None, move || drop(dropped));
    }
}

/// Writes a few batches, and continues in the next slice.
fn write(ctx: Ctx<'_>) {
    if ctx.is_master() && (ctx.writes_are_paused() || ctx.is_out_of_memory()) {
        return main_loop::after(10, write);
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(batch) = next_batch() else {
            WRITING.set(false);
            return;
        };
        let count = batch.len() as u64;
        if !ctx.is_master() || !write_batch(ctx, batch) {
            counters::add(|c| &c.history_dropped, count);
        }
    }
    main_loop::after(0, write);
}

/// The oldest entry, with the entries of the same model that follow it directly.
fn next_batch() -> Option<Vec<Waiting>> {
    QUEUE.with_borrow_mut(|queue| {
        let mut batch = vec![queue.pop()?];
        let mut size = batch[0].entry.document.len();
        while let Some(next) = queue.waiting.front()
            && (next.db, next.generation, &next.key) == (batch[0].db, batch[0].generation, &batch[0].key)
            && size < BATCH_BYTES
        {
            size += next.entry.document.len();
            batch.extend(queue.pop());
        }
        Some(batch)
    })
}

/// Writes the entries of one model; `false` when the model was removed or belongs to another node.
fn write_batch(ctx: Ctx<'_>, batch: Vec<Waiting>) -> bool {
    let Some(&Waiting { db, generation, .. }) = batch.first() else { return true };
    let key = batch[0].key.clone();
    if !ctx.select(db) || !ctx.owns(&key) {
        return false;
    }
    let mut frame = Vec::new();
    {
        let mut opened = Key::open(ctx, &key, Mode::Write);
        let Some(Value::Model(loaded)) = find_mut(&mut opened) else { return false };
        if loaded.history.capacity() == 0 || loaded.generation != generation {
            return false;
        }
        for Waiting { entry, .. } in batch {
            if codec::encode(&entry, &mut frame) {
                loaded.history.push(Arc::unwrap_or_clone(entry));
            } else {
                counters::count(|c| &c.history_dropped);
            }
        }
    }
    replicate::history(ctx, &key, &frame);
    true
}

/// Adds entries from the master or from a file.
pub(crate) fn add(history: &mut History, frame: &[u8]) -> Result<(), assess_engine::Error> {
    let entries = codec::decode(frame)?;
    seen(&entries);
    entries.into_iter().for_each(|entry| history.push(entry));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(user: u64, document: &[u8]) -> Waiting {
        let record = Record::default();
        let entry = Entry { id: 0, time: 0, tenant: String::new(), hash: [0; 16], record, document: document.into() };
        Waiting { user, db: 0, key: Vec::new(), generation: 0, entry: Arc::new(entry) }
    }

    #[test]
    fn a_user_who_fills_the_queue_makes_room_for_others_and_not_for_itself() {
        let mut queue = Queue::default();
        for _ in 0..MAX_WAITING {
            assert_eq!(queue.make_room(1, 1), Some(0));
            queue.push(waiting(1, b"x"));
        }
        assert_eq!(queue.make_room(1, 1), None);
        for _ in 0..MAX_WAITING {
            if queue.make_room(2, 1).is_some() {
                queue.push(waiting(2, b"x"));
            }
        }
        assert_eq!(queue.waiting.len(), MAX_WAITING);
        assert!(queue.users[&2].abs_diff(MAX_WAITING / 2) <= 1, "{:?}", queue.users);
        while queue.pop().is_some() {}
        assert!(queue.users.is_empty() && queue.bytes == 0);
    }
}
