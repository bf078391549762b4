//! The load of a model, from a command through a worker into the keyspace.
//!
//! A load passes through the stages of [`Stage`]; [`Load::advance`] is the only place that moves it from one to the
//! next. A worker reads and checks; the main thread puts the model in place when the whole load has succeeded. Until
//! then the keyspace does not change. The load continues when its client disconnects.

mod begin;
pub(crate) mod client;
pub(crate) mod loading;
pub(crate) mod recipe;
mod repeats;
pub(crate) mod staging;
pub(crate) mod transfer;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use assess_engine::io::Input;
use assess_engine::model::AnyModel;
use assess_engine::model::load::{Joined, Part, Recipe};
use assess_engine::{Budget, Error as EngineError, Progress};
use bytes::Bytes;

pub(crate) use self::begin::{begin, begin_for};
pub(crate) use self::client::Client;
use self::loading::Slot;
use self::repeats::Repeats;
use self::staging::Staged;
use crate::counters;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::account::{self, Account};
use crate::ffi::ctx::{self, Ctx};
use crate::ffi::guard;
use crate::ffi::held::HeldBytes;
use crate::ffi::key::Mode;
use crate::models::commit::{self, Content};
use crate::models::replication::replicate;
use crate::models::{data_dir, info};
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};
use crate::work::pool::{self, Lane};
use crate::work::{discard, main_loop};

/// What is to be loaded, and how.
pub(crate) struct Request {
    pub(crate) key: Vec<u8>,
    pub(crate) recipe: Recipe,
    pub(crate) noreplace: bool,
    /// How many assessments the model is to log; `None` leaves that unchanged.
    pub(crate) history: Option<u64>,
}

/// Where the bytes come from.
pub(crate) enum Origin {
    /// A path below `assess.data-dir`.
    Path(Vec<u8>),
    /// Bytes that the client sent.
    Payload(HeldBytes),
    /// Bytes of a job.
    Bytes(Bytes),
}

/// The number of bytes that are read in about the time in which threads start.
const LARGE: usize = 1 << 20;

impl Origin {
    fn source(&self) -> &[u8] {
        match self {
            Self::Path(path) => path,
            Self::Payload(_) => b"client",
            Self::Bytes(_) => b"job",
        }
    }

    /// The bytes of the command that the load keeps.
    fn held(&self) -> usize {
        match self {
            Self::Payload(bytes) => bytes.as_slice().len(),
            Self::Path(_) | Self::Bytes(_) => 0,
        }
    }

    /// Whether it may be large enough for several threads.
    fn is_large(&self) -> bool {
        match self {
            Self::Path(_) => true,
            Self::Payload(bytes) => bytes.as_slice().len() >= LARGE,
            Self::Bytes(bytes) => bytes.len() >= LARGE,
        }
    }
}

/// The stages of a load.
enum Stage {
    /// A worker reads and checks the data, and joins them with the model of the key where the result depends on it.
    Reading,
    /// A worker joins the data again, because the model of the key has changed since.
    Joining(Part),
    /// The model exists; the load waits until the server accepts writes. With the frames that replicas already have.
    Built(Built, Option<Staged>),
    /// The model is replicated, frame by frame, before the commit.
    Staging(Built),
    /// The model is put in place.
    Committing(Built, Option<Staged>),
    /// The client is answered.
    Ended(Outcome<Reply>),
}

/// The result of a worker.
struct Built {
    part: Part,
    joined: Joined,
}

impl Built {
    /// On a worker.
    fn join(part: Part, before: Option<&AnyModel>) -> Outcome<Self> {
        let joined = part.join(before)?;
        Ok(Self { part, joined })
    }

    /// Drops it on the main thread. The part first: a worker frees the model only when nothing else owns it.
    fn discard(self) {
        drop(self.part);
        discard::model(self.joined.model);
    }
}

/// A load in flight, with the data that every stage needs.
struct Load {
    begun: Instant,
    db: i32,
    slot: Slot,
    request: Request,
    origin: Origin,
    repeats: Arc<Repeats>,
    budget: Budget,
    progress: Arc<Progress>,
    /// The model that the key held when the data were joined with it, if the result depends on it.
    before: Option<AnyModel>,
    /// How many times the data were joined again because that model had changed.
    joined_again: u32,
    client: Client,
    /// Of the user of the command.
    account: Arc<Account>,
}

/// The model that the result depends on.
fn replaced(ctx: Ctx<'_>, request: &Request) -> Option<AnyModel> {
    if !request.recipe.needs_before() {
        return None;
    }
    with_loaded(ctx, Name::Bytes(&request.key), Mode::Peek, |loaded| Ok(loaded.model.clone())).ok()
}

fn is_same(one: Option<&AnyModel>, other: Option<&AnyModel>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl Load {
    /// Moves the load into a stage, for its user. Main thread.
    fn advance(self, ctx: Ctx<'_>, stage: Stage) {
        let account = Arc::clone(&self.account);
        account::continued(&account, || self.enter(ctx, stage));
    }

    fn enter(self, ctx: Ctx<'_>, stage: Stage) {
        match stage {
            Stage::Reading => self.on_worker(Lane::Heavy, |load| {
                load.client.measure(|| guard::run("a load", || load.read()).and_then(|built| built))
            }),
            Stage::Joining(part) => self.on_worker(Lane::Request, |load| {
                guard::run("joining a load", || Built::join(part, load.before.as_ref())).and_then(|built| built)
            }),
            Stage::Built(built, staged) => {
                let db = self.db;
                main_loop::when_writable(ctx, db, move |ctx, writable| {
                    let mut load = self;
                    let next = load.after_built(ctx, writable, built, staged);
                    load.advance(ctx, next);
                });
            }
            Stage::Staging(built) => {
                let (db, key, model) = (self.db, self.request.key.clone(), built.joined.model.clone());
                let progress = Arc::clone(&self.progress);
                let is_wanted = move || progress.check().is_ok();
                transfer::begin(ctx, db, key, model, is_wanted, move |ctx, sent| match sent {
                    Ok(staged) => self.advance(ctx, Stage::Built(built, Some(staged))),
                    Err(failure) => {
                        built.discard();
                        self.advance(ctx, Stage::Ended(Err(failure)));
                    }
                });
            }
            Stage::Committing(built, staged) => {
                let content = Content { model: built.joined.model.clone(), source: self.origin.source().to_vec() };
                let committed = commit::commit(ctx, &self.request.key, staged, content, self.request.history);
                let reply = committed.and_then(|_| summary(ctx, &self.request.key, built.joined.left_out));
                built.discard();
                self.advance(ctx, Stage::Ended(reply));
            }
            Stage::Ended(outcome) => self.end(outcome),
        }
    }

    /// The stage after `Built`. Main thread; in the slice in which the model is committed, if it is.
    fn after_built(&mut self, ctx: Ctx<'_>, writable: Outcome<()>, built: Built, staged: Option<Staged>) -> Stage {
        if let Err(failure) = writable.and_then(|()| self.may_commit(ctx)) {
            built.discard();
            return Stage::Ended(Err(failure));
        }
        let now = replaced(ctx, &self.request);
        if !is_same(self.before.as_ref(), now.as_ref()) {
            // The model of the key has changed. The frames that were staged hold the old result and are dropped.
            if let Some(before) = std::mem::replace(&mut self.before, now) {
                discard::model(before);
            }
            return self.join_again(built);
        }
        // Dropped here, or this would be the last owner of the model that is replaced.
        drop(now);
        if staged.is_none() && replicate::is_followed(ctx) {
            return Stage::Staging(built);
        }
        Stage::Committing(built, staged)
    }

    /// Joins the data with the changed model, so that an acknowledged change is not lost.
    fn join_again(&mut self, built: Built) -> Stage {
        const MOST: u32 = 10;
        self.joined_again += 1;
        if self.joined_again > MOST {
            built.discard();
            let text = "the model changes faster than the load can be joined with it: load again";
            return Stage::Ended(Err(Failure::new(Code::Busy, text)));
        }
        let Built { part, joined } = built;
        discard::model(joined.model);
        Stage::Joining(part)
    }

    fn may_commit(&self, ctx: Ctx<'_>) -> Outcome<()> {
        self.progress.check()?;
        if !ctx.owns(&self.request.key) {
            return Err(Failure::slot_lost());
        }
        commit::may_replace(ctx, &self.request.key, self.request.noreplace)
    }

    /// Runs `work` on a worker at low priority, and advances with its result. Files and large documents are read on
    /// `assess.threads` threads.
    fn on_worker(self, lane: Lane, work: impl FnOnce(&Self) -> Outcome<Built> + Send + 'static) {
        let progress = Some(Arc::clone(&self.progress));
        pool::run(lane, progress, move || {
            let is_large = lane == Lane::Heavy && self.origin.is_large();
            let work = move || {
                let built = work(&self);
                (self, built)
            };
            let (load, built) = if is_large { pool::on_all_threads(work) } else { pool::at_low_priority(work) };
            main_loop::post(move |ctx| match built {
                Ok(built) => load.advance(ctx, Stage::Built(built, None)),
                Err(failure) => load.advance(ctx, Stage::Ended(Err(failure))),
            });
        });
    }

    /// On a worker: reads, checks and joins.
    fn read(&self) -> Outcome<Built> {
        let input = match &self.origin {
            Origin::Path(path) => {
                self.repeats.note_file(path);
                data_dir::open(path)?
            }
            Origin::Payload(bytes) => Input::Bytes(bytes.as_slice()),
            Origin::Bytes(bytes) => Input::Bytes(bytes),
        };
        let part = self.request.recipe.read(input, &self.budget, &self.progress)?;
        // The memory is allocated now; the derivation needs the rest of the budget immediately.
        self.budget.done();
        Built::join(part, self.before.as_ref())
    }

    /// Answers the client, and those that have repeated its command. From now on the key may be loaded again.
    fn end(mut self, outcome: Outcome<Reply>) {
        drop(self.slot.remove());
        counters::count(|c| if outcome.is_ok() { &c.loads } else { &c.loads_failed });
        let outcome = outcome.map_err(|failure| match failure {
            aborted if aborted == EngineError::Cancelled.into() => Failure::err("the load was aborted"),
            other => other,
        });
        self.log(&outcome);
        self.repeats.answer(&outcome);
        self.client.reply(outcome);
        if let Some(before) = self.before {
            discard::model(before);
        }
    }

    /// One line of the log for each load.
    fn log(&self, outcome: &Outcome<Reply>) {
        let what = format!(
            "{} model \"{}\" in db {} from \"{}\"",
            self.request.recipe.kind().name(),
            String::from_utf8_lossy(&self.request.key),
            self.db,
            String::from_utf8_lossy(self.origin.source())
        );
        let took = self.begun.elapsed().as_millis();
        match outcome {
            Ok(summary) => {
                let warnings = warnings(summary);
                let said = if warnings.is_empty() { "no warnings".into() } else { warnings.join("; ") };
                ctx::note(&format!("loaded {what} in {took} ms: {said}"));
            }
            Err(failure) => ctx::warn(&format!("could not load {what}, after {took} ms: {failure}")),
        }
    }
}

/// The warnings of a summary.
fn warnings(summary: &Reply) -> Vec<Cow<'_, str>> {
    let Reply::Map(fields) = summary else { return Vec::new() };
    let Some((_, Reply::Array(texts))) = fields.iter().find(|(name, _)| *name == "warnings") else { return Vec::new() };
    texts
        .iter()
        .filter_map(|reply| if let Reply::Bulk(text) = reply { Some(String::from_utf8_lossy(text)) } else { None })
        .collect()
}

/// The reply to a load that succeeded.
fn summary(ctx: Ctx<'_>, key: &[u8], left_out: usize) -> Outcome<Reply> {
    let summary = with_loaded(ctx, Name::Bytes(key), Mode::Peek, |loaded| Ok(info::summary(loaded)))?;
    let Reply::Map(mut fields) = summary else { return Ok(summary) };
    if left_out > 0
        && let Some((_, Reply::Array(warnings))) = fields.iter_mut().find(|(name, _)| *name == "warnings")
    {
        warnings.push(Reply::text(format!("KEEP left out {left_out} indicators: a node of this table has no value")));
    }
    Ok(Reply::Map(fields))
}
