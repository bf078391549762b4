//! Many assessments of one model (`ASSESS.MGET`) in one pass.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assess_engine::history::Record;
use assess_engine::model::{AnyModel, Identity};
use assess_engine::{Error as EngineError, Progress};
use bytes::Bytes;

use crate::assessments::answer::{self, Answer, Caller, Command, ReadRequest, Request};
use crate::assessments::lookup::kept::Asked;
use crate::assessments::lookup::naming::{self, Named, Unnamed};
use crate::assessments::request::{self, Caching, OwnedQuery, RequestOptions};
use crate::assessments::{lookup, waiting};
use crate::cache::pending::{self, Pending};
use crate::cache::store::TimeToLive;
use crate::error::{Failure, Outcome};
use crate::ffi::account::{self, Account};
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::ffi::key::Mode;
use crate::models::derivation::derive;
use crate::models::history::Log;
use crate::options;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::with_loaded;
use crate::types::value::Loaded;
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

/// The most bytes of all subjects together, since they are copied for the worker.
const MOST_BYTES: usize = 4 << 20;

/// The work of a worker for a batch.
pub(crate) enum Work {
    /// Build the cache keys of long subjects; then the request is handled again.
    Name(Unnamed),
    /// Compute the missing documents.
    Compute(Computation),
}

pub(crate) struct Batch;

impl ReadRequest for Batch {
    type Work = Work;

    fn handle(ctx: Ctx<'_>, request: Request<'_>) -> Outcome<Answer<Work>> {
        let count = options::batch_size(request.words[1])?;
        with_loaded(ctx, request.model, Mode::Read, |loaded| handle(ctx, loaded, request, count))
    }

    fn ended(_: &Work) -> Ended {
        waiting::ended
    }

    fn start(ctx: Ctx<'_>, work: Work, blocked: Blocked, command: Command<'_>) {
        match work {
            Work::Name(unnamed) => answer::name_first::<Self>(ctx, unnamed, blocked, command),
            Work::Compute(work) => compute_on_worker(work, blocked),
        }
    }
}

/// A batch with subjects that have to be computed.
pub(crate) struct Computation {
    model: AnyModel,
    model_key: Vec<u8>,
    version: u64,
    query: OwnedQuery,
    db: i32,
    keep: Option<TimeToLive>,
    log: Option<Log>,
    /// One per subject: the reply, or the missing subject.
    slots: Vec<Slot>,
    /// Of the user of the command.
    account: Arc<Account>,
}

enum Slot {
    Done(Reply),
    Missing { subject: Vec<Vec<u8>>, name: Vec<u8> },
}

fn handle(ctx: Ctx<'_>, loaded: &Loaded, request: Request<'_>, count: u64) -> Outcome<Answer<Work>> {
    let (model_key, model) = (request.words[0], loaded.as_model());
    let (subjects, options) = split_subjects(loaded, &request.words[2..], count)?;
    if subjects.iter().copied().flatten().map(|part| part.len()).sum::<usize>() > MOST_BYTES {
        let what = "the subjects of one batch, in bytes,";
        return Err(EngineError::TooBig { what, limit: MOST_BYTES as u64 }.into());
    }
    let mut parsed = request::parse(model, options)?;
    let names = match request.names.filter(|names| names.version == loaded.version) {
        Some(names) => {
            parsed.query.today = names.today;
            names.names
        }
        None if naming::need_a_worker(ctx, &subjects) => {
            let subjects = subjects.iter().copied();
            return Ok(Answer::Work(Work::Name(Unnamed::new(loaded, model_key, subjects, &parsed.query))));
        }
        None => {
            let name = |subject: &Words<'_, '_>| naming::of_one(&loaded.model, model_key, subject, &parsed.query);
            subjects.iter().map(name).collect()
        }
    };
    let work = look_all_up(ctx, loaded, model_key, &subjects, names, (&parsed, options))?;
    let missing = work.missing().count();
    if missing > 0 && !model.is_complete() {
        // The check of a subject shows whether it needs a part of the model that is not derived yet.
        let short = subjects.iter().filter(|subject| !naming::are_long([**subject]));
        let mut checks = short.map(|subject| model.check(subject, &parsed.query));
        if !model.is_decoded() || checks.any(|check| check == Err(EngineError::NotReady)) {
            return Ok(Answer::NotReady(derive::requested(ctx, loaded)));
        }
    }
    let is_short = work.estimate().as_micros() <= u128::from(settings::slice_us());
    if parsed.caching != Caching::Off {
        for slot in &work.slots {
            if let Slot::Missing { subject, name } = slot {
                let subject = subject.iter().map(Vec::as_slice);
                let words = [model_key].into_iter().chain(subject).chain(options.iter().copied());
                let words = || Asked::assessment(words.collect());
                lookup::missed(ctx, loaded, name, words);
            }
        }
    }
    // For a waiter a worker always computes, since many may be answered at the same time.
    if missing == 0 || (is_short && request.caller == Caller::Command) {
        let (reply, results) = work.compute(&Progress::default());
        results.finish();
        return Ok(Answer::Reply(reply));
    }
    Ok(Answer::Work(Work::Compute(work)))
}

pub(crate) type Words<'w, 'a> = &'w [&'a [u8]];

/// Splits the words into `count` subjects and the options after them.
pub(crate) fn split_subjects<'w, 'a>(
    loaded: &Loaded,
    words: Words<'w, 'a>,
    count: u64,
) -> Outcome<(Vec<Words<'w, 'a>>, Words<'w, 'a>)> {
    let mut rest = words;
    let mut subjects = Vec::new();
    for _ in 0..count {
        let len = loaded.as_model().subject_len(rest, false)?;
        let (subject, after) = rest.split_at(len);
        subjects.push(subject);
        rest = after;
    }
    Ok((subjects, rest))
}

fn look_all_up(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    subjects: &[Words<'_, '_>],
    names: Vec<Named>,
    (parsed, options): (&RequestOptions<'_>, Words<'_, '_>),
) -> Outcome<Computation> {
    let mut slots = Vec::with_capacity(subjects.len());
    for (subject, name) in subjects.iter().zip(names) {
        let name = match name {
            Ok(name) => name,
            Err(error) => {
                slots.push(Slot::Done(Reply::Error(error.into())));
                continue;
            }
        };
        let words = || Asked::assessment([&[model_key], *subject, options].concat());
        let found = lookup::by_name(
            ctx,
            loaded,
            model_key,
            &name,
            (parsed.caching, &parsed.query),
            words,
            Bytes::copy_from_slice,
        );
        // The worker finds the errors of a long subject.
        let is_checked = found.is_some() || naming::are_long([*subject]);
        let check = if is_checked { Ok(()) } else { loaded.as_model().check(subject, &parsed.query) };
        slots.push(match (found, check) {
            (Some(document), _) => Slot::Done(Reply::Bulk(document)),
            (None, Ok(()) | Err(EngineError::NotReady)) => {
                Slot::Missing { subject: subject.iter().map(|part| part.to_vec()).collect(), name }
            }
            // An unknown indicator is an error of the whole command, not of one subject.
            (None, Err(EngineError::NoIndicator)) => return Err(EngineError::NoIndicator.into()),
            (None, Err(error)) => Slot::Done(Reply::Error(error.into())),
        });
    }
    Ok(Computation {
        model: loaded.model.clone(),
        model_key: model_key.to_vec(),
        version: loaded.version,
        query: OwnedQuery::of(&parsed.query),
        db: ctx.db(),
        keep: parsed.is_kept().then_some(parsed.ttl),
        log: Log::of(ctx, loaded, parsed.tenant),
        slots,
        account: account::acting(),
    })
}

/// The most time of one slice of logging and storing results.
const SLICE: Duration = Duration::from_micros(300);

/// Computed results, to be logged and stored on the main thread.
struct Results {
    db: i32,
    model_key: Vec<u8>,
    version: u64,
    keep: Option<TimeToLive>,
    log: Option<Log>,
    computed: VecDeque<Computed>,
    account: Arc<Account>,
}

struct Computed {
    name: Vec<u8>,
    document: Bytes,
    /// Its record for the history.
    record: Option<Record>,
}

impl Results {
    /// Writes them to the history and queues them to be stored, in slices.
    fn finish(self) {
        let account = Arc::clone(&self.account);
        account::continued(&account, || self.finish_slice());
    }

    fn finish_slice(mut self) {
        let begin = Instant::now();
        while let Some(Computed { name, document, record }) = self.computed.pop_front() {
            if let Some((log, record)) = self.log.as_ref().zip(record) {
                log.computed((self.db, &self.model_key), &name, record, &document);
            }
            if let Some(ttl) = self.keep {
                let (model, version) = (self.model_key.clone(), self.version);
                pending::keep(self.db, name, Pending { document, ttl, model, version });
            }
            if begin.elapsed() > SLICE {
                return main_loop::after(0, move |_| self.finish());
            }
        }
    }
}

impl Computation {
    /// The cache keys that were not found.
    fn missing(&self) -> impl Iterator<Item = &[u8]> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Missing { name, .. } => Some(name.as_slice()),
            Slot::Done(_) => None,
        })
    }

    /// The estimated time to compute the missing subjects.
    fn estimate(&self) -> Duration {
        let of_one = |slot: &Slot| match slot {
            Slot::Missing { subject, .. } => {
                let subject: Vec<&[u8]> = subject.iter().map(Vec::as_slice).collect();
                self.query.with(|query| self.model.as_model().estimate(&subject, query))
            }
            Slot::Done(_) => Duration::ZERO,
        };
        self.slots.iter().map(of_one).sum()
    }

    /// Computes the missing subjects. A repeated subject is computed once.
    fn compute(self, progress: &Progress) -> (Reply, Results) {
        let identity = Identity { name: &self.model_key, version: self.version };
        let mut answered: HashMap<Vec<u8>, Reply> = HashMap::new();
        let mut computed = VecDeque::new();
        let replies = self.slots.into_iter().map(|slot| {
            let (subject, name) = match slot {
                Slot::Done(reply) => return reply,
                Slot::Missing { subject, name } => (subject, name),
            };
            if let Some(reply) = answered.get(&name) {
                return reply.clone();
            }
            let parts: Vec<&[u8]> = subject.iter().map(Vec::as_slice).collect();
            let mut document = Vec::with_capacity(4096);
            let model = self.model.as_model();
            let mut assess = || {
                self.query.with(|query| model.assess_while_wanted(&identity, &parts, query, progress, &mut document))
            };
            let reply = match progress.check().and_then(|()| assess()) {
                Ok(()) => {
                    let document = Bytes::from(document);
                    let reply = Reply::Bulk(document.clone());
                    let record = self.log.is_some().then(|| model.record(&parts, &document));
                    computed.push_back(Computed { name: name.clone(), document, record });
                    reply
                }
                Err(error) => Reply::Error(error.into()),
            };
            answered.insert(name, reply.clone());
            reply
        });
        let reply = Reply::Array(replies.collect());
        let Self { db, model_key, version, keep, log, account, .. } = self;
        (reply, Results { db, model_key, version, keep, log, computed, account })
    }
}

fn compute_on_worker(work: Computation, blocked: Blocked) {
    let progress = Arc::<Progress>::default();
    pool::run(Lane::Request, Some(Arc::clone(&progress)), move || {
        let computed =
            blocked.measure(|| guard::run("a batch", || pool::at_reduced_priority(|| work.compute(&progress))));
        // A cancelled batch has no reply: a part of a batch would look like errors of its subjects.
        match computed.and_then(|computed| progress.check().map(|()| computed).map_err(Failure::from)) {
            Ok((reply, results)) => main_loop::post(move |_| {
                results.finish();
                blocked.reply(reply);
            }),
            Err(failure) => blocked.reply(failure.into()),
        }
    });
}
