//! The history of models: assessments that were computed are logged in the model's value.
//!
//! A question is a read command, so it logs nothing itself: what it computed is put here as an entry, and written a
//! moment later by the module in its own context, on masters, in batches, each replicated as the entries it adds.
//! Until then questions to the history find it here. Neither the model's version nor its cached assessments change.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use assess_engine::cache::name;
use assess_engine::history::{Entry, History, codec, hash_of};
use assess_engine::model::Model;
use bytes::Bytes;

use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::types::model::find_mut;
use crate::types::value::{Loaded, Value};
use crate::{main_loop, replay, stats, versions};

/// Most entries that wait to be written; what does not fit is not logged, and counted.
const MOST: usize = 10_000;
/// Bytes of a batch that is written and replicated at once.
const BATCH: usize = 64 << 10;
/// How long entries are written between two turns of the event loop.
const SLICE: Duration = Duration::from_micros(300);

struct Waiting {
    db: i32,
    key: Vec<u8>,
    entry: Entry,
}

thread_local! {
    static WAITING: RefCell<VecDeque<Waiting>> = RefCell::default();
    static WRITING: Cell<bool> = const { Cell::new(false) };
    static LAST_ID: Cell<u64> = const { Cell::new(0) };
}

/// On whose behalf a question is asked, if its answer is to be logged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    tenant: String,
}

impl Log {
    /// `None` when the model keeps no history, or the server is a replica.
    pub(crate) fn of(ctx: Ctx<'_>, loaded: &Loaded, tenant: Option<&[u8]>) -> Option<Self> {
        let is_kept = loaded.history.capacity() > 0 && ctx.is_master();
        is_kept
            .then(|| Self { tenant: tenant.map(|tenant| String::from_utf8_lossy(tenant).into()).unwrap_or_default() })
    }

    /// Logs an assessment that was computed. `name` is the key that it is cached at, or would be.
    pub(crate) fn computed(
        &self,
        (db, key): (i32, &[u8]),
        model: &dyn Model,
        subject: &[&[u8]],
        name: &[u8],
        document: &Bytes,
    ) {
        if WAITING.with_borrow(VecDeque::len) >= MOST {
            return stats::count(|c| &c.history_dropped);
        }
        let now = versions::now_ms();
        let entry = Entry {
            id: next_id(now),
            time: now,
            tenant: self.tenant.clone(),
            hash: hash_of(name::canonical(key, name)),
            record: model.record(subject, document),
            document: (&**document).into(),
        };
        WAITING.with_borrow_mut(|waiting| waiting.push_back(Waiting { db, key: key.to_vec(), entry }));
        if !WRITING.replace(true) {
            main_loop::after(0, write);
        }
    }
}

/// The time, or one more than the last id of this server.
fn next_id(now: u64) -> u64 {
    let id = now.max(LAST_ID.get().saturating_add(1));
    LAST_ID.set(id);
    id
}

/// Records the ids of entries that came from a file or from the master.
pub(crate) fn seen(entries: &[Entry]) {
    let last = entries.iter().map(|entry| entry.id).filter(|&id| versions::is_plausible(id)).max();
    LAST_ID.set(LAST_ID.get().max(last.unwrap_or(0)));
}

/// Entries of a model that are not written yet, newest first.
pub(crate) fn not_written<T>(db: i32, key: &[u8], work: impl FnOnce(&mut dyn Iterator<Item = &Entry>) -> T) -> T {
    WAITING.with_borrow(|waiting| {
        let mut of_model = waiting.iter().rev().filter(|one| one.db == db && one.key == key).map(|one| &one.entry);
        work(&mut of_model)
    })
}

/// Writes a few batches, and goes on in the next turn of the event loop.
fn write(ctx: Ctx<'_>) {
    if ctx.is_master() && ctx.writes_are_paused() {
        return main_loop::after(10, write);
    }
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(batch) = next_batch() else {
            WRITING.set(false);
            return;
        };
        if !ctx.is_master() || !write_batch(ctx, &batch) {
            stats::add(|c| &c.history_dropped, batch.len() as u64);
        }
    }
    main_loop::after(0, write);
}

/// The oldest entry with those of the same model that follow it directly.
fn next_batch() -> Option<Vec<Waiting>> {
    WAITING.with_borrow_mut(|waiting| {
        let mut batch = vec![waiting.pop_front()?];
        let mut size = batch[0].entry.document.len();
        while let Some(next) = waiting.front()
            && (next.db, &next.key) == (batch[0].db, &batch[0].key)
            && size < BATCH
        {
            size += next.entry.document.len();
            batch.extend(waiting.pop_front());
        }
        Some(batch)
    })
}

/// Writes the entries of one model; `false` when the model is gone, or is another node's.
fn write_batch(ctx: Ctx<'_>, batch: &[Waiting]) -> bool {
    let Some(first) = batch.first() else { return true };
    if !ctx.select(first.db) || !ctx.owns(&first.key) {
        return false;
    }
    let mut frame = Vec::new();
    {
        let mut opened = Key::open(ctx, &first.key, Mode::Write);
        let Some(Value::Model(loaded)) = find_mut(&mut opened) else { return false };
        if loaded.history.capacity() == 0 {
            return false;
        }
        for waiting in batch {
            if codec::encode(&waiting.entry, &mut frame) {
                loaded.history.push(waiting.entry.clone());
            } else {
                stats::count(|c| &c.history_dropped);
            }
        }
    }
    replay::replicate_history(ctx, &first.key, &frame);
    true
}

/// Adds entries that came from the master or from a file.
pub(crate) fn add(history: &mut History, frame: &[u8]) -> Result<(), assess_engine::Error> {
    let entries = codec::decode(frame)?;
    seen(&entries);
    entries.into_iter().for_each(|entry| history.push(entry));
    Ok(())
}
