//! Submits derivations to workers: after a load, a restart, a full synchronisation, a copy, a new indicator.

use std::cell::Cell;
use std::sync::Arc;

use assess_engine::model::AnyModel;
use assess_engine::{Error as EngineError, Progress};

use crate::ffi::account::{self, Account};
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::models::derivation::Derivation;
use crate::types::value::Loaded;
use crate::work::discard::Held;
use crate::work::pool::{self, Lane};
use crate::work::{main_loop, memory};

/// The time until a failed step of a model that answers is tried again.
const AGAIN_MS: u64 = 10_000;

thread_local! {
    /// Set once when the module is loaded: derivations do not depend on the requests that wait for them.
    static RETRY: Cell<fn(Ctx<'_>)> = const { Cell::new(|_| {}) };
}

/// Sets the function that handles the waiting requests again. It runs on the main thread when a derivation has ended.
pub(crate) fn retry_with(retry: fn(Ctx<'_>)) {
    RETRY.set(retry);
}

/// Requests the derivation of a model that is not complete, unless it is running or has just failed. While the server
/// loads its data set the derivation is deferred, because a later command of the same file may replace the model.
pub(crate) fn request(ctx: Ctx<'_>, loaded: &Loaded) {
    if ctx.is_loading() {
        request_later(loaded);
    } else if !loaded.as_model().is_complete() && loaded.derivation.set_wanted(&loaded.model) {
        start(ctx, &loaded.derivation);
    }
}

/// Requests the derivation that a query needs, and returns it for the waiter. Only the first few indicators are derived
/// without a request; the others are derived when a query needs them.
pub(crate) fn requested(ctx: Ctx<'_>, loaded: &Loaded) -> Arc<Derivation> {
    request(ctx, loaded);
    Arc::clone(&loaded.derivation)
}

/// The same as [`request`], but starts the derivation with a timer. For callers without a context, and while the data
/// set is loading: timers do not fire before the load ends, and the memory figures are final then.
pub(crate) fn request_later(loaded: &Loaded) {
    if loaded.as_model().is_complete() || !loaded.derivation.set_wanted(&loaded.model) || !loaded.derivation.defer() {
        return;
    }
    let (derivation, account) = (Arc::clone(&loaded.derivation), account::acting());
    main_loop::after(0, move |ctx| account::continued(&account, || start(ctx, &derivation)));
}

fn start(ctx: Ctx<'_>, derivation: &Arc<Derivation>) {
    memory::watch(ctx);
    if derivation.enqueue() {
        serve(Arc::clone(derivation), account::acting());
    }
}

/// Submits a worker job for the next step in the queue of `member`. Each step is a separate job, so that
/// other tables are served between them, and has its own progress, so that a cancellation does not affect the next one.
fn serve(member: Arc<Derivation>, account: Arc<Account>) {
    let progress = Arc::<Progress>::default();
    let mut job = QueueJob { member, account: Arc::clone(&account), taken: false };
    pool::run_for(&account, Lane::Heavy, Some(Arc::clone(&progress)), move || {
        job.taken = true;
        if let Some((derivation, model)) = job.member.next(&progress) {
            let derived = guard::run("deriving", || {
                let budget = memory::budget_of_worker();
                pool::on_all_threads(|| model.as_model().derive_next(&budget, &progress))
            });
            if let Ok(Err(EngineError::NoRoom { .. } | EngineError::Cancelled)) = derived {
                again_later(Arc::clone(&derivation), Held::new(&model));
            }
            drop(model);
            let is_wanted = derivation.end(match derived {
                Ok(derived) => derived.map_err(|error| error.to_string()),
                Err(failure) => Err(failure.text.into_owned()),
            });
            if is_wanted {
                // The queue is being served: this job submits the next one when it is dropped.
                derivation.enqueue();
            }
        }
        // The model has made a step, failed or was removed: in each case waiters may be answered.
        main_loop::post(|ctx| RETRY.get()(ctx));
    });
}

/// When a later step of a model that answers fails for lack of memory, no request asks for it: it is tried again after a
/// while. A model that does not answer is derived again by the next request.
fn again_later(derivation: Arc<Derivation>, model: Held<AnyModel>) {
    main_loop::post(move |_| {
        main_loop::after(AGAIN_MS, move |ctx| {
            let is_incomplete = model.as_model().ready() && !model.as_model().is_complete();
            if is_incomplete && derivation.set_wanted(&model) {
                start(ctx, &derivation);
            }
        });
    });
}

/// The job for one derivation of a queue. When it is dropped, also after a panic, the next job is submitted.
struct QueueJob {
    member: Arc<Derivation>,
    /// Of the user whose command has requested it.
    account: Arc<Account>,
    /// A worker has started the job. If this is dropped before, the workers are being stopped.
    taken: bool,
}

impl Drop for QueueJob {
    fn drop(&mut self) {
        if !self.taken {
            self.member.cancel_queued();
        } else if self.member.has_next() {
            serve(Arc::clone(&self.member), Arc::clone(&self.account));
        }
    }
}
