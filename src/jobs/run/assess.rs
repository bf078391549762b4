//! The jobs `assess` and `warm`: assessments of many subjects, stored in the cache.
//!
//! A worker reads the payload and names the subjects. The main thread looks the names up, in slices. A worker computes
//! what is missing, some milliseconds at a time, and the main thread stores these results before the next are computed.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assess_engine::Error as EngineError;
use assess_engine::history::Record;
use assess_engine::model::{AnyModel, Identity};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::payload::{self, Wanted, What};
use super::subjects::{Named, name_all};
use super::tally::Tally;
use super::task::{PAYLOAD, Run, in_slice, on_worker};
use crate::assessments::lookup;
use crate::assessments::lookup::kept::Asked;
use crate::assessments::request::Caching;
use crate::cache::pending::{self, Pending};
use crate::cache::{hot, with};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::Mode;
use crate::models::derivation::Derivation;
use crate::models::derivation::derive;
use crate::models::history::Log;
use crate::types::model::{Name, with_loaded};
use crate::types::value::Loaded;
use crate::work::pool::{self, Lane};
use crate::work::{main_loop, memory};

/// The most time of one slice of the main thread.
const SLICE: Duration = Duration::from_micros(300);
/// How long a worker computes before its results are stored, and the most results.
const CHUNK: Duration = Duration::from_millis(20);
const CHUNK_RESULTS: usize = 1024;
/// Milliseconds between two looks at a model that is not ready.
const DERIVING_MS: u64 = 50;

pub(super) fn start(ctx: Ctx<'_>, run: Run, payload: Bytes) {
    let budget = memory::budget(ctx);
    on_worker(
        run,
        PAYLOAD,
        move |_| payload::assess(&payload, &budget),
        |ctx, run, wanted| {
            begin(ctx, run, Arc::new(wanted));
        },
    );
}

/// The model of a job, as it was when the job began.
struct Opened {
    model: AnyModel,
    version: u64,
}

/// Opens the model and names the subjects. Main thread.
pub(super) fn begin(ctx: Ctx<'_>, run: Run, wanted: Arc<Wanted>) {
    let opened = payload::check_queue(&run.task.queue, &wanted.model).and_then(|()| {
        with_loaded(ctx, Name::Bytes(&wanted.model), Mode::Read, |loaded| {
            Ok(Opened { model: loaded.model.clone(), version: loaded.version })
        })
    });
    let opened = match opened {
        Ok(opened) => opened,
        Err(failure) => return run.fail(failure),
    };
    let (hot, most) = match wanted.what {
        What::Hot(n) => (hot::of_model(ctx.db(), &wanted.model, n), 0),
        What::All => (Vec::new(), capacity(&wanted.model)),
        _ => (Vec::new(), 0),
    };
    let for_worker = Arc::clone(&wanted);
    let name = move |run: &Run| {
        let named = name_all(run, &for_worker, &opened.model, &hot, most)?;
        let total = named.len();
        // Allocated here: to let them grow would copy them on the main thread.
        let missing = VecDeque::with_capacity(total);
        let seen = HashSet::with_capacity(total);
        Ok((opened, named.into_iter().enumerate().collect::<VecDeque<_>>(), missing, seen))
    };
    on_worker(run, "naming subjects", name, move |_, run, (opened, named, missing, seen)| {
        let work = Work {
            wanted,
            opened,
            total: named.len(),
            named,
            missing,
            seen,
            counts: Counts::default(),
            document: None,
        };
        in_slice(run, move |ctx, run| work.look_up(ctx, run));
    });
}

/// The most assessments of a model that its tier keeps.
fn capacity(model: &[u8]) -> usize {
    let mut prefix = Vec::new();
    let named = assess_engine::cache::name::begin(model, &mut prefix);
    let capacity = with(|cache| cache.policy(cache.tiers.of(&prefix)).and_then(|policy| policy.capacity));
    match (named, capacity) {
        (Ok(()), Some(capacity)) => usize::try_from(capacity).unwrap_or(usize::MAX),
        _ => usize::MAX,
    }
}

#[derive(Default)]
struct Counts {
    cached: u64,
    computed: u64,
    tally: Tally,
}

/// The state of a job between its slices.
struct Work {
    wanted: Arc<Wanted>,
    opened: Opened,
    /// The number of subjects.
    total: usize,
    /// Subjects that were not looked up yet, with their numbers.
    named: VecDeque<(usize, Outcome<Named>)>,
    /// Subjects to compute.
    missing: VecDeque<(usize, Named)>,
    /// The names of the subjects to compute: a repeated subject is computed once.
    seen: HashSet<Vec<u8>>,
    counts: Counts,
    /// The document of a single subject.
    document: Option<Bytes>,
}

/// What a slice of look-ups ended with.
enum Looked {
    More,
    Done,
    NotReady(Arc<Derivation>),
}

struct Computed {
    name: Vec<u8>,
    result: Pending,
    record: Option<Record>,
    tenant: Option<String>,
}

impl Work {
    /// One slice: looks names up in the cache.
    fn look_up(mut self, ctx: Ctx<'_>, run: Run) {
        let wanted = Arc::clone(&self.wanted);
        let looked = with_loaded(ctx, Name::Bytes(&wanted.model), Mode::Peek, |loaded| {
            if loaded.version != self.opened.version {
                return Err(Failure::new(Code::Busy, "the model has changed while the job ran"));
            }
            self.look_up_some(ctx, loaded)
        });
        match looked {
            Err(failure) => {
                self.free();
                run.fail(failure);
            }
            Ok(Looked::More) => in_slice(run, move |ctx, run| self.look_up(ctx, run)),
            Ok(Looked::Done) => self.compute(run),
            Ok(Looked::NotReady(derivation)) => {
                if let Some(why) = derivation.failure() {
                    self.free();
                    return run.fail(Failure::new(Code::NotReady, format!("deriving failed: {why}")));
                }
                run.task.say("waits until the model is ready");
                main_loop::after(DERIVING_MS, move |_| in_slice(run, move |ctx, run| self.look_up(ctx, run)));
            }
        }
    }

    fn look_up_some(&mut self, ctx: Ctx<'_>, loaded: &Loaded) -> Outcome<Looked> {
        let begin = Instant::now();
        while let Some((number, named)) = self.named.pop_front() {
            match named {
                Err(failure) if failure.code == Code::NotReady => {
                    // The names depend on a part of the model that is not derived yet.
                    return Err(failure);
                }
                Err(failure) => self.refuse(number, failure)?,
                Ok(named) if self.is_known(ctx, loaded, &named) => self.counts.cached += 1,
                Ok(named) => match named.query.with(|query| loaded.as_model().check(&named.words(), query)) {
                    Ok(()) => {
                        if !self.wanted.is_warming {
                            lookup::missed(ctx, loaded, &named.name, || {
                                Asked::assessment(named.request(&self.wanted.model))
                            });
                        }
                        self.seen.insert(named.name.clone());
                        self.missing.push_back((number, named));
                    }
                    Err(EngineError::NotReady) => {
                        self.named.push_front((number, Ok(named)));
                        return Ok(Looked::NotReady(derive::requested(ctx, loaded)));
                    }
                    Err(error) => self.refuse(number, error.into())?,
                },
            }
            if begin.elapsed() >= SLICE {
                return Ok(Looked::More);
            }
        }
        Ok(Looked::Done)
    }

    /// Whether a subject needs no computing: it is cached, or the same as an earlier one.
    fn is_known(&mut self, ctx: Ctx<'_>, loaded: &Loaded, named: &Named) -> bool {
        if self.seen.contains(&named.name) {
            return true;
        }
        if named.caching == Caching::Refresh {
            return false;
        }
        if self.wanted.is_warming {
            return lookup::is_cached(ctx, loaded, &self.wanted.model, &named.name);
        }
        let is_single = matches!(self.wanted.what, What::Document(_));
        let document = |document: &[u8]| is_single.then(|| Bytes::copy_from_slice(document));
        let (model, words) = (&self.wanted.model, || Asked::assessment(named.request(&self.wanted.model)));
        let found = named
            .query
            .with(|query| lookup::by_name(ctx, loaded, model, &named.name, (named.caching, query), words, document));
        match found {
            Some(document) => {
                self.document = document;
                true
            }
            None => false,
        }
    }

    /// A subject cannot be assessed: the error of the job if it is the only one.
    fn refuse(&mut self, number: usize, failure: Failure) -> Outcome<()> {
        if matches!(self.wanted.what, What::Document(_)) {
            return Err(failure);
        }
        self.counts.tally.failed(number, &failure);
        Ok(())
    }

    /// Computes the next results on a worker, or ends the job.
    fn compute(mut self, run: Run) {
        run.at(self.total - self.missing.len(), self.total);
        if self.missing.is_empty() {
            let result = self.result();
            self.free();
            return run.complete(result);
        }
        run.task.say(format!("{} of {} subjects", self.total - self.missing.len(), self.total));
        let compute = move |run: &Run| {
            let computed = self.compute_some(run)?;
            Ok((self, computed))
        };
        on_worker(run, "an assessment", compute, |_, run, (work, computed)| {
            in_slice(run, move |ctx, run| work.store(ctx, run, computed));
        });
    }

    /// A worker frees the names of a million subjects, and a model that was removed meanwhile.
    fn free(self) {
        pool::run(Lane::Disposal, None, move || drop(self));
    }

    /// On a worker.
    fn compute_some(&mut self, run: &Run) -> Outcome<VecDeque<Computed>> {
        let begin = Instant::now();
        let mut computed = VecDeque::new();
        while begin.elapsed() < CHUNK
            && computed.len() < CHUNK_RESULTS
            && let Some((number, named)) = self.missing.pop_front()
        {
            run.check()?;
            match self.compute_one(run, &named) {
                Ok((document, record)) => {
                    let Named { name, ttl, tenant, .. } = named;
                    let (model, version) = (self.wanted.model.clone(), self.opened.version);
                    computed.push_back(Computed {
                        name,
                        result: Pending { document, ttl, model, version },
                        record,
                        tenant,
                    });
                }
                Err(EngineError::Cancelled) => return Err(EngineError::Cancelled.into()),
                Err(error) => self.refuse(number, error.into())?,
            }
        }
        Ok(computed)
    }

    fn compute_one(&self, run: &Run, named: &Named) -> assess_engine::Result<(Bytes, Option<Record>)> {
        let (model, words) = (self.opened.model.as_model(), named.words());
        let identity = Identity { name: &self.wanted.model, version: self.opened.version };
        let (progress, mut document) = (&run.task.progress, Vec::with_capacity(4096));
        named.query.with(|query| model.assess_while_wanted(&identity, &words, query, progress, &mut document))?;
        let document = Bytes::from(document);
        // Warming is no request of a tenant, so the history does not record it.
        let record = (!self.wanted.is_warming).then(|| model.record(&words, &document));
        Ok((document, record))
    }

    /// One slice: stores results.
    fn store(mut self, ctx: Ctx<'_>, run: Run, mut computed: VecDeque<Computed>) {
        let begin = Instant::now();
        while let Some(Computed { name, result, record, tenant }) = computed.pop_front() {
            if let Some(record) = record {
                let log = with_loaded(ctx, Name::Bytes(&self.wanted.model), Mode::Peek, |loaded| {
                    Ok(Log::of(ctx, loaded, tenant.as_deref()).filter(|_| loaded.version == result.version))
                });
                if let Ok(Some(log)) = log {
                    log.computed((ctx.db(), &self.wanted.model), &name, record, &result.document);
                }
            }
            pending::store_now(ctx, &name, &result);
            self.counts.computed += 1;
            if matches!(self.wanted.what, What::Document(_)) {
                self.document = Some(result.document);
            }
            if begin.elapsed() >= SLICE && !computed.is_empty() {
                return in_slice(run, move |ctx, run| self.store(ctx, run, computed));
            }
        }
        self.compute(run);
    }

    /// The result of the job: the document of a single subject, else counts and errors.
    fn result(&self) -> Vec<u8> {
        if let Some(document) = &self.document {
            return document.to_vec();
        }
        let Counts { cached, computed, tally } = &self.counts;
        let mut fields = Map::new();
        fields.insert("model".into(), String::from_utf8_lossy(&self.wanted.model).into());
        let numbers = [
            ("version", self.opened.version),
            ("subjects", self.total as u64),
            ("cached", *cached),
            ("computed", *computed),
        ];
        fields.extend(numbers.map(|(name, number)| (name.to_owned(), Value::from(number))));
        tally.result(fields, "subject")
    }
}
