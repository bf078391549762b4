//! One assessment (`ASSESS.GET`): from the cache, from the pending results, or computed here or on a worker.

use std::cell::Cell;
use std::time::Duration;

use assess_engine::Error as EngineError;
use bytes::Bytes;

use crate::assessments::answer::{self, Answer, Asked, Caller, ReadRequest};
use crate::assessments::lookup::naming::{self, Unnamed};
use crate::assessments::request::{self, Caching, Request};
use crate::assessments::waiting::in_flight::{self, Work};
use crate::assessments::{lookup, waiting};
use crate::cache::pending::{self, Pending};
use crate::error::Outcome;
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::Mode;
use crate::ffi::send;
use crate::ffi::string::Argv;
use crate::models::derivation::derive;
use crate::models::history::Log;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::with_loaded;
use crate::types::value::Loaded;

/// The work of a worker for one assessment.
pub(crate) enum ToDo {
    /// Build the cache key of a long subject; then the request is handled again.
    Name(Box<Unnamed>),
    /// Compute the document, which takes longer than a slice.
    Compute(Box<Work>),
}

pub(crate) struct Single;

impl ReadRequest for Single {
    type Work = ToDo;

    fn ask(ctx: Ctx<'_>, asked: Asked<'_>) -> Outcome<Answer<ToDo>> {
        with_loaded(ctx, asked.model, Mode::Read, |loaded| ask(ctx, loaded, &asked))
    }

    fn ended(work: &ToDo) -> Ended {
        match work {
            ToDo::Name(_) => waiting::ended,
            ToDo::Compute(work) => work.ended(),
        }
    }

    fn start(ctx: Ctx<'_>, work: ToDo, blocked: Blocked, command: Vec<Vec<u8>>) {
        match work {
            ToDo::Name(unnamed) => unnamed.name_on_worker(ctx.db(), blocked, move |ctx, blocked, names| {
                answer::waiter::<Self>(ctx, blocked, command, Some(&names));
            }),
            ToDo::Compute(work) => in_flight::compute_on_worker(*work, blocked),
        }
    }

    fn hit(ctx: Ctx<'_>, argv: Argv<'_>, name: &[u8]) {
        lookup::remember_route(ctx, argv, name);
    }
}

/// The reply with a document: a command sends it without a copy, a waiter receives a copy.
fn document_reply(ctx: Ctx<'_>, caller: Caller, document: &[u8]) -> Reply {
    match caller {
        Caller::Command => {
            send::bulk(ctx, document);
            Reply::Sent
        }
        Caller::Waiter => Reply::Bulk(Bytes::copy_from_slice(document)),
    }
}

fn ask(ctx: Ctx<'_>, loaded: &Loaded, asked: &Asked<'_>) -> Outcome<Answer<ToDo>> {
    let (model_key, rest) = (asked.words[0], &asked.words[1..]);
    let model = loaded.as_model();
    let (subject, options) = rest.split_at(model.subject_len(rest, true)?);
    let mut request = request::parse(model, options)?;
    let log = Log::of(ctx, loaded, request.tenant);
    let is_short = model.estimate(subject, &request.query) <= Duration::from_micros(settings::slice_us());
    if request.caching == Caching::Off && log.is_none() && is_short {
        return compute_unshared(ctx, loaded, model_key, subject, &request, asked.caller);
    }
    let names = asked.names.filter(|names| names.version == loaded.version);
    let name = match names.and_then(|names| names.names.first().map(|name| (name, names.today))) {
        Some((name, today)) => {
            request.query.today = today;
            name.clone()?
        }
        None if naming::are_long([subject]) => {
            let unnamed = Unnamed::new(loaded, model_key, [subject], &request.query);
            return Ok(Answer::Work(ToDo::Name(Box::new(unnamed))));
        }
        None => naming::of_one(&loaded.model, model_key, subject, &request.query)?,
    };
    let hit = |document: &[u8]| document_reply(ctx, asked.caller, document);
    if let Some(reply) = lookup::by_name(ctx, loaded, model_key, &name, request.caching, hit) {
        return Ok(Answer::Hit { name, reply });
    }
    // The worker finds the errors of a long subject.
    if !naming::are_long([subject]) {
        match model.check(subject, &request.query) {
            Ok(()) => {}
            Err(EngineError::NotReady) => return Ok(Answer::NotReady(derive::requested(ctx, loaded))),
            Err(error) => return Err(error.into()),
        }
    }
    if request.caching != Caching::Off {
        lookup::missed(loaded, &name);
    }
    if !is_short {
        let work = in_flight::work(ctx, loaded, model_key, subject, &request, name, log);
        return Ok(Answer::Work(ToDo::Compute(Box::new(work))));
    }
    let mut document = Vec::with_capacity(4096);
    model.assess(&loaded.identity(model_key), subject, &request.query, &mut document)?;
    let document = Bytes::from(document);
    if let Some(log) = log {
        log.computed((ctx.db(), model_key), &name, model.record(subject, &document), &document);
    }
    if request.is_kept() {
        let (model, version) = (model_key.to_vec(), loaded.version);
        pending::keep(ctx.db(), name, Pending { document: document.clone(), ttl: request.ttl, model, version });
    }
    Ok(Answer::Reply(Reply::Bulk(document)))
}

thread_local! {
    /// The buffer of documents that are not stored.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Computes a result that is neither cached nor logged: it needs no cache key.
fn compute_unshared(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    subject: &[&[u8]],
    request: &Request<'_>,
    caller: Caller,
) -> Outcome<Answer<ToDo>> {
    let mut document = SCRATCH.take();
    document.clear();
    let assessed = loaded.as_model().assess(&loaded.identity(model_key), subject, &request.query, &mut document);
    let answer = match assessed {
        Ok(()) => Ok(Answer::Reply(document_reply(ctx, caller, &document))),
        Err(EngineError::NotReady) => Ok(Answer::NotReady(derive::requested(ctx, loaded))),
        Err(error) => Err(error.into()),
    };
    if document.capacity() <= MOST_SCRATCH {
        SCRATCH.set(document);
    }
    answer
}

/// The most memory that is kept for the next document.
const MOST_SCRATCH: usize = 64 << 10;
