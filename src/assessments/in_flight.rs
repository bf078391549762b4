//! Questions that a worker computes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use assess_engine::Progress;
use assess_engine::history::Record;
use assess_engine::model::{AnyModel, Identity};
use bytes::Bytes;

use crate::assessments::request::{OwnedQuestion, Request};
use crate::assessments::waiting;
use crate::cache::pending::{self, Pending};
use crate::cache::store::Life;
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::models::history::Log;
use crate::reply::Reply;
use crate::settings;
use crate::types::value::Loaded;
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

/// A question for a worker.
pub(crate) struct Work {
    db: i32,
    name: Vec<u8>,
    model_key: Vec<u8>,
    model: AnyModel,
    version: u64,
    subject: Vec<Vec<u8>>,
    question: OwnedQuestion,
    life: Life,
    keeps: bool,
    log: Option<Log>,
}

pub(crate) fn work(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    subject: &[&[u8]],
    request: &Request<'_>,
    name: Vec<u8>,
    log: Option<Log>,
) -> Work {
    Work {
        db: ctx.db(),
        name,
        model_key: model_key.to_vec(),
        model: loaded.model.clone(),
        version: loaded.version,
        subject: subject.iter().map(|part| part.to_vec()).collect(),
        question: OwnedQuestion::of(&request.question),
        life: request.life,
        keeps: request.is_kept(),
        log,
    }
}

/// What a worker has made.
struct Computed {
    document: Bytes,
    /// What the history says of it.
    record: Option<Record>,
}

impl Work {
    fn compute(&self, progress: &Progress) -> Outcome<Computed> {
        let subject: Vec<&[u8]> = self.subject.iter().map(Vec::as_slice).collect();
        let question = self.question.borrowed();
        let identity = Identity { name: &self.model_key, version: self.version };
        let mut document = Vec::with_capacity(4096);
        let model = self.model.as_model();
        let assess = || model.assess_while_wanted(&identity, &subject, &question, progress, &mut document);
        guard::run("an assessment", assess)??;
        let record = self.log.is_some().then(|| guard::run("a record", || model.record(&subject, &document)));
        Ok(Computed { record: record.transpose()?, document: document.into() })
    }

    /// What a client is told whose wait for the answer is over.
    pub(crate) fn ended(&self) -> Ended {
        if self.keeps { waiting::ended } else { waiting::given_up }
    }

    fn flight(&self) -> Flight {
        (self.db, self.name.clone(), self.version)
    }

    /// Has the result logged and stored, where somebody wants that.
    fn landed(self, computed: Computed, keep: Option<Life>) {
        let Self { db, name, model_key, version, log, .. } = self;
        let Computed { document, record } = computed;
        if let Some((log, record)) = log.zip(record) {
            log.computed((db, &model_key), &name, record, &document);
        }
        if let Some(life) = keep {
            pending::keep(db, name, Pending { document, life, model: model_key, version });
        }
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

pub(crate) fn compute_elsewhere(work: Work, blocked: Blocked) {
    if work.keeps {
        // It will be stored: who asks again finds it.
        blocked.limit(settings::default_wait_ms());
    }
    let is_first = IN_FLIGHT.with_borrow_mut(|flights| {
        let passengers = flights.entry(work.flight()).or_default();
        passengers.waiting.push(blocked);
        passengers.keep = work.keeps.then_some(work.life).or(passengers.keep);
        passengers.waiting.len() == 1
    });
    if !is_first {
        return;
    }
    // Whatever becomes of the job, those who wait are answered: a landing that is dropped says so.
    let landing = Landing { work: Some(work), computed: Err(Failure::internal()) };
    let progress = Arc::<Progress>::default();
    pool::run(Lane::Question, Some(Arc::clone(&progress)), move || {
        let mut landing = landing;
        let compute = |work: &Work| pool::at_low_priority(|| work.compute(&progress));
        if let Some(computed) = landing.work.as_ref().map(compute) {
            landing.computed = computed;
        }
    });
}

/// Answers everybody who waited for a computation, as it is dropped.
struct Landing {
    /// Taken when it lands.
    work: Option<Work>,
    computed: Outcome<Computed>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        let computed = std::mem::replace(&mut self.computed, Err(Failure::internal()));
        main_loop::post(move |_| {
            let passengers = IN_FLIGHT.with_borrow_mut(|flights| flights.remove(&work.flight())).unwrap_or_default();
            for blocked in passengers.waiting {
                let document = computed.as_ref().map(|computed| computed.document.clone()).map_err(Clone::clone);
                blocked.reply(document.map(Reply::Bulk).into());
            }
            if let Ok(computed) = computed {
                work.landed(computed, passengers.keep);
            }
        });
    }
}
