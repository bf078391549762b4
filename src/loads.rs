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
use crate::types::model::{Name, with_loaded};
use crate::{data_dir, guard, main_loop, memory, replay, stats, versions};

/// What is to be loaded, and how.
pub(crate) struct Request {
    pub(crate) key: Vec<u8>,
    pub(crate) origin: Origin,
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

/// What a load needs on its way.
struct Course {
    db: i32,
    id: u64,
    request: Request,
    budget: Budget,
    progress: Arc<Progress>,
    /// The model that is replaced, for `KEEP`.
    before: Option<Arc<IoModel>>,
    blocked: Blocked,
}

/// What a worker has made.
struct Built {
    model: AnyModel,
    /// Indicators that `KEEP` could not carry over, because a label lacks a value.
    left_out: usize,
}

/// Begins a load. The client is answered when it has ended.
pub(crate) fn begin(ctx: Ctx<'_>, request: Request) -> Outcome<()> {
    replay::may_replace(ctx, &request.key, request.noreplace)?;
    let place = (ctx.db(), request.key.clone());
    if LOADS.with_borrow(|loads| loads.contains_key(&place)) {
        return Err(Failure::new(Code::Busy, "the key is being loaded, see MODEL.INFO and MODEL.ABORT"));
    }
    let before = with_loaded(ctx, Name::Bytes(&request.key), Mode::Peek, |loaded| {
        let AnyModel::Io(model) = &loaded.model;
        Ok(Arc::clone(model))
    });
    let (id, progress) = (versions::next(), Arc::<Progress>::default());
    let source = match &request.origin {
        Origin::Path(path) => path.clone(),
        Origin::Payload(_) => b"client".to_vec(),
    };
    let course = Course {
        db: ctx.db(),
        id,
        budget: memory::budget(ctx),
        progress: Arc::clone(&progress),
        before: before.ok().filter(|_| request.keep),
        blocked: Blocked::block(ctx, 0),
        request,
    };
    LOADS.with_borrow_mut(|loads| loads.insert(place, Load { progress: Arc::clone(&progress), source }));
    background::run(Lane::Heavy, Some(progress), move || {
        let built = course.blocked.measure(|| guard::run("a load", || course.build()).and_then(|built| built));
        main_loop::post(move |ctx| course.arrive(ctx, built));
    });
    Ok(())
}

impl Course {
    /// On a worker: reads and checks.
    fn build(&self) -> Outcome<Built> {
        let Request { origin, options, .. } = &self.request;
        let input = match origin {
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
        let mut left_out = 0;
        if let Some(before) = &self.before {
            let dropped;
            (model, dropped) = model.with_indicators_of(before);
            left_out = dropped.len();
        }
        self.progress.check()?;
        // Built: the memory is in use now, and what derives from it needs the rest at once.
        self.budget.done();
        Ok(Built { model: AnyModel::Io(Arc::new(model)), left_out })
    }

    /// On the main thread: puts the model in place, by way of a transfer when anybody follows this server.
    fn arrive(self, ctx: Ctx<'_>, built: Outcome<Built>) {
        let built = match built.and_then(|built| self.may_commit(ctx).map(|()| built)) {
            Ok(built) => built,
            Err(failure) => return self.end(ctx, Err(failure)),
        };
        if !replay::is_followed(ctx) {
            return self.commit(ctx, built, None);
        }
        let wanted = Arc::clone(&self.progress);
        let (db, key, id) = (self.db, self.request.key.clone(), self.id);
        let is_wanted = move || wanted.check().is_ok();
        let model = built.model.clone();
        replay::transfer(db, key, id, model, is_wanted, move |ctx, transferred| match transferred {
            Ok(()) => self.commit(ctx, built, Some(id)),
            Err(failure) => self.end(ctx, Err(failure)),
        });
    }

    fn may_commit(&self, ctx: Ctx<'_>) -> Outcome<()> {
        self.progress.check()?;
        if !ctx.is_master() {
            return Err(Failure::new(Code::ReadOnly, "the server became a replica during the load"));
        }
        if !ctx.select(self.db) {
            return Err(Failure::internal());
        }
        replay::may_replace(ctx, &self.request.key, self.request.noreplace)
    }

    fn commit(self, ctx: Ctx<'_>, built: Built, staged: Option<u64>) {
        let Built { model, left_out } = built;
        let committed = self.may_commit(ctx).and_then(|()| {
            let source = match &self.request.origin {
                Origin::Path(path) => path.as_slice(),
                Origin::Payload(_) => b"client",
            };
            replay::commit(ctx, &self.request.key, staged, model, source)
        });
        if let (Err(_), Some(id)) = (&committed, staged) {
            replay::drop_staging(ctx, self.db, &self.request.key, id);
        }
        let reply = committed.and_then(|_| summary(ctx, &self.request.key, left_out));
        self.end(ctx, reply);
    }

    /// Answers the client. From here on the key may be loaded again.
    fn end(self, ctx: Ctx<'_>, outcome: Outcome<Reply>) {
        LOADS.with_borrow_mut(|loads| loads.remove(&(self.db, self.request.key)));
        stats::count(|c| if outcome.is_ok() { &c.loads } else { &c.loads_failed });
        let outcome = outcome.map_err(|failure| match failure {
            aborted if aborted == EngineError::Cancelled.into() => Failure::err("the load was aborted"),
            other => other,
        });
        self.blocked.reply(outcome.into());
        if let Origin::Payload(bytes) = self.request.origin {
            bytes.release(ctx);
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
