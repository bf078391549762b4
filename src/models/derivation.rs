//! Derivation requests: at most one derivation runs for each table.
//!
//! The inverse belongs to a table, and models with the same table share it: a model and its successor after a new
//! indicator, a model and its copies. So these models share one queue of derivations. Each value requests at most one
//! derivation, that of its current model; a request for an earlier model is dropped.
//!
//! A derivation has several steps. The model answers after the first one. Between steps, other derivations get their turn.

pub(crate) mod derive;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use assess_engine::Progress;
use assess_engine::model::AnyModel;

/// A failed derivation is not retried before this time. A retry may succeed, because memory was freed or a limit was
/// raised.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The derivation requests of one value, and their progress.
#[derive(Default)]
pub(crate) struct Derivation {
    queue: Arc<Queue>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The model to derive next; `None` when its derivation is running or nothing is requested.
    wanted: Option<AnyModel>,
    running: Option<Run>,
    failed: Option<(String, Instant)>,
    /// Why a later step of a model that answers failed.
    incomplete: Option<String>,
    /// A timer will queue the request, because the server is loading.
    deferred: bool,
    /// The value was freed.
    freed: bool,
}

#[derive(Clone)]
struct Run {
    model: AnyModel,
    progress: Arc<Progress>,
}

/// The queued derivations of one table.
#[derive(Default)]
struct Queue(Mutex<Queued>);

#[derive(Default)]
struct Queued {
    derivations: VecDeque<Arc<Derivation>>,
    /// A worker job is running or submitted for this queue.
    is_served: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No panic under these locks can leave the state inconsistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Derivation {
    /// A derivation for another value with the same table.
    pub(crate) fn with_same_table(&self) -> Arc<Self> {
        Arc::new(Self { queue: Arc::clone(&self.queue), state: Mutex::default() })
    }

    /// Sets the model to derive. Returns `false` when that changes nothing, or when the last derivation has just
    /// failed.
    pub(super) fn set_wanted(&self, model: &AnyModel) -> bool {
        let mut state = lock(&self.state);
        let is_deriving = |run: &Run| run.model.is_same(model) && run.progress.check().is_ok();
        if state.freed || state.running.as_ref().is_some_and(is_deriving) {
            return false;
        }
        if state.failed.as_ref().is_some_and(|(_, at)| at.elapsed() < RETRY_AFTER) {
            return false;
        }
        state.failed = None;
        state.incomplete = None;
        // The previous model is dropped outside the lock: this may be its last reference, and then it is freed here.
        let before = state.wanted.replace(model.clone());
        drop(state);
        before.is_none_or(|before| !before.is_same(model))
    }

    /// Forgets the failure of an earlier model, because it does not apply to the new one.
    pub(crate) fn clear_failure(&self) {
        let mut state = lock(&self.state);
        (state.failed, state.incomplete) = (None, None);
    }

    /// Whether the caller must queue the request later; `false` when a timer already does.
    pub(super) fn defer(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).deferred, true)
    }

    /// Queues the request. Returns `true` when the queue has no worker job; the caller must then submit one.
    pub(super) fn enqueue(self: &Arc<Self>) -> bool {
        lock(&self.state).deferred = false;
        let mut queue = lock(&self.queue.0);
        if !queue.derivations.iter().any(|queued| Arc::ptr_eq(queued, self)) {
            queue.derivations.push_back(Arc::clone(self));
        }
        !std::mem::replace(&mut queue.is_served, true)
    }

    /// Takes the first queued derivation that still has a request, with its model. When there is none, the queue is no
    /// longer marked as served.
    pub(crate) fn next(&self, progress: &Arc<Progress>) -> Option<(Arc<Self>, AnyModel)> {
        let mut queue = lock(&self.queue.0);
        while let Some(first) = queue.derivations.pop_front() {
            if let Some(model) = first.begin(progress) {
                return Some((first, model));
            }
        }
        queue.is_served = false;
        None
    }

    /// Cancels all queued derivations, because the workers are being stopped. A later request retries them.
    pub(super) fn cancel_queued(&self) {
        let derivations = {
            let mut queue = lock(&self.queue.0);
            queue.is_served = false;
            std::mem::take(&mut queue.derivations)
        };
        for derivation in derivations {
            let wanted = lock(&derivation.state).wanted.take();
            drop(wanted);
            _ = derivation.end(Err("cancelled".to_owned()));
        }
    }

    /// Whether derivations are queued. If not, the queue is no longer marked as served.
    pub(super) fn has_next(&self) -> bool {
        let mut queue = lock(&self.queue.0);
        queue.is_served = !queue.derivations.is_empty();
        queue.is_served
    }

    fn begin(&self, progress: &Arc<Progress>) -> Option<AnyModel> {
        let mut state = lock(&self.state);
        let model = state.wanted.take()?;
        state.running = Some(Run { model: model.clone(), progress: Arc::clone(progress) });
        Some(model)
    }

    /// Records the outcome of a step: whether the model needs more steps. A failure is ignored when a newer model is
    /// requested already. Returns whether the derivation has to be queued again.
    pub(crate) fn end(&self, outcome: Result<bool, String>) -> bool {
        let mut state = lock(&self.state);
        let run = state.running.take();
        match (outcome, &state.wanted, &run) {
            (Err(why), None, Some(run)) if run.model.as_model().ready() => state.incomplete = Some(why),
            (Err(why), None, _) => state.failed = Some((why, Instant::now())),
            (Ok(true), None, Some(run)) if !state.freed => state.wanted = Some(run.model.clone()),
            _ => {}
        }
        let is_wanted = state.wanted.is_some();
        drop(state);
        drop(run);
        is_wanted
    }

    /// The value is freed: drops its request. A running derivation is cancelled unless other values of the table wait
    /// for it.
    pub(crate) fn abandon(&self) {
        let is_alone = lock(&self.queue.0).derivations.iter().all(|queued| std::ptr::eq(&**queued, self));
        let mut state = lock(&self.state);
        state.freed = true;
        if let (Some(run), true) = (&state.running, is_alone) {
            run.progress.cancel();
        }
        let wanted = state.wanted.take();
        drop(state);
        drop(wanted);
    }

    /// The progress of the running derivation in percent, 0 when none runs.
    pub(crate) fn percent(&self) -> u32 {
        lock(&self.state).running.as_ref().map_or(0, |run| run.progress.percent())
    }

    /// Why the last step failed, also one that a model that answers can do without.
    pub(crate) fn shortcoming(&self) -> Option<String> {
        let incomplete = lock(&self.state).incomplete.clone();
        incomplete.or_else(|| self.failure())
    }

    /// Why the model does not answer; `None` after a retry has begun.
    pub(crate) fn failure(&self) -> Option<String> {
        lock(&self.state).failed.as_ref().map(|(why, _)| why.clone())
    }
}
