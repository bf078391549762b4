//! `ASSESS.MGET`: many questions in one pass.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assess_engine::history::Record;
use assess_engine::model::{AnyModel, Identity};
use assess_engine::{Error as EngineError, Progress};
use bytes::Bytes;

use super::assess::{look_up, missed, still_waiting, wait};
use super::options;
use crate::assessments::naming::{self, Named, Names, Unnamed};
use crate::assessments::pending::{self, Pending};
use crate::assessments::request::{self, Asked, Caching, OwnedQuestion};
use crate::assessments::waiting::{self, Parked};
use crate::cache::store::Life;
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::models::derivation::Derivation;
use crate::models::derive;
use crate::models::history::Log;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::{Name, with_loaded};
use crate::types::value::Loaded;
use crate::work::pool::{self, Lane};
use crate::work::{guard, main_loop};

pub(super) struct Mget;

impl Run for Mget {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        match ask(ctx, Name::Argument(argv, 1), &argv.words(1), Asker::Client, None)? {
            Answer::Reply(reply) => Ok(reply),
            Answer::NotReady(derivation) => wait(ctx, argv, derivation, again),
            Answer::Unnamed(unnamed) if ctx.may_block() => {
                let command = argv.words(0).into_iter().map(<[u8]>::to_vec).collect();
                name_elsewhere(ctx, unnamed, Blocked::block(ctx, 0, waiting::ended), command);
                Ok(Reply::Sent)
            }
            Answer::Work(batch) if ctx.may_block() => {
                compute_elsewhere(batch, Blocked::block(ctx, 0, waiting::ended));
                Ok(Reply::Sent)
            }
            Answer::Unnamed(_) | Answer::Work(_) => Err(Failure::cannot_block()),
        }
    }
}

/// Asks a parked batch again.
fn again(ctx: Ctx<'_>, parked: Parked) {
    if ctx.select(parked.db) {
        ask_blocked(ctx, parked.blocked, parked.words, None);
    }
}

/// Asks the batch of a client that is blocked.
fn ask_blocked(ctx: Ctx<'_>, blocked: Blocked, command: Vec<Vec<u8>>, names: Option<Names>) {
    let words: Vec<&[u8]> = command.iter().skip(1).map(Vec::as_slice).collect();
    match ask(ctx, Name::Bytes(words[0]), &words, Asker::Parked, names) {
        Ok(Answer::Reply(reply)) => blocked.reply(reply),
        Ok(Answer::NotReady(derivation)) => {
            still_waiting(Parked { blocked, db: ctx.db(), words: command, derivation, again });
        }
        Ok(Answer::Unnamed(unnamed)) => name_elsewhere(ctx, unnamed, blocked, command),
        Ok(Answer::Work(batch)) => compute_elsewhere(batch, blocked),
        Err(failure) => blocked.reply(failure.into()),
    }
}

fn name_elsewhere(ctx: Ctx<'_>, unnamed: Unnamed, blocked: Blocked, command: Vec<Vec<u8>>) {
    unnamed.name_elsewhere(ctx.db(), blocked, move |ctx, blocked, names| {
        ask_blocked(ctx, blocked, command, Some(names));
    });
}

/// Who asks: for one that waited, computing goes to a worker in any case, since many may have waited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Client,
    Parked,
}

/// The most bytes of all subjects together: they are copied for whoever computes.
const MOST_BYTES: usize = 4 << 20;

enum Answer {
    Reply(Reply),
    NotReady(Arc<Derivation>),
    /// The subjects are too long to be named on the main thread.
    Unnamed(Unnamed),
    Work(Batch),
}

/// A batch of which some subjects have to be computed.
struct Batch {
    model: AnyModel,
    model_key: Vec<u8>,
    version: u64,
    question: OwnedQuestion,
    db: i32,
    keep: Option<Life>,
    log: Option<Log>,
    /// One per subject: the reply, or what is missing.
    slots: Vec<Slot>,
}

enum Slot {
    Done(Reply),
    Missing { subject: Vec<Vec<u8>>, name: Vec<u8> },
}

fn ask(ctx: Ctx<'_>, model_key: Name<'_>, words: &[&[u8]], asker: Asker, names: Option<Names>) -> Outcome<Answer> {
    let count = options::batch_size(words[1])?;
    with_loaded(ctx, model_key, Mode::Read, |loaded| {
        let (subjects, options) = split_subjects(loaded, &words[2..], count)?;
        if subjects.iter().copied().flatten().map(|part| part.len()).sum::<usize>() > MOST_BYTES {
            return Err(
                EngineError::TooBig { what: "the subjects of one batch, in bytes,", limit: MOST_BYTES as u64 }.into()
            );
        }
        let mut asked = request::parse(loaded.as_model(), options)?;
        let names = match names.filter(|names| names.version == loaded.version) {
            Some(names) => {
                asked.question.today = names.today;
                names.names
            }
            None if naming::are_for_a_worker(ctx, &subjects) => {
                let subjects = subjects.iter().copied();
                return Ok(Answer::Unnamed(Unnamed::new(loaded, words[0], subjects, &asked.question)));
            }
            None => {
                let name = |subject: &Words<'_, '_>| naming::of_one(&loaded.model, words[0], subject, &asked.question);
                subjects.iter().map(name).collect()
            }
        };
        let batch = look_all_up(ctx, loaded, words[0], &subjects, names, &asked)?;
        let missing = batch.missing().count();
        if missing > 0 && !loaded.as_model().ready() {
            // One subject's check tells whether it is its own series that is missing, or another indicator's.
            let short = subjects.iter().filter(|subject| !naming::are_long([**subject]));
            let mut checks = short.map(|subject| loaded.as_model().check(subject, &asked.question));
            if checks.any(|check| check == Err(EngineError::NotReady)) {
                return Ok(Answer::NotReady(derive::awaited(ctx, loaded)));
            }
        }
        let estimate = batch.estimate();
        let is_short = estimate.as_micros() <= u128::from(settings::slice_us());
        if asked.caching != Caching::Off {
            batch.missing().for_each(|name| missed(loaded, name));
        }
        if missing == 0 || (is_short && asker == Asker::Client) {
            let (reply, results) = batch.compute(&Progress::default());
            results.settle();
            return Ok(Answer::Reply(reply));
        }
        Ok(Answer::Work(batch))
    })
}

type Words<'w, 'a> = &'w [&'a [u8]];

/// Takes so many subjects off the words; what is left are options.
fn split_subjects<'w, 'a>(
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
    asked: &Asked<'_>,
) -> Outcome<Batch> {
    let mut slots = Vec::with_capacity(subjects.len());
    for (subject, name) in subjects.iter().zip(names) {
        let name = match name {
            Ok(name) => name,
            Err(error) => {
                slots.push(Slot::Done(Reply::Error(error.into())));
                continue;
            }
        };
        let found = look_up(ctx, loaded, model_key, &name, asked.caching, Bytes::copy_from_slice);
        // What is wrong with a long subject, the worker finds out.
        let is_checked = found.is_some() || naming::are_long([*subject]);
        let check = if is_checked { Ok(()) } else { loaded.as_model().check(subject, &asked.question) };
        slots.push(match (found, check) {
            (Some(document), _) => Slot::Done(Reply::Bulk(document)),
            (None, Ok(()) | Err(EngineError::NotReady)) => {
                Slot::Missing { subject: subject.iter().map(|part| part.to_vec()).collect(), name }
            }
            // An indicator that does not exist is no matter of one subject.
            (None, Err(EngineError::NoIndicator)) => return Err(EngineError::NoIndicator.into()),
            (None, Err(error)) => Slot::Done(Reply::Error(error.into())),
        });
    }
    Ok(Batch {
        model: loaded.model.clone(),
        model_key: model_key.to_vec(),
        version: loaded.version,
        question: OwnedQuestion::of(&asked.question),
        db: ctx.db(),
        keep: asked.is_kept().then_some(asked.life),
        log: Log::of(ctx, loaded, asked.tenant),
        slots,
    })
}

/// How long results are settled between two turns of the event loop.
const SLICE: Duration = Duration::from_micros(300);

/// What was computed, to be logged and stored on the main thread.
struct Results {
    db: i32,
    model_key: Vec<u8>,
    version: u64,
    keep: Option<Life>,
    log: Option<Log>,
    computed: VecDeque<Computed>,
}

struct Computed {
    name: Vec<u8>,
    document: Bytes,
    /// What the history says of it.
    record: Option<Record>,
}

impl Results {
    /// Has them logged and stored, a slice at a time.
    fn settle(mut self) {
        let begin = Instant::now();
        while let Some(Computed { name, document, record }) = self.computed.pop_front() {
            if let Some((log, record)) = self.log.as_ref().zip(record) {
                log.computed((self.db, &self.model_key), &name, record, &document);
            }
            if let Some(life) = self.keep {
                let (model, version) = (self.model_key.clone(), self.version);
                pending::keep(self.db, name, Pending { document, life, model, version });
            }
            if begin.elapsed() > SLICE {
                return main_loop::after(0, move |_| self.settle());
            }
        }
    }
}

impl Batch {
    /// The names of what is not in the cache.
    fn missing(&self) -> impl Iterator<Item = &[u8]> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Missing { name, .. } => Some(name.as_slice()),
            Slot::Done(_) => None,
        })
    }

    /// About how long it takes to compute what is missing.
    fn estimate(&self) -> Duration {
        let question = self.question.borrowed();
        let of_one = |slot: &Slot| match slot {
            Slot::Missing { subject, .. } => {
                let subject: Vec<&[u8]> = subject.iter().map(Vec::as_slice).collect();
                self.model.as_model().estimate(&subject, &question)
            }
            Slot::Done(_) => Duration::ZERO,
        };
        self.slots.iter().map(of_one).sum()
    }

    /// Computes what is missing. A subject asked twice in the batch is computed once.
    fn compute(self, progress: &Progress) -> (Reply, Results) {
        let question = self.question.borrowed();
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
            let mut assess = || model.assess_while_wanted(&identity, &parts, &question, progress, &mut document);
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
        let Self { db, model_key, version, keep, log, .. } = self;
        (reply, Results { db, model_key, version, keep, log, computed })
    }
}

fn compute_elsewhere(batch: Batch, blocked: Blocked) {
    let progress = Arc::<Progress>::default();
    pool::run(Lane::Question, Some(Arc::clone(&progress)), move || {
        let computed = blocked.measure(|| guard::run("a batch", || pool::at_low_priority(|| batch.compute(&progress))));
        // Called off, it has no answer: half of a batch looks like errors of its subjects.
        match computed.and_then(|computed| progress.check().map(|()| computed).map_err(Failure::from)) {
            Ok((reply, results)) => main_loop::post(move |_| {
                results.settle();
                blocked.reply(reply);
            }),
            Err(failure) => blocked.reply(failure.into()),
        }
    });
}
