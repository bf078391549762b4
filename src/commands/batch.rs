//! `ASSESS.MGET`: many questions in one pass.

use std::sync::Arc;
use std::time::Duration;

use assess_engine::model::{AnyModel, Identity};
use assess_engine::{Error as EngineError, Progress};
use bytes::Bytes;

use super::assess::{cache_name, look_up, missed, still_waiting, wait};
use super::options;
use super::question::{self, Asked, Caching, OwnedQuestion};
use crate::background::{self, Lane};
use crate::cache::store::Life;
use crate::derivation::Derivation;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::key::Mode;
use crate::ffi::string::Argv;
use crate::pending::{self, Pending};
use crate::reply::Reply;
use crate::types::model::{Name, with_loaded};
use crate::types::value::Loaded;
use crate::waiting::Parked;
use crate::{deriving, guard, main_loop, settings};

pub(super) struct Mget;

impl Run for Mget {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        match ask(ctx, Name::Argument(argv, 1), &argv.words(1), Asker::Client)? {
            Answer::Reply(reply) => Ok(reply),
            Answer::NotReady(derivation) => wait(ctx, argv, derivation, again),
            Answer::Work(batch) if ctx.may_block() => {
                compute_elsewhere(batch, Blocked::block(ctx, 0));
                Ok(Reply::Sent)
            }
            Answer::Work(_) => Err(Failure::cannot_block()),
        }
    }
}

/// Asks a parked batch again.
fn again(ctx: Ctx<'_>, parked: Parked) {
    if !ctx.select(parked.db) {
        return;
    }
    let words: Vec<&[u8]> = parked.words.iter().skip(1).map(Vec::as_slice).collect();
    match ask(ctx, Name::Bytes(words[0]), &words, Asker::Parked) {
        Ok(Answer::Reply(reply)) => parked.blocked.reply(reply),
        Ok(Answer::NotReady(derivation)) => still_waiting(parked, derivation),
        Ok(Answer::Work(batch)) => compute_elsewhere(batch, parked.blocked),
        Err(failure) => parked.blocked.reply(failure.into()),
    }
}

/// Who asks: for one that waited, computing goes to a worker in any case, since many may have waited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Client,
    Parked,
}

enum Answer {
    Reply(Reply),
    NotReady(Arc<Derivation>),
    Work(Batch),
}

/// A batch of which some subjects have to be computed.
struct Batch {
    model: AnyModel,
    model_key: Vec<u8>,
    version: u64,
    question: OwnedQuestion,
    keep: Option<(i32, Life)>,
    /// One per subject: the reply, or what is missing.
    slots: Vec<Slot>,
}

enum Slot {
    Done(Reply),
    Missing { subject: Vec<Vec<u8>>, name: Vec<u8> },
}

fn ask(ctx: Ctx<'_>, model_key: Name<'_>, words: &[&[u8]], asker: Asker) -> Outcome<Answer> {
    let count = options::number(words[1]).filter(|&n| n > 0);
    let count = count.ok_or_else(|| Failure::err("n must be a whole number, at least 1"))?;
    if count > settings::max_batch() {
        return Err(Failure::new(
            Code::TooBig,
            format!("a batch is at most {} (assess.max-batch)", settings::max_batch()),
        ));
    }
    with_loaded(ctx, model_key, Mode::Read, |loaded| {
        let (subjects, options) = split_subjects(loaded, &words[2..], count)?;
        let asked = question::parse(loaded.as_model(), options)?;
        let batch = look_all_up(ctx, loaded, words[0], &subjects, &asked)?;
        let missing = batch.missing().count();
        if missing > 0 && !loaded.as_model().ready() {
            // One subject's check tells whether it is its own series that is missing, or another indicator's.
            let checks = subjects.iter().map(|subject| loaded.as_model().check(subject, &asked.question));
            if checks.into_iter().any(|check| check == Err(EngineError::NotReady)) {
                return Ok(Answer::NotReady(deriving::awaited(ctx, loaded)));
            }
        }
        let estimate = batch.estimate();
        let is_short = estimate.as_micros() <= u128::from(settings::slice_us());
        if asked.caching != Caching::Off {
            batch.missing().for_each(|name| missed(loaded, name));
        }
        if missing == 0 || (is_short && asker == Asker::Client) {
            let (reply, results) = batch.compute(&Progress::default());
            keep(results);
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
    asked: &Asked<'_>,
) -> Outcome<Batch> {
    let mut slots = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let name = cache_name(loaded, model_key, subject, &asked.question)?;
        let found = look_up(ctx, loaded, model_key, &name, asked.caching, Bytes::copy_from_slice);
        slots.push(match (found, loaded.as_model().check(subject, &asked.question)) {
            (Some(document), _) => Slot::Done(Reply::Bulk(document)),
            (None, Ok(()) | Err(EngineError::NotReady)) => {
                Slot::Missing { subject: subject.iter().map(|part| part.to_vec()).collect(), name }
            }
            // An indicator that does not exist is no matter of one subject.
            (None, Err(EngineError::NoIndicator)) => return Err(EngineError::NoIndicator.into()),
            (None, Err(error)) => Slot::Done(Reply::Error(error.into())),
        });
    }
    let keeps = settings::enabled() && asked.caching != Caching::Off;
    Ok(Batch {
        model: loaded.model.clone(),
        model_key: model_key.to_vec(),
        version: loaded.version,
        question: OwnedQuestion::of(&asked.question),
        keep: keeps.then(|| (ctx.db(), asked.life)),
        slots,
    })
}

type Results = Vec<(i32, Vec<u8>, Pending)>;

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
        let mut computed: std::collections::HashMap<Vec<u8>, Reply> = std::collections::HashMap::new();
        let mut results = Vec::new();
        let replies = self.slots.into_iter().map(|slot| {
            let (subject, name) = match slot {
                Slot::Done(reply) => return reply,
                Slot::Missing { subject, name } => (subject, name),
            };
            if let Some(reply) = computed.get(&name) {
                return reply.clone();
            }
            let subject: Vec<&[u8]> = subject.iter().map(Vec::as_slice).collect();
            let mut document = Vec::with_capacity(4096);
            let model = self.model.as_model();
            let mut assess = || model.assess_while_wanted(&identity, &subject, &question, progress, &mut document);
            let reply = match progress.check().and_then(|()| assess()) {
                Ok(()) => {
                    let document = Bytes::from(document);
                    if let Some((db, life)) = self.keep {
                        let (model, version) = (self.model_key.clone(), self.version);
                        let result = Pending { document: document.clone(), life, model, version };
                        results.push((db, name.clone(), result));
                    }
                    Reply::Bulk(document)
                }
                Err(error) => Reply::Error(error.into()),
            };
            computed.insert(name, reply.clone());
            reply
        });
        let reply = Reply::Array(replies.collect());
        (reply, results)
    }
}

fn keep(results: Results) {
    results.into_iter().for_each(|(db, name, result)| pending::keep(db, name, result));
}

fn compute_elsewhere(batch: Batch, blocked: Blocked) {
    let progress = Arc::<Progress>::default();
    background::run(Lane::Question, Some(Arc::clone(&progress)), move || {
        let computed =
            blocked.measure(|| guard::run("a batch", || background::at_low_priority(|| batch.compute(&progress))));
        // Called off, it has no answer: half of a batch looks like errors of its subjects.
        match computed.and_then(|computed| progress.check().map(|()| computed).map_err(Failure::from)) {
            Ok((reply, results)) => main_loop::post(move |_| {
                keep(results);
                blocked.reply(reply);
            }),
            Err(failure) => blocked.reply(failure.into()),
        }
    });
}
