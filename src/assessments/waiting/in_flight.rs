//! Requests that a worker computes. Equal requests at the same time share one computation (single flight).

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use assess_engine::Progress;
use assess_engine::history::Record;
use assess_engine::model::{AnyModel, Identity};
use bytes::Bytes;

use crate::assessments::request::{OwnedQuery, RequestOptions};
use crate::assessments::waiting;
use crate::cache::pending::{self, Pending};
use crate::cache::store::TimeToLive;
use crate::error::{Failure, Outcome};
use crate::ffi::account::{self, Account};
use crate::ffi::blocked::{Blocked, Ended, Meter};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::models::history::Log;
use crate::reply::Reply;
use crate::settings;
use crate::types::value::Loaded;
use crate::work::discard::Held;
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

/// A request for a worker.
pub(crate) struct Computation {
    db: i32,
    name: Vec<u8>,
    model_key: Vec<u8>,
    model: Held<AnyModel>,
    version: u64,
    subject: Vec<Vec<u8>>,
    query: OwnedQuery,
    ttl: TimeToLive,
    keeps: bool,
    log: Option<Log>,
    lane: Lane,
    /// Of the user who has requested it first.
    account: Arc<Account>,
}

/// From this estimate on, requests have a lane of their own: shorter ones do not wait for them.
const LONG: Duration = Duration::from_millis(100);

pub(crate) fn work(
    ctx: Ctx<'_>,
    loaded: &Loaded,
    model_key: &[u8],
    subject: &[&[u8]],
    request: &RequestOptions<'_>,
    name: Vec<u8>,
    log: Option<Log>,
) -> Computation {
    Computation {
        db: ctx.db(),
        name,
        model_key: model_key.to_vec(),
        model: Held::new(&loaded.model),
        version: loaded.version,
        subject: subject.iter().map(|part| part.to_vec()).collect(),
        query: OwnedQuery::of(&request.query),
        ttl: request.ttl,
        keeps: request.is_kept(),
        log,
        lane: if loaded.as_model().estimate(subject, &request.query) < LONG { Lane::Request } else { Lane::Analysis },
        account: account::acting(),
    }
}

/// The result of a worker.
struct Computed {
    document: Bytes,
    /// Its record for the history.
    record: Option<Record>,
}

impl Computation {
    fn compute(&self, progress: &Progress) -> Outcome<Computed> {
        let subject: Vec<&[u8]> = self.subject.iter().map(Vec::as_slice).collect();
        let identity = Identity { name: &self.model_key, version: self.version };
        let mut document = Vec::with_capacity(4096);
        let model = self.model.as_model();
        let assess =
            || self.query.with(|query| model.assess_while_wanted(&identity, &subject, query, progress, &mut document));
        guard::run("an assessment", assess)??;
        let record = self.log.is_some().then(|| guard::run("a record", || model.record(&subject, &document)));
        Ok(Computed { record: record.transpose()?, document: document.into() })
    }

    /// The reply for a client whose wait ends before the result.
    pub(crate) fn ended(&self) -> Ended {
        if self.keeps { waiting::ended } else { waiting::ended_unstored }
    }

    fn flight_key(&self) -> FlightKey {
        (self.db, self.name.clone(), self.version)
    }

    /// Writes the result to the history, and queues it to be stored, if requested.
    fn finish(self, computed: Computed, keep: Option<TimeToLive>) {
        let Self { db, name, model_key, version, log, account, .. } = self;
        let Computed { document, record } = computed;
        account::continued(&account, || {
            if let Some((log, record)) = log.zip(record) {
                log.computed((db, &model_key), &name, record, &document);
            }
            if let Some(ttl) = keep {
                pending::keep(db, name, Pending { document, ttl, model: model_key, version });
            }
        });
    }
}

/// Identifies a computation: database, cache key, and version of the model.
type FlightKey = (i32, Vec<u8>, u64);

/// The clients that wait for one computation.
#[derive(Default)]
struct Waiters {
    waiting: Vec<Blocked>,
    /// How many of them still wait.
    count: usize,
    /// The time to live of the result, if one of the requests stores it.
    keep: Option<TimeToLive>,
    /// No client waits: the module computes ahead.
    is_ahead: bool,
    /// Of the running computations: two, if a request has overtaken one ahead.
    running: Vec<Arc<Progress>>,
}

thread_local! {
    /// The computations in flight, with their waiters.
    static IN_FLIGHT: RefCell<HashMap<FlightKey, Waiters>> = RefCell::default();
    /// The computation that a client waits for, by client id.
    static AWAITED: RefCell<HashMap<u64, FlightKey>> = RefCell::default();
}

pub(crate) fn compute_on_worker(work: Computation, blocked: Blocked) {
    if work.keeps {
        // The result will be stored, so a client that retries finds it.
        blocked.limit(settings::default_wait_ms());
    }
    // Of the clients that wait for the same computation, the first has its time.
    let meter = blocked.meter();
    if joins(&work, Some(blocked)) {
        let lane = work.lane;
        start(work, lane, Some(meter));
    }
}

/// The most computations ahead of a request at the same time. They share the threads of loads and derivations.
const MOST_AHEAD: usize = 8;

/// Computes for no client, and stores the result. When there are many such computations, it is left out.
pub(crate) fn compute_ahead(work: Computation) {
    let ahead = IN_FLIGHT.with_borrow(|flights| flights.values().filter(|waiters| waiters.is_ahead).count());
    if ahead < MOST_AHEAD && joins(&work, None) {
        start(work, Lane::Heavy, None);
    }
}

/// Adds a client to the waiters of a computation. Returns whether the computation has to be started.
fn joins(work: &Computation, blocked: Option<Blocked>) -> bool {
    IN_FLIGHT.with_borrow_mut(|flights| {
        let is_first = !flights.contains_key(&work.flight_key());
        let waiters = flights.entry(work.flight_key()).or_default();
        // A client does not wait behind loads: its request is computed as if there were no computation ahead. The first
        // result answers it.
        let is_overtaken = waiters.is_ahead && blocked.is_some();
        // It was cancelled because no client waited for it.
        let is_cancelled = waiters.running.iter().all(|progress| progress.is_cancelled());
        waiters.is_ahead = blocked.is_none() && (is_first || is_cancelled || waiters.is_ahead);
        if let Some(blocked) = blocked {
            AWAITED.with_borrow_mut(|awaited| awaited.insert(blocked.client(), work.flight_key()));
            waiters.count += 1;
            waiters.waiting.push(blocked);
        }
        waiters.keep = work.keeps.then_some(work.ttl).or(waiters.keep);
        is_first || is_overtaken || is_cancelled
    })
}

fn start(work: Computation, lane: Lane, meter: Option<Meter>) {
    // The waiters are answered in any case, also if the job panics or is cancelled: see the `Drop` of `Completion`.
    let progress = Arc::<Progress>::default();
    IN_FLIGHT.with_borrow_mut(|flights| {
        flights.entry(work.flight_key()).or_default().running.push(Arc::clone(&progress));
    });
    let completion =
        Completion { work: Some(work), computed: Err(Failure::internal()), progress: Arc::clone(&progress) };
    pool::run(lane, Some(Arc::clone(&progress)), move || {
        let mut completion = completion;
        let Some(work) = &completion.work else { return };
        let compute = || pool::at_reduced_priority(|| work.compute(&progress));
        completion.computed = match meter {
            Some(meter) => meter.measure(compute),
            None => compute(),
        };
    });
}

/// A client no longer waits. Cancels the computation that it waited for, if it was the last one and the result will not
/// be stored.
pub(super) fn left(client: u64) {
    let Some(key) = AWAITED.with_borrow_mut(|awaited| awaited.remove(&client)) else { return };
    IN_FLIGHT.with_borrow_mut(|flights| {
        let Some(waiters) = flights.get_mut(&key) else { return };
        waiters.count = waiters.count.saturating_sub(1);
        if waiters.count == 0 && waiters.keep.is_none() && !waiters.is_ahead {
            waiters.running.iter().for_each(|progress| progress.cancel());
        }
    });
}

/// Answers all waiters of a computation when it is dropped.
struct Completion {
    /// Taken when it is dropped.
    work: Option<Computation>,
    computed: Outcome<Computed>,
    progress: Arc<Progress>,
}

impl Drop for Completion {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        let computed = std::mem::replace(&mut self.computed, Err(Failure::internal()));
        let progress = Arc::clone(&self.progress);
        main_loop::post(move |_| {
            let key = work.flight_key();
            let Some(waiters) = waiters_of(&key, &progress, computed.is_err()) else { return };
            AWAITED.with_borrow_mut(|awaited| {
                for client in waiters.waiting.iter().map(Blocked::client) {
                    // A client that left early may wait for another computation by now.
                    if awaited.get(&client) == Some(&key) {
                        awaited.remove(&client);
                    }
                }
            });
            for blocked in waiters.waiting {
                let document = computed.as_ref().map(|computed| computed.document.clone()).map_err(Clone::clone);
                blocked.reply(document.map(Reply::Bulk).into());
            }
            if let Ok(computed) = computed {
                work.finish(computed, waiters.keep);
            }
        });
    }
}

/// Takes the waiters of a computation that has ended. `None` if it was cancelled and they wait for another one.
fn waiters_of(key: &FlightKey, ended: &Arc<Progress>, has_failed: bool) -> Option<Waiters> {
    IN_FLIGHT.with_borrow_mut(|flights| {
        if let Some(waiters) = flights.get_mut(key) {
            waiters.running.retain(|running| !Arc::ptr_eq(running, ended));
            if has_failed && ended.is_cancelled() && !waiters.running.is_empty() {
                return None;
            }
        }
        Some(flights.remove(key).unwrap_or_default())
    })
}
