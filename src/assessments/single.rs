//! One document about a subject (`ASSESS.GET`, `WHATIF`, `DEPENDENTS`, `PROFILE`, `COMPARE`, `FOOTPRINT`): from the cache, from the pending
//! results, or computed here or on a worker.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use assess_engine::Error as EngineError;
use assess_engine::model::{Model, Other, Query, View, ViewKind};
use bytes::Bytes;

use crate::assessments::answer::{self, Answer, Caller, Command, ReadRequest, Request};
use crate::assessments::lookup::kept::Asked;
use crate::assessments::lookup::naming::{self, Unnamed};
use crate::assessments::request::{self, Caching, RequestOptions};
use crate::assessments::waiting::in_flight::{self, Computation};
use crate::assessments::{lookup, waiting};
use crate::cache::pending::{self, Pending};
use crate::error::Outcome;
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::Mode;
use crate::ffi::send;
use crate::ffi::string::Argv;
use crate::models::derivation::Derivation;
use crate::models::derivation::derive;
use crate::models::history::Log;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::{Name, with_loaded};
use crate::types::value::Loaded;

/// The work of a worker for one assessment.
pub(crate) enum Work {
    /// Build the cache key of a long subject; then the request is handled again.
    Name(Box<Unnamed>),
    /// Compute the document, which takes longer than a slice.
    Compute(Box<Computation>),
}

/// A kind of document that has a command.
pub(crate) trait Document {
    const VIEW: ViewKind;
}

pub(crate) struct Assessment;
pub(crate) struct WhatIf;
pub(crate) struct Dependents;
pub(crate) struct Profile;
pub(crate) struct Compare;
pub(crate) struct Footprint;

impl Document for Assessment {
    const VIEW: ViewKind = ViewKind::Assessment;
}
impl Document for WhatIf {
    const VIEW: ViewKind = ViewKind::WhatIf;
}
impl Document for Dependents {
    const VIEW: ViewKind = ViewKind::Dependents;
}
impl Document for Profile {
    const VIEW: ViewKind = ViewKind::Profile;
}
impl Document for Compare {
    const VIEW: ViewKind = ViewKind::Compare;
}
impl Document for Footprint {
    const VIEW: ViewKind = ViewKind::Footprint;
}

/// A request for one document.
pub(crate) struct Single<D>(PhantomData<D>);

impl<D: Document> ReadRequest for Single<D> {
    type Work = Work;

    fn handle(ctx: Ctx<'_>, request: Request<'_>) -> Outcome<Answer<Work>> {
        handle(ctx, D::VIEW, request)
    }

    fn ended(work: &Work) -> Ended {
        match work {
            Work::Name(_) => waiting::ended,
            Work::Compute(work) => work.ended(),
        }
    }

    fn start(ctx: Ctx<'_>, work: Work, blocked: Blocked, command: Command<'_>) {
        match work {
            Work::Name(unnamed) => answer::name_first::<Self>(ctx, *unnamed, blocked, command),
            Work::Compute(work) => in_flight::compute_on_worker(*work, blocked),
        }
    }

    fn hit(ctx: Ctx<'_>, argv: Argv<'_>, name: &[u8]) {
        // A route does not know its command.
        if D::VIEW == ViewKind::Assessment {
            lookup::remember_route(ctx, argv, name);
        }
    }
}

/// The reply with a document: a command sends it without a copy, a waiter receives a copy.
fn document_reply(ctx: Ctx<'_>, caller: Caller, document: &[u8]) -> Reply {
    match caller {
        Caller::Command => {
            send::bulk(ctx, document);
            Reply::Sent
        }
        Caller::Waiter | Caller::Module => Reply::Bulk(Bytes::copy_from_slice(document)),
    }
}

/// Handles a request as far as possible on the main thread.
pub(super) fn handle(ctx: Ctx<'_>, view: ViewKind, request: Request<'_>) -> Outcome<Answer<Work>> {
    with_loaded(ctx, request.model, Mode::Read, |loaded| match (view, request.words) {
        // A second opening of a key may find it expired, which frees the value.
        (ViewKind::Compare, &[own, key, ..]) if own == key => {
            handle_loaded(ctx, loaded, Some((key, loaded)), view, request)
        }
        (ViewKind::Compare, &[_, key, ..]) => with_loaded(ctx, Name::Bytes(key), Mode::Read, |other| {
            handle_loaded(ctx, loaded, Some((key, other)), view, request)
        }),
        _ => handle_loaded(ctx, loaded, None, view, request),
    })
}

/// The key and the model with which another is compared.
type OtherLoaded<'a> = Option<(&'a [u8], &'a Loaded)>;

fn handle_loaded(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    other: OtherLoaded<'_>,
    view: ViewKind,
    request: Request<'_>,
) -> Outcome<Answer<Work>> {
    let (models, rest) = request.words.split_at(if other.is_some() { 2 } else { 1 });
    let (model_key, model) = (models[0], loaded.as_model());
    request::check_view(model, view)?;
    let (subject, options) = rest.split_at(model.subject_len(rest, true)?);
    let mut parsed = request::parse_view(model, view, options)?;
    let shared = other.map(|(_, other)| other.model.to_any());
    if let (Some((key, other)), Some(model)) = (other, &shared) {
        parsed.query.view = View::Compare(Other { model, identity: other.identity(key) });
    }
    // A computation for which no client waits replaces what is cached. It is no miss, and not logged.
    let is_ahead = request.caller == Caller::Module;
    if is_ahead {
        parsed.caching = Caching::Refresh;
    }
    let log = if is_ahead { None } else { Log::of(ctx, loaded, parsed.tenant) };
    let is_short = model.estimate(subject, &parsed.query) <= Duration::from_micros(settings::slice_us());
    if parsed.caching == Caching::Off && log.is_none() && is_short {
        return compute_unshared(ctx, (loaded, other), model_key, subject, &parsed, request.caller);
    }
    let names = request.names.filter(|names| names.version == loaded.version);
    let name = match names.and_then(|names| names.names.into_iter().next().map(|name| (name, names.today))) {
        Some((name, today)) => {
            parsed.query.today = today;
            name?
        }
        None if naming::are_long([subject]) => {
            let unnamed = Unnamed::new(loaded, model_key, [subject], &parsed.query);
            return Ok(Answer::Work(Work::Name(Box::new(unnamed))));
        }
        None => naming::of_one(&loaded.model, model_key, subject, &parsed.query)?,
    };
    let hit = |document: &[u8]| document_reply(ctx, request.caller, document);
    let words = || Asked { view, words: request.words.to_vec() };
    if let Some(reply) = lookup::by_name(ctx, loaded, model_key, &name, (parsed.caching, &parsed.query), words, hit) {
        return Ok(Answer::Hit { name, reply });
    }
    match checked(model, subject, &parsed.query) {
        Ok(()) => {}
        Err(EngineError::NotReady) => return Ok(Answer::NotReady(requested(ctx, loaded, other))),
        Err(error) => return Err(error.into()),
    }
    if parsed.caching != Caching::Off && !is_ahead {
        lookup::missed(ctx, loaded, &name, words);
    }
    if !is_short {
        let work = in_flight::work(ctx, loaded, model_key, subject, &parsed, name, log);
        return Ok(Answer::Work(Work::Compute(Box::new(work))));
    }
    let mut document = Vec::with_capacity(4096);
    model.assess(&loaded.identity(model_key), subject, &parsed.query, &mut document)?;
    let document = Bytes::from(document);
    if let Some(log) = log {
        log.computed((ctx.db(), model_key), &name, model.record(subject, &document), &document);
    }
    if parsed.is_kept() {
        let (model, version) = (model_key.to_vec(), loaded.version);
        pending::keep(ctx.db(), name, Pending { document: document.clone(), ttl: parsed.ttl, model, version });
    }
    Ok(Answer::Reply(Reply::Bulk(document)))
}

/// Checks a subject before it is assessed. The worker finds the errors of a long one.
fn checked(model: &dyn Model, subject: &[&[u8]], query: &Query<'_>) -> Result<(), EngineError> {
    match naming::are_long([subject]) {
        true if model.is_decoded() => Ok(()),
        true => Err(EngineError::NotReady),
        false => model.check(subject, query),
    }
}

/// Requests the derivations that a query needs, and returns one of those that are missing.
fn requested(ctx: Ctx<'_>, loaded: &Loaded, other: OtherLoaded<'_>) -> Arc<Derivation> {
    let own = derive::requested(ctx, loaded);
    match other.map(|(_, other)| derive::requested(ctx, other)) {
        Some(others) if loaded.as_model().ready() => others,
        _ => own,
    }
}

thread_local! {
    /// The buffer of documents that are not stored.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Computes a result that is neither cached nor logged: it needs no cache key.
fn compute_unshared(
    ctx: Ctx<'_>,
    (loaded, other): (&Loaded, OtherLoaded<'_>),
    model_key: &[u8],
    subject: &[&[u8]],
    parsed: &RequestOptions<'_>,
    caller: Caller,
) -> Outcome<Answer<Work>> {
    let mut document = SCRATCH.take();
    document.clear();
    let assessed = loaded.as_model().assess(&loaded.identity(model_key), subject, &parsed.query, &mut document);
    let answer = match assessed {
        Ok(()) => Ok(Answer::Reply(document_reply(ctx, caller, &document))),
        Err(EngineError::NotReady) => Ok(Answer::NotReady(requested(ctx, loaded, other))),
        Err(error) => Err(error.into()),
    };
    if document.capacity() <= MOST_SCRATCH {
        SCRATCH.set(document);
    }
    answer
}

/// The most memory that is kept for the next document.
const MOST_SCRATCH: usize = 64 << 10;
