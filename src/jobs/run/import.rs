//! The job `import`: entries of the cache, stored in slices; or codes of a nomenclature, all or none.
//!
//! The whole payload is read before the first entry is stored, so a wrong one changes nothing.

use std::time::{Duration, Instant};

use assess_engine::cache::name;
use assess_engine::model::load::Recipe;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::entries::{self, Entry, Import};
use super::load;
use super::tally::Tally;
use super::task::{PAYLOAD, Run, in_slice, on_worker};
use crate::cache::store::{self, TimeToLive};
use crate::cache::{Writer, with, writing_as};
use crate::clock::now_ms;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::models::load::{Origin, Request};
use crate::settings;
use crate::types::entry;
use crate::work::memory;
use crate::work::pool::{self, Lane};

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(300);
/// Memory of the read entries as a multiple of the payload's length. The worst case is many short ones.
const EXPANSION: u64 = 10;
/// The most entries that the main thread frees in one slice.
const FREED_AT_ONCE: usize = 256;

pub(super) fn start(ctx: Ctx<'_>, run: Run, payload: Bytes) {
    let budget = memory::budget(ctx);
    let read = move |run: &Run| {
        budget.require("the payload and its entries", payload.len() as u64 * EXPANSION)?;
        let import = entries::read(&payload, &|| run.check())?;
        let read_at = now_ms();
        Ok((import, payload, read_at))
    };
    on_worker(run, PAYLOAD, read, |ctx, run, (import, payload, read_at)| match import {
        Import::Entries(entries) => {
            let work = Work { entries: entries.into(), at: 0, read_at, stored: 0, skipped: 0, tally: Tally::default() };
            in_slice(run, move |ctx, run| work.store(ctx, run));
        }
        Import::Codes(key) => match name::begin(&key, &mut Vec::new()) {
            Ok(()) => {
                let request = Request { key, recipe: Recipe::Codes, noreplace: false, history: None };
                load::begin(ctx, run, request, Origin::Bytes(payload));
            }
            Err(error) => run.fail(error.into()),
        },
    });
}

/// The state of an import between its slices.
struct Work {
    /// A worker has allocated them. They are freed all together at the end, not on the main thread: to free memory of
    /// another thread may wait for a lock that a thread of low priority holds.
    entries: Vec<Entry>,
    /// The number of entries that are done.
    at: usize,
    /// The times to live begin then, in Unix milliseconds.
    read_at: u64,
    stored: u64,
    /// Entries whose value was left out by `CACHE.EXPORT`, and those that have expired while the job ran.
    skipped: u64,
    tally: Tally,
}

impl Work {
    /// One slice.
    fn store(mut self, ctx: Ctx<'_>, run: Run) {
        let begin = Instant::now();
        let total = self.entries.len();
        while let Some(entry) = self.entries.get(self.at) {
            if ctx.is_out_of_memory() {
                let text = "the server is out of memory (maxmemory): the job continues later with all entries";
                free(self.entries);
                return run.fail(Failure::new(Code::NoRoom, text));
            }
            match self.store_one(ctx, entry) {
                Ok(true) => self.stored += 1,
                Ok(false) => self.skipped += 1,
                Err(failure) => self.tally.failed(self.at, &failure),
            }
            self.at += 1;
            if begin.elapsed() >= SLICE && self.at < total {
                run.at(self.at, total);
                run.task.say(format!("{} of {total} entries", self.at));
                return in_slice(run, move |ctx, run| self.store(ctx, run));
            }
        }
        let result = self.result();
        free(self.entries);
        run.complete(result);
    }

    /// Stores an entry; `false` if there is nothing to store.
    fn store_one(&self, ctx: Ctx<'_>, entry: &Entry) -> Outcome<bool> {
        let Some(value) = entry.value.as_deref().filter(|_| settings::enabled()) else { return Ok(false) };
        let ttl = match entry.ttl_ms.map(|ms| self.read_at + ms) {
            Some(until) if until <= now_ms() => return Ok(false),
            Some(until) => TimeToLive::Until(until),
            None => TimeToLive::Tier,
        };
        let key = Key::open(ctx, &entry.key, Mode::Peek);
        // An entry must not replace a model or a queue, such as that of this job.
        if key.holds() == Holds::Native && entry::find(&key).is_none() {
            return Err(Failure::wrong_type());
        }
        drop(key);
        let tags: Vec<&[u8]> = entry.tags.iter().map(Vec::as_slice).collect();
        writing_as(Writer::Command, || store::store(ctx, &entry.key, value, &tags, ttl))?;
        with(|cache| {
            let tier = cache.tiers.of(&entry.key);
            cache.count(tier).sets += 1;
        });
        Ok(true)
    }

    fn result(&self) -> Vec<u8> {
        let numbers = [("items", self.entries.len() as u64), ("stored", self.stored), ("skipped", self.skipped)];
        let fields: Map<_, _> =
            numbers.map(|(name, number)| (name.to_owned(), Value::from(number))).into_iter().collect();
        self.tally.result(fields, "item")
    }
}

/// Frees entries: thousands of small blocks take milliseconds, during which clients would wait.
fn free(entries: Vec<Entry>) {
    if entries.len() > FREED_AT_ONCE {
        pool::run(Lane::Disposal, None, move || drop(entries));
    }
}
