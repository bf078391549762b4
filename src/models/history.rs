//! The history of models: computed assessments are logged in the value of the model.
//!
//! A query is a read command, so it writes nothing itself. Each computed assessment is queued here as an entry. On a
//! master the module writes the entries a moment later, outside the command, in batches; each batch is replicated as
//! its entries. `ASSESS.HISTORY` also returns the queued entries. A write changes neither the model's version nor its
//! cached assessments. When the server is out of memory, nothing is written. The queue is bounded: when it is full, the
//! user with the most entries loses one. Lost entries are counted.

mod queue;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assess_engine::cache::name;
use assess_engine::history::{Dropped, Entry, History, Record, codec, hash_of};
use bytes::Bytes;

use self::queue::{Queue, Waiting};
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

/// The longest document that is logged, in bytes. The entry of a longer one contains `null` instead.
const MAX_DOCUMENT: usize = codec::MAX_ENTRY / 2;
/// Bytes of documents in one batch, which is written and replicated as a whole.
const BATCH_BYTES: usize = 64 << 10;
/// How long entries are written in one slice of the main thread.
const SLICE: Duration = Duration::from_micros(300);

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
        queue.newest_first().filter(is_its).map(|one| Arc::clone(&one.entry)).collect()
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
        while let Some(next) = queue.next()
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
