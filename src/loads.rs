//! Loads: from a command through a worker into the keyspace.
//!
//! A worker reads, checks and builds; the main thread puts the model in place when all is well. Until then nothing
//! changes. At most one load runs per key; it can be watched (`MODEL.INFO`) and aborted (`MODEL.ABORT`), and goes on
//! when its client leaves.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use assess_engine::Progress;
use assess_engine::io::{self, IoModel, LeontiefMode, LoadOptions};
use assess_engine::model::AnyModel;
use assess_engine::{Budget, Error as EngineError};

use crate::background::{self, Lane};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::Mode;
use crate::ffi::string::HeldBytes;
use crate::reply::Reply;
use crate::staging::Staged;
use crate::types::model::{Name, with_loaded};
use crate::{data_dir, discard, guard, main_loop, memory, replay, stats, transfer};

/// What is to be loaded, and how.
pub(crate) struct Request {
    pub(crate) key: Vec<u8>,
    pub(crate) options: LoadOptions,
    /// Carry over indicators whose labels all exist.
    pub(crate) keep: bool,
    pub(crate) noreplace: bool,
}

/// Where the bytes come from.
pub(crate) enum Origin {
    /// A path below `assess.data-dir`.
    Path(Vec<u8>),
    /// What the client sent.
    Payload(HeldBytes),
}

struct Load {
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
        Some(Seen { kind: "io", percent: load.progress.percent(), source: load.source.clone() })
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
    db: i32,
    entry: Entry,
    request: Request,
    origin: Origin,
    budget: Budget,
    progress: Arc<Progress>,
    /// The model that is replaced, for `KEEP`, as it was when its indicators were carried over.
    before: Option<Arc<IoModel>>,
    /// How often they were carried over because they changed meanwhile.
    kept_again: u32,
    blocked: Blocked,
}

/// What a worker has made.
struct Built {
    /// Without the indicators that `KEEP` carries over.
    bare: Arc<IoModel>,
    model: Arc<IoModel>,
    /// Indicators that `KEEP` could not carry over, because a label lacks a value.
    left_out: usize,
}

impl Built {
    /// On a worker: carries over the indicators of the model that is replaced.
    fn keeping(bare: Arc<IoModel>, before: Option<&IoModel>) -> Self {
        match before {
            None => Self { model: Arc::clone(&bare), bare, left_out: 0 },
            Some(before) => {
                let (model, dropped) = bare.with_indicators_of(before);
                Self { bare, model: Arc::new(model), left_out: dropped.len() }
            }
        }
    }

    /// Lets go of it, on the main thread.
    fn discard(self) {
        drop(self.bare);
        discard::model(AnyModel::Io(self.model));
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
    let load = Load { progress: Arc::clone(&progress), source: origin.source().to_vec() };
    LOADS.with_borrow_mut(|loads| loads.insert(place.clone(), load));
    let course = Course {
        db: ctx.db(),
        entry: Entry(Some(place)),
        budget: memory::budget(ctx),
        progress: Arc::clone(&progress),
        before: replaced(ctx, &request),
        kept_again: 0,
        blocked: Blocked::block(ctx, 0),
        request,
        origin,
    };
    background::run(Lane::Heavy, Some(progress), move || {
        let (course, built) = background::at_low_priority(move || {
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

/// The model whose indicators `KEEP` carries over.
fn replaced(ctx: Ctx<'_>, request: &Request) -> Option<Arc<IoModel>> {
    if !request.keep {
        return None;
    }
    let model = with_loaded(ctx, Name::Bytes(&request.key), Mode::Peek, |loaded| {
        let AnyModel::Io(model) = &loaded.model;
        Ok(Arc::clone(model))
    });
    model.ok()
}

impl Course {
    /// On a worker: reads and checks.
    fn build(&self) -> Outcome<Built> {
        let options = &self.request.options;
        let input = match &self.origin {
            Origin::Path(path) => data_dir::open(path)?,
            Origin::Payload(bytes) => io::Input::Bytes(bytes.as_slice()),
        };
        let loaded = io::load(input, options, &self.budget, &self.progress)?;
        let n = loaded.table.labels.len();
        if options.leontief == Some(LeontiefMode::Full) {
            let peak = io::solve::peak_bytes(n, options.precision, LeontiefMode::Full);
            self.budget.require("the table with its inverse", peak)?;
        }
        io::spectral_check(&loaded.table, &self.progress)?;
        let mut model = IoModel::new(loaded.table);
        for indicator in loaded.indicators {
            model = model.with_indicator(indicator)?;
        }
        self.progress.check()?;
        // Built: the memory is in use now, and what derives from it needs the rest at once.
        self.budget.done();
        Ok(Built::keeping(Arc::new(model), self.before.as_deref()))
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

    /// Does what comes next: carries indicators over again, sends the model ahead if anybody follows, or commits.
    fn settle(mut self, ctx: Ctx<'_>, writable: Outcome<()>, built: Built, staged: Option<Staged>) {
        if let Err(failure) = writable.and_then(|()| self.may_commit(ctx)) {
            built.discard();
            return self.end(ctx, Err(failure));
        }
        let now = replaced(ctx, &self.request);
        if self.before.as_ref().map(Arc::as_ptr) != now.as_ref().map(Arc::as_ptr) {
            if let Some(before) = std::mem::replace(&mut self.before, now) {
                discard::model(AnyModel::Io(before));
            }
            // What was staged has the old indicators, and goes with `staged`.
            return self.keep_again(ctx, built);
        }
        if staged.is_none() && replay::is_followed(ctx) {
            return self.send_ahead(ctx, built);
        }
        let model = AnyModel::Io(Arc::clone(&built.model));
        let committed = replay::commit(ctx, &self.request.key, staged, model, self.origin.source());
        let reply = committed.and_then(|_| summary(ctx, &self.request.key, built.left_out));
        built.discard();
        self.end(ctx, reply);
    }

    /// An indicator was set or the model replaced since they were carried over: what was acknowledged is not lost.
    fn keep_again(mut self, ctx: Ctx<'_>, built: Built) {
        const MOST: u32 = 10;
        self.kept_again += 1;
        if self.kept_again > MOST {
            built.discard();
            let text = "KEEP: the indicators of the model change faster than the load can carry them over";
            return self.end(ctx, Err(Failure::new(Code::Busy, text)));
        }
        let progress = Some(Arc::clone(&self.progress));
        background::run(Lane::Question, progress, move || {
            let bare = Arc::clone(&built.bare);
            drop(built);
            let kept = guard::run("keeping indicators", || Built::keeping(bare, self.before.as_deref()));
            main_loop::post(move |ctx| self.arrive(ctx, kept, None));
        });
    }

    fn send_ahead(self, ctx: Ctx<'_>, built: Built) {
        let wanted = Arc::clone(&self.progress);
        let (db, key, model) = (self.db, self.request.key.clone(), AnyModel::Io(Arc::clone(&built.model)));
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

    /// Answers the client. From here on the key may be loaded again.
    fn end(mut self, _: Ctx<'_>, outcome: Outcome<Reply>) {
        self.entry.remove();
        stats::count(|c| if outcome.is_ok() { &c.loads } else { &c.loads_failed });
        let outcome = outcome.map_err(|failure| match failure {
            aborted if aborted == EngineError::Cancelled.into() => Failure::err("the load was aborted"),
            other => other,
        });
        self.blocked.reply(outcome.into());
        if let Some(before) = self.before {
            discard::model(AnyModel::Io(before));
        }
    }
}

/// What a load says of the model it made.
fn summary(ctx: Ctx<'_>, key: &[u8], left_out: usize) -> Outcome<Reply> {
    let summary = with_loaded(ctx, Name::Bytes(key), Mode::Peek, |loaded| Ok(crate::commands::summary(loaded)))?;
    let Reply::Map(mut fields) = summary else { return Ok(summary) };
    if left_out > 0
        && let Some((_, Reply::Array(warnings))) = fields.iter_mut().find(|(name, _)| *name == "warnings")
    {
        warnings.push(Reply::text(format!("KEEP left out {left_out} indicators: a node of this table has no value")));
    }
    Ok(Reply::Map(fields))
}
