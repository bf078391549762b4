//! `ASSESS.GET` and `ASSESS.KEY`: one question, answered from the cache, from a result not stored yet, or computed.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use assess_engine::Error as EngineError;
use assess_engine::cache::lease::Seen;
use bytes::Bytes;

use crate::assessments::in_flight::{self, Work};
use crate::assessments::naming::{self, Names, Unnamed};
use crate::assessments::pending::{self, Pending};
use crate::assessments::request::{self, Asked, Caching};
use crate::assessments::routes;
use crate::assessments::waiting::{self, Parked, not_ready};
use crate::cache::look::{self, Looked};
use crate::cache::with;
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::{self, Mode};
use crate::ffi::send;
use crate::ffi::string::Argv;
use crate::models::derivation::Derivation;
use crate::models::derive;
use crate::models::history::Log;
use crate::reply::Reply;
use crate::report::stats;
use crate::settings;
use crate::types::model::{Found, Name, find, with_loaded};
use crate::types::value::{Loaded, Value, is_whole};
use crate::work::main_loop;

pub(crate) struct Get;

impl Run for Get {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        if hit_by_route(ctx, argv) {
            return Ok(Reply::Sent);
        }
        let answer = argv.with_words(1, |words| {
            ask(ctx, Name::Argument(argv, 1), words, None, |document| {
                send::bulk(ctx, document);
                Reply::Sent
            })
        })?;
        match answer {
            Answer::Cached { name, reply } => {
                remember_route(ctx, argv, &name);
                Ok(reply)
            }
            Answer::Reply(reply) => Ok(reply),
            Answer::NotReady(derivation) => wait(ctx, argv, derivation, again),
            Answer::Unnamed(unnamed) if ctx.may_block() => {
                let command = argv.words(0).into_iter().map(<[u8]>::to_vec).collect();
                name_elsewhere(ctx, *unnamed, Blocked::block(ctx, 0, waiting::ended), command);
                Ok(Reply::Sent)
            }
            Answer::Work(work) if ctx.may_block() => {
                let blocked = Blocked::block(ctx, 0, work.ended());
                in_flight::compute_elsewhere(*work, blocked);
                Ok(Reply::Sent)
            }
            Answer::Unnamed(_) | Answer::Work(_) => Err(Failure::cannot_block()),
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

/// Remembers the way to a cached answer, unless the model's time is limited, or the name is of today.
fn remember_route(ctx: Ctx<'_>, argv: Argv<'_>, name: &[u8]) {
    let model = key::Key::open_arg(ctx, argv, 1, Mode::Peek);
    if let (Found::Ours(Value::Model(loaded)), None) = (find(&model), model.expires_at())
        && loaded.as_model().is_timeless()
    {
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
    /// The subject is too long to be named on the main thread.
    Unnamed(Box<Unnamed>),
    /// Computing takes longer than a slice.
    Work(Box<Work>),
}

/// Answers `words` (the model's key, the subject, options). What need not be copied is lent to `lend`: a hit, and what is
/// computed for nobody else.
fn ask(
    ctx: Ctx<'_>,
    model_key: Name<'_>,
    words: &[&[u8]],
    names: Option<&Names>,
    lend: impl FnOnce(&[u8]) -> Reply,
) -> Outcome<Answer> {
    with_loaded(ctx, model_key, Mode::Read, |loaded| {
        let (model_key, rest) = (words[0], &words[1..]);
        let model = loaded.as_model();
        let (subject, options) = rest.split_at(model.subject_len(rest, true)?);
        let mut asked = request::parse(model, options)?;
        let log = Log::of(ctx, loaded, asked.tenant);
        let is_short = model.estimate(subject, &asked.question) <= Duration::from_micros(settings::slice_us());
        if asked.caching == Caching::Off && log.is_none() && is_short {
            return compute_for_nobody_else(ctx, loaded, model_key, subject, &asked, lend);
        }
        let names = names.filter(|names| names.version == loaded.version);
        let name = match names.and_then(|names| names.names.first().map(|name| (name, names.today))) {
            Some((name, today)) => {
                asked.question.today = today;
                name.clone()?
            }
            None if naming::are_long([subject]) => {
                return Ok(Answer::Unnamed(Box::new(Unnamed::new(loaded, model_key, [subject], &asked.question))));
            }
            None => naming::of_one(&loaded.model, model_key, subject, &asked.question)?,
        };
        let mut lend = Some(lend);
        let lend_hit = |document: &[u8]| lend.take().map(|lend| lend(document));
        if let Some(reply) = look_up(ctx, loaded, model_key, &name, asked.caching, lend_hit).flatten() {
            return Ok(Answer::Cached { name, reply });
        }
        // What is wrong with a long subject, the worker finds out.
        if !naming::are_long([subject]) {
            match model.check(subject, &asked.question) {
                Ok(()) => {}
                Err(EngineError::NotReady) => return Ok(Answer::NotReady(derive::awaited(ctx, loaded))),
                Err(error) => return Err(error.into()),
            }
        }
        if asked.caching != Caching::Off {
            missed(loaded, &name);
        }
        if !is_short {
            let work = in_flight::work(ctx, loaded, model_key, subject, &asked, name, log);
            return Ok(Answer::Work(Box::new(work)));
        }
        let mut document = Vec::with_capacity(4096);
        model.assess(&loaded.identity(model_key), subject, &asked.question, &mut document)?;
        let document = Bytes::from(document);
        if let Some(log) = log {
            log.computed((ctx.db(), model_key), &name, model.record(subject, &document), &document);
        }
        if asked.is_kept() {
            let (model, version) = (model_key.to_vec(), loaded.version);
            pending::keep(ctx.db(), name, Pending { document: document.clone(), life: asked.life, model, version });
        }
        Ok(Answer::Reply(Reply::Bulk(document)))
    })
}

thread_local! {
    /// Where documents are written that nobody keeps.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Computes what is neither cached nor logged: it needs no name.
fn compute_for_nobody_else(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    subject: &[&[u8]],
    asked: &Asked<'_>,
    lend: impl FnOnce(&[u8]) -> Reply,
) -> Outcome<Answer> {
    let mut document = SCRATCH.take();
    document.clear();
    let assessed = loaded.as_model().assess(&loaded.identity(model_key), subject, &asked.question, &mut document);
    let answer = match assessed {
        Ok(()) => Ok(Answer::Reply(lend(&document))),
        Err(EngineError::NotReady) => Ok(Answer::NotReady(derive::awaited(ctx, loaded))),
        Err(error) => Err(error.into()),
    };
    if document.capacity() <= MOST_SCRATCH {
        SCRATCH.set(document);
    }
    answer
}

/// Memory kept for the next document.
const MOST_SCRATCH: usize = 64 << 10;

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
    let blocked = Blocked::block(ctx, wait_ms, waiting::ended);
    waiting::park(Parked { blocked, db: ctx.db(), words, derivation, again });
    Ok(Reply::Sent)
}

/// Asks a parked question again: a derivation has ended.
fn again(ctx: Ctx<'_>, parked: Parked) {
    if ctx.select(parked.db) {
        ask_blocked(ctx, parked.blocked, parked.words, None);
    }
}

/// Asks the question of a client that is blocked.
fn ask_blocked(ctx: Ctx<'_>, blocked: Blocked, command: Vec<Vec<u8>>, names: Option<&Names>) {
    let words: Vec<&[u8]> = command.iter().skip(1).map(Vec::as_slice).collect();
    let copy = |document: &[u8]| Reply::Bulk(Bytes::copy_from_slice(document));
    match ask(ctx, Name::Bytes(words[0]), &words, names, copy) {
        Ok(Answer::Reply(reply) | Answer::Cached { reply, .. }) => blocked.reply(reply),
        Ok(Answer::NotReady(derivation)) => {
            still_waiting(Parked { blocked, db: ctx.db(), words: command, derivation, again });
        }
        Ok(Answer::Unnamed(unnamed)) => name_elsewhere(ctx, *unnamed, blocked, command),
        Ok(Answer::Work(work)) => in_flight::compute_elsewhere(*work, blocked),
        Err(failure) => blocked.reply(failure.into()),
    }
}

fn name_elsewhere(ctx: Ctx<'_>, unnamed: Unnamed, blocked: Blocked, command: Vec<Vec<u8>>) {
    unnamed.name_elsewhere(ctx.db(), blocked, move |ctx, blocked, names| {
        ask_blocked(ctx, blocked, command, Some(&names));
    });
}

/// Parks a question again whose model has changed meanwhile; answers when it never will be ready.
pub(super) fn still_waiting(parked: Parked) {
    if parked.derivation.why().is_some() {
        let failure = not_ready(&parked.derivation);
        parked.blocked.reply(failure.into());
    } else {
        waiting::park(parked);
    }
}

pub(super) struct Key;

impl Run for Key {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        let unnamed = with_loaded(ctx, Name::Argument(argv, 1), Mode::Peek, |loaded| {
            let (words, model) = (argv.words(2), loaded.as_model());
            let (subject, options) = words.split_at(model.subject_len(&words, true)?);
            let question = request::parse_key(model, options)?.question;
            if naming::are_long([subject]) {
                return Ok(Err(Unnamed::new(loaded, argv.bytes(1), [subject], &question)));
            }
            match model.check(subject, &question) {
                Ok(()) | Err(EngineError::NotReady) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(Ok(naming::of_one(&loaded.model, argv.bytes(1), subject, &question)?))
        })?;
        match unnamed {
            Ok(name) => Ok(Reply::Bulk(name.into())),
            Err(_) if !ctx.may_block() => Err(Failure::cannot_block()),
            Err(unnamed) => {
                let blocked = Blocked::block(ctx, 0, waiting::given_up);
                unnamed.name_elsewhere(ctx.db(), blocked, |_, blocked, mut names| {
                    let name = names.names.pop().map(|name| name.map_err(Failure::from));
                    let name = name.unwrap_or_else(|| Err(Failure::internal()));
                    blocked.reply(name.map(|name| Reply::Bulk(name.into())).into());
                });
                Ok(Reply::Sent)
            }
        }
    }
}
