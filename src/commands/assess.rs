//! `ASSESS.GET` and `ASSESS.KEY`: one question, answered from the cache, from a result not stored yet, or computed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use assess_engine::cache::lease::Seen;
use assess_engine::cache::name;
use assess_engine::model::{AnyModel, Identity, Question};
use assess_engine::{Error as EngineError, Progress};
use bytes::Bytes;

use super::question::{self, Asked, Caching, OwnedQuestion};
use super::routes;
use crate::background::{self, Lane};
use crate::cache::look::{self, Looked};
use crate::cache::store::Life;
use crate::cache::with;
use crate::derivation::Derivation;
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::{self, Mode};
use crate::ffi::send;
use crate::ffi::string::Argv;
use crate::pending::{self, Pending};
use crate::reply::Reply;
use crate::types::model::{Found, Name, find, with_loaded};
use crate::types::value::{Loaded, Value, is_whole};
use crate::waiting::{self, Parked, not_ready};
use crate::{deriving, guard, main_loop, settings, stats};

pub(crate) struct Get;

impl Run for Get {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if hit_by_route(ctx, argv) {
            return Ok(Reply::Sent);
        }
        let words = argv.words(1);
        let answer = ask(ctx, Name::Argument(argv, 1), &words, |document| {
            send::bulk(ctx, document);
            Reply::Sent
        })?;
        match answer {
            Answer::Cached { name, reply } => {
                remember_route(ctx, argv, &name);
                Ok(reply)
            }
            Answer::Reply(reply) => Ok(reply),
            Answer::NotReady(derivation) => wait(ctx, argv, derivation, again),
            Answer::Work(work) if ctx.may_block() => {
                compute_elsewhere(*work, Blocked::block(ctx, 0));
                Ok(Reply::Sent)
            }
            Answer::Work(_) => Err(Failure::cannot_block()),
        }
    }
}

/// Serves a question that was served from the cache before, if it still can be.
fn hit_by_route(ctx: Ctx<'_>, argv: Argv<'_>) -> bool {
    let Some(route) = routes::find(ctx, argv).filter(|_| settings::enabled()) else { return false };
    let cached = key::Key::open_text(ctx, &route.name, Mode::Read);
    let Some(document) = cached.string().filter(|document| is_whole(document, &route.prefix)) else { return false };
    let looked = look::look(ctx, &cached, route.name.as_bytes());
    if !is_fresh(&looked) {
        return false;
    }
    counted_hit(&route.hits, &looked);
    send::bulk(ctx, document);
    true
}

/// Whether a cached assessment may be served. One in its grace is not: computing it anew takes no longer than a client
/// would need to do so with a lease.
fn is_fresh(looked: &Looked) -> bool {
    matches!(looked.seen, Seen::Fresh | Seen::Ageing)
}

/// Remembers the way to a cached answer, unless the model's time is limited.
fn remember_route(ctx: Ctx<'_>, argv: Argv<'_>, name: &[u8]) {
    let model = key::Key::open_arg(ctx, argv, 1, Mode::Peek);
    if let (Found::Ours(Value::Model(loaded)), None) = (find(&model), model.expires_at()) {
        routes::remember(ctx, argv, name, loaded);
    }
}

/// How far a question could be answered on the spot.
enum Answer {
    /// It was in the cache, under this name, and the reply was lent to whoever asked.
    Cached {
        name: Vec<u8>,
        reply: Reply,
    },
    Reply(Reply),
    /// The model is not ready.
    NotReady(Arc<Derivation>),
    /// Computing takes longer than a slice.
    Work(Box<Work>),
}

/// A question for a worker.
struct Work {
    db: i32,
    name: Vec<u8>,
    model_key: Vec<u8>,
    model: AnyModel,
    version: u64,
    subject: Vec<Vec<u8>>,
    question: OwnedQuestion,
    life: Life,
    keeps: bool,
}

/// Answers `words` (the model's key, the subject, options). A hit is lent to `hit`, so that it need not be copied.
fn ask(ctx: Ctx<'_>, model_key: Name<'_>, words: &[&[u8]], hit: impl FnOnce(&[u8]) -> Reply) -> Outcome<Answer> {
    with_loaded(ctx, model_key, Mode::Read, |loaded| {
        let (model_key, rest) = (words[0], &words[1..]);
        let model = loaded.as_model();
        let (subject, options) = rest.split_at(model.subject_len(rest, true)?);
        let asked = question::parse(model, options)?;
        let name = cache_name(loaded, model_key, subject, &asked.question)?;
        let found = look_up(ctx, loaded, model_key, &name, asked.caching, hit);
        if let Some(reply) = found {
            return Ok(Answer::Cached { name, reply });
        }
        match model.check(subject, &asked.question) {
            Ok(()) => {}
            Err(EngineError::NotReady) => return Ok(Answer::NotReady(deriving::awaited(ctx, loaded))),
            Err(error) => return Err(error.into()),
        }
        let keeps = settings::enabled() && asked.caching != Caching::Off;
        if asked.caching != Caching::Off {
            missed(loaded, &name);
        }
        if model.estimate(subject, &asked.question) > Duration::from_micros(settings::slice_us()) {
            let work = work(ctx, loaded, model_key, subject, &asked, name, keeps);
            return Ok(Answer::Work(Box::new(work)));
        }
        let mut document = Vec::with_capacity(4096);
        model.assess(&loaded.identity(model_key), subject, &asked.question, &mut document)?;
        let document = Bytes::from(document);
        if keeps {
            let (model, version) = (model_key.to_vec(), loaded.version);
            pending::keep(ctx.db(), name, Pending { document: document.clone(), life: asked.life, model, version });
        }
        Ok(Answer::Reply(Reply::Bulk(document)))
    })
}

/// The key that an assessment is cached at.
pub(super) fn cache_name(
    loaded: &Loaded,
    model_key: &[u8],
    subject: &[&[u8]],
    question: &Question<'_>,
) -> Outcome<Vec<u8>> {
    let mut cache_name = Vec::with_capacity(96);
    name::begin(model_key, &mut cache_name)?;
    loaded.as_model().canonical(subject, question, &mut cache_name)?;
    Ok(cache_name)
}

/// Looks into the cache and among the results not stored yet.
pub(super) fn look_up<T>(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    name: &[u8],
    caching: Caching,
    hit: impl FnOnce(&[u8]) -> T,
) -> Option<T> {
    if caching != Caching::Normal || !settings::enabled() {
        return None;
    }
    let cached = key::Key::open(ctx, name, Mode::Read);
    let looked = look::look(ctx, &cached, name);
    if is_fresh(&looked)
        && let Ok(Some(document)) = look::value(&cached)
    {
        if loaded.wrote(model_key, &document) {
            counted_hit(&loaded.hits, &looked);
            return Some(hit(&document));
        }
        drop(document);
        drop(cached);
        outdated(ctx, model_key, name);
    }
    let document = pending::find(ctx.db(), name, loaded.version)?;
    counted_hit(&loaded.hits, &Looked { seen: Seen::Fresh, ..looked });
    Some(hit(&document))
}

fn counted_hit(hits: &AtomicU64, looked: &Looked) {
    // Only the main thread counts, so a plain load and store do.
    hits.store(hits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    stats::count(|c| &c.hits);
    look::hit(looked);
}

pub(super) fn missed(loaded: &Loaded, name: &[u8]) {
    loaded.misses.set(loaded.misses.get() + 1);
    stats::count(|c| &c.misses);
    look::missed(with(|cache| cache.tiers.of(name)));
}

/// A document of another version is of no use to anybody: it goes, unless it has been replaced by then.
fn outdated(ctx: Ctx<'_>, model_key: &[u8], name: &[u8]) {
    stats::count(|c| &c.outdated);
    if !ctx.is_master() {
        return;
    }
    let (db, model_key, name) = (ctx.db(), model_key.to_vec(), name.to_vec());
    main_loop::after(0, move |ctx| {
        if !ctx.is_master() || ctx.writes_are_paused() || !ctx.select(db) {
            return;
        }
        let is_old = with_loaded(ctx, Name::Bytes(&model_key), Mode::Peek, |loaded| {
            let cached = key::Key::open(ctx, &name, Mode::Peek);
            Ok(look::value(&cached)?.is_some_and(|document| !loaded.wrote(&model_key, &document)))
        });
        if is_old == Ok(true) {
            ctx.unlink(&[&name]);
        }
    });
}

/// Has the client wait until the model is ready, or says that it is not where nobody may wait.
pub(super) fn wait(
    ctx: Ctx<'_>,
    argv: Argv<'_>,
    derivation: Arc<Derivation>,
    again: fn(Ctx<'_>, Parked),
) -> Outcome<Reply> {
    let wait_ms = settings::default_wait_ms();
    if derivation.why().is_some() || wait_ms == 0 || !ctx.may_block() {
        return Err(not_ready(&derivation));
    }
    let words = argv.words(0).into_iter().map(<[u8]>::to_vec).collect();
    waiting::park(Parked { blocked: Blocked::block(ctx, wait_ms), db: ctx.db(), words, derivation, again });
    Ok(Reply::Sent)
}

/// Asks a parked question again: a derivation has ended.
fn again(ctx: Ctx<'_>, parked: Parked) {
    if !ctx.select(parked.db) {
        return;
    }
    let words: Vec<&[u8]> = parked.words.iter().skip(1).map(Vec::as_slice).collect();
    match ask(ctx, Name::Bytes(words[0]), &words, |document| Reply::Bulk(Bytes::copy_from_slice(document))) {
        Ok(Answer::Reply(reply) | Answer::Cached { reply, .. }) => parked.blocked.reply(reply),
        Ok(Answer::NotReady(derivation)) => still_waiting(parked, derivation),
        Ok(Answer::Work(work)) => compute_elsewhere(*work, parked.blocked),
        Err(failure) => parked.blocked.reply(failure.into()),
    }
}

/// Parks a question again whose model has changed meanwhile; answers when it never will be ready.
pub(super) fn still_waiting(parked: Parked, derivation: Arc<Derivation>) {
    if derivation.why().is_some() {
        let failure = not_ready(&derivation);
        parked.blocked.reply(failure.into());
    } else {
        waiting::park(Parked { derivation, ..parked });
    }
}

fn work(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    subject: &[&[u8]],
    asked: &Asked<'_>,
    name: Vec<u8>,
    keeps: bool,
) -> Work {
    Work {
        db: ctx.db(),
        name,
        model_key: model_key.to_vec(),
        model: loaded.model.clone(),
        version: loaded.version,
        subject: subject.iter().map(|part| part.to_vec()).collect(),
        question: OwnedQuestion::of(&asked.question),
        life: asked.life,
        keeps,
    }
}

impl Work {
    fn compute(&self, progress: &Progress) -> Outcome<Bytes> {
        let subject: Vec<&[u8]> = self.subject.iter().map(Vec::as_slice).collect();
        let question = self.question.borrowed();
        let identity = Identity { name: &self.model_key, version: self.version };
        let mut document = Vec::with_capacity(4096);
        let model = self.model.as_model();
        let assess = || model.assess_while_wanted(&identity, &subject, &question, progress, &mut document);
        guard::run("an assessment", assess)??;
        Ok(document.into())
    }
}

/// What is computed: database, name and version of the model.
type Flight = (i32, Vec<u8>, u64);

/// Those who wait for one computation.
#[derive(Default)]
struct Passengers {
    waiting: Vec<Blocked>,
    /// How long the result is to live, if anybody wants it kept.
    keep: Option<Life>,
}

thread_local! {
    /// Questions that a worker computes, with those who wait for the same answer: nobody computes twice.
    static IN_FLIGHT: RefCell<HashMap<Flight, Passengers>> = RefCell::default();
}

fn compute_elsewhere(work: Work, blocked: Blocked) {
    let flight = (work.db, work.name.clone(), work.version);
    let is_first = IN_FLIGHT.with_borrow_mut(|flights| {
        let passengers = flights.entry(flight.clone()).or_default();
        passengers.waiting.push(blocked);
        passengers.keep = work.keeps.then_some(work.life).or(passengers.keep);
        passengers.waiting.len() == 1
    });
    if !is_first {
        return;
    }
    // Whatever becomes of the job, those who wait are answered: a landing that is dropped says so.
    let landing = Landing { flight, model_key: work.model_key.clone(), computed: Err(Failure::internal()) };
    let progress = Arc::<Progress>::default();
    background::run(Lane::Question, Some(Arc::clone(&progress)), move || {
        let mut landing = landing;
        landing.computed = background::at_low_priority(|| work.compute(&progress));
    });
}

/// Answers everybody who waited for a computation, as it is dropped.
struct Landing {
    flight: Flight,
    model_key: Vec<u8>,
    computed: Outcome<Bytes>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let flight = std::mem::take(&mut self.flight);
        let model = std::mem::take(&mut self.model_key);
        let computed = std::mem::replace(&mut self.computed, Err(Failure::internal()));
        main_loop::post(move |_| {
            let passengers = IN_FLIGHT.with_borrow_mut(|flights| flights.remove(&flight)).unwrap_or_default();
            for blocked in passengers.waiting {
                blocked.reply(computed.clone().map(Reply::Bulk).into());
            }
            if let (Ok(document), Some(life)) = (computed, passengers.keep) {
                let (db, name, version) = flight;
                pending::keep(db, name, Pending { document, life, model, version });
            }
        });
    }
}

pub(super) struct Key;

impl Run for Key {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        with_loaded(ctx, Name::Argument(argv, 1), Mode::Peek, |loaded| {
            let words = argv.words(2);
            let (subject, options) = words.split_at(loaded.as_model().subject_len(&words, true)?);
            let question = question::parse_key(loaded.as_model(), options)?.question;
            match loaded.as_model().check(subject, &question) {
                Ok(()) | Err(EngineError::NotReady) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(Reply::Bulk(cache_name(loaded, argv.bytes(1), subject, &question)?.into()))
        })
    }
}
