//! Loads: from a command through a worker into the keyspace.
//!
//! A worker reads, checks and builds; the main thread puts the model in place when all is well. Until then nothing
//! changes. At most one load runs per key; it can be watched (`MODEL.INFO`) and aborted (`MODEL.ABORT`), and goes on
//! when its client leaves.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use assess_engine::io::Input;
use assess_engine::model::AnyModel;
use assess_engine::model::load::{Joined, Part, Recipe};
use assess_engine::{Budget, Error as EngineError, Progress};

use crate::error::{Code, Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::{self, Ctx};
use crate::ffi::key::Mode;
use crate::ffi::string::HeldBytes;
use crate::models::replay::{self, Content};
use crate::models::staging::Staged;
use crate::models::{data_dir, info, transfer};
use crate::reply::Reply;
use crate::report::stats;
use crate::types::model::{Name, with_loaded};
use crate::work::pool::{self, Lane};
use crate::work::{discard, guard, main_loop, memory};

/// What is to be loaded, and how.
pub(crate) struct Request {
    pub(crate) key: Vec<u8>,
    pub(crate) recipe: Recipe,
    pub(crate) noreplace: bool,
    /// How many assessments the model is to log; `None` leaves that as it is.
    pub(crate) history: Option<u64>,
}

/// Where the bytes come from.
pub(crate) enum Origin {
    /// A path below `assess.data-dir`.
    Path(Vec<u8>),
    /// What the client sent.
    Payload(HeldBytes),
}

struct Load {
    kind: &'static str,
    progress: Arc<Progress>,
    source: Vec<u8>,
}

/// A load as others see it.
pub(crate) struct Seen {
    pub(crate) kind: &'static str,
    pub(crate) percent: u32,
    pub(crate) source: Vec<u8>,
}

type Place = (i32, Vec<u8>);

thread_local! {
    static LOADS: RefCell<HashMap<Place, Load>> = RefCell::default();
}

pub(crate) fn find(db: i32, key: &[u8]) -> Option<Seen> {
    LOADS.with_borrow(|loads| {
        if loads.is_empty() {
            return None;
        }
        let load = loads.get(&(db, key.to_vec()))?;
        Some(Seen { kind: load.kind, percent: load.progress.percent(), source: load.source.clone() })
    })
}

/// Keys of a database that are being loaded.
pub(crate) fn names(db: i32) -> Vec<Vec<u8>> {
    LOADS.with_borrow(|loads| loads.keys().filter(|(of, _)| *of == db).map(|(_, key)| key.clone()).collect())
}

/// How many loads run.
pub(crate) fn count() -> usize {
    LOADS.with_borrow(HashMap::len)
}

/// Asks a load to stop; `false` when there is none.
pub(crate) fn abort(db: i32, key: &[u8]) -> bool {
    LOADS.with_borrow(|loads| {
        let load = loads.get(&(db, key.to_vec()));
        load.inspect(|load| load.progress.cancel()).is_some()
    })
}

/// The entry of a load in the table of those that run. It goes with this, whatever becomes of the load.
struct Entry(Option<Place>);

impl Entry {
    /// From here on the key may be loaded again. Main thread.
    fn remove(&mut self) {
        if let Some(place) = self.0.take() {
            LOADS.with_borrow_mut(|loads| loads.remove(&place));
        }
    }
}

impl Drop for Entry {
    /// After a panic, on whichever thread.
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            main_loop::post(move |_| Self(Some(place)).remove());
        }
    }
}

/// What a load needs on its way.
struct Course {
    begun: Instant,
    db: i32,
    entry: Entry,
    request: Request,
    origin: Origin,
    budget: Budget,
    progress: Arc<Progress>,
    /// The model that the key held when the part was joined with it, if the result depends on it.
    before: Option<AnyModel>,
    /// How often they were joined again because that model had changed meanwhile.
    joined_again: u32,
    blocked: Blocked,
}

/// What a worker has made.
struct Built {
    part: Part,
    joined: Joined,
}

impl Built {
    /// On a worker.
    fn joining(part: Part, before: Option<&AnyModel>) -> Outcome<Self> {
        let joined = part.join(before)?;
        Ok(Self { part, joined })
    }

    /// Lets go of it, on the main thread.
    fn discard(self) {
        drop(self.part);
        discard::model(self.joined.model);
    }
}

/// Begins a load. The client is answered when it has ended. `origin` is asked for when nothing is refused any more.
pub(crate) fn begin(ctx: Ctx<'_>, request: Request, origin: impl FnOnce() -> Origin) -> Outcome<()> {
    replay::may_replace(ctx, &request.key, request.noreplace)?;
    let place = (ctx.db(), request.key.clone());
    if LOADS.with_borrow(|loads| loads.contains_key(&place)) {
        return Err(Failure::new(Code::Busy, "the key is being loaded, see MODEL.INFO and MODEL.ABORT"));
    }
    let (origin, progress) = (origin(), Arc::<Progress>::default());
    let kind = request.recipe.kind().name();
    let load = Load { kind, progress: Arc::clone(&progress), source: origin.source().to_vec() };
    LOADS.with_borrow_mut(|loads| loads.insert(place.clone(), load));
    let course = Course {
        begun: Instant::now(),
        db: ctx.db(),
        entry: Entry(Some(place)),
        budget: memory::budget(ctx),
        progress: Arc::clone(&progress),
        before: replaced(ctx, &request),
        joined_again: 0,
        blocked: Blocked::block(ctx, 0, no_more),
        request,
        origin,
    };
    pool::run(Lane::Heavy, Some(progress), move || {
        let (course, built) = pool::at_low_priority(move || {
            let built = course.blocked.measure(|| guard::run("a load", || course.build()).and_then(|built| built));
            (course, built)
        });
        main_loop::post(move |ctx| course.arrive(ctx, built, None));
    });
    Ok(())
}

impl Origin {
    fn source(&self) -> &[u8] {
        match self {
            Self::Path(path) => path,
            Self::Payload(_) => b"client",
        }
    }
}

/// The wait for a load has no limit: only `CLIENT UNBLOCK` ends it.
fn no_more(_: u64) -> Reply {
    Failure::new(Code::Busy, "the load goes on without this client, see MODEL.INFO").into()
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

impl Course {
    /// On a worker: reads and checks.
    fn build(&self) -> Outcome<Built> {
        let input = match &self.origin {
            Origin::Path(path) => data_dir::open(path)?,
            Origin::Payload(bytes) => Input::Bytes(bytes.as_slice()),
        };
        let part = self.request.recipe.read(input, &self.budget, &self.progress)?;
        // Built: the memory is in use now, and what derives from it needs the rest at once.
        self.budget.done();
        Built::joining(part, self.before.as_ref())
    }

    /// On the main thread, when a model is there, and again when it has been sent ahead.
    fn arrive(self, ctx: Ctx<'_>, built: Outcome<Built>, staged: Option<Staged>) {
        match built {
            Ok(built) => main_loop::when_writable(ctx, self.db, move |ctx, writable| {
                self.settle(ctx, writable, built, staged);
            }),
            Err(failure) => self.end(ctx, Err(failure)),
        }
    }

    /// Does what comes next: joins it again, sends the model ahead if anybody follows, or commits.
    fn settle(mut self, ctx: Ctx<'_>, writable: Outcome<()>, built: Built, staged: Option<Staged>) {
        if let Err(failure) = writable.and_then(|()| self.may_commit(ctx)) {
            built.discard();
            return self.end(ctx, Err(failure));
        }
        let now = replaced(ctx, &self.request);
        if !is_same(self.before.as_ref(), now.as_ref()) {
            if let Some(before) = std::mem::replace(&mut self.before, now) {
                discard::model(before);
            }
            // What was staged was joined with the old model, and goes with `staged`.
            return self.join_again(ctx, built);
        }
        // Else it would be the last to hold what is replaced below.
        drop(now);
        if staged.is_none() && replay::is_followed(ctx) {
            return self.send_ahead(ctx, built);
        }
        let content = Content { model: built.joined.model.clone(), source: self.origin.source().to_vec() };
        let committed = replay::commit(ctx, &self.request.key, staged, content, self.request.history);
        let reply = committed.and_then(|_| summary(ctx, &self.request.key, built.joined.left_out));
        built.discard();
        self.end(ctx, reply);
    }

    /// The key's model was changed since they were joined: what was acknowledged is not lost.
    fn join_again(mut self, ctx: Ctx<'_>, built: Built) {
        const MOST: u32 = 10;
        self.joined_again += 1;
        if self.joined_again > MOST {
            built.discard();
            let text = "the model changes faster than the load can be joined with it: load again";
            return self.end(ctx, Err(Failure::new(Code::Busy, text)));
        }
        let progress = Some(Arc::clone(&self.progress));
        pool::run(Lane::Question, progress, move || {
            let Built { part, joined } = built;
            drop(joined);
            let built = guard::run("joining a load", || Built::joining(part, self.before.as_ref()));
            main_loop::post(move |ctx| self.arrive(ctx, built.and_then(|built| built), None));
        });
    }

    fn send_ahead(self, ctx: Ctx<'_>, built: Built) {
        let wanted = Arc::clone(&self.progress);
        let (db, key, model) = (self.db, self.request.key.clone(), built.joined.model.clone());
        let is_wanted = move || wanted.check().is_ok();
        transfer::begin(ctx, db, key, model, is_wanted, move |ctx, sent| match sent {
            Ok(staged) => self.arrive(ctx, Ok(built), Some(staged)),
            Err(failure) => {
                built.discard();
                self.end(ctx, Err(failure));
            }
        });
    }

    fn may_commit(&self, ctx: Ctx<'_>) -> Outcome<()> {
        self.progress.check()?;
        if !ctx.owns(&self.request.key) {
            return Err(Failure::slot_lost());
        }
        replay::may_replace(ctx, &self.request.key, self.request.noreplace)
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

    /// Answers the client. From here on the key may be loaded again.
    fn end(mut self, _: Ctx<'_>, outcome: Outcome<Reply>) {
        self.entry.remove();
        stats::count(|c| if outcome.is_ok() { &c.loads } else { &c.loads_failed });
        let outcome = outcome.map_err(|failure| match failure {
            aborted if aborted == EngineError::Cancelled.into() => Failure::err("the load was aborted"),
            other => other,
        });
        self.log(&outcome);
        self.blocked.reply(outcome.into());
        if let Some(before) = self.before {
            discard::model(before);
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

/// What a load says of the model it made.
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
