//! Who wants what derived: one thing at a time for each table.
//!
//! The inverse belongs to a table, and models that share the table (one and its successor after a new indicator, one and
//! its copies) share it. So at most one derivation runs for all of them, and the others wait in line; each value wants
//! one thing at most, the model it holds now: what it held before is nobody's any more.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use assess_engine::Progress;
use assess_engine::model::AnyModel;

/// How long a failure stands before whoever asks has it tried again: there may be more memory by then, or a limit may
/// have been raised.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What one value wants derived, and how far that is.
#[derive(Default)]
pub(crate) struct Derivation {
    line: Arc<Line>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The latest model to derive; none when it is being derived or nothing is wanted.
    wanted: Option<AnyModel>,
    running: Option<Run>,
    failed: Option<(String, Instant)>,
    /// A timer will put it in line: the server is loading.
    deferred: bool,
    /// The value was freed.
    freed: bool,
}

#[derive(Clone)]
struct Run {
    model: AnyModel,
    progress: Arc<Progress>,
}

/// The derivations of one table.
#[derive(Default)]
struct Line(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    queue: VecDeque<Arc<Derivation>>,
    /// Somebody serves the line.
    served: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half done under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Derivation {
    /// One for another value with the same table.
    pub(crate) fn with_same_table(&self) -> Arc<Self> {
        Arc::new(Self { line: Arc::clone(&self.line), state: Mutex::default() })
    }

    /// Says what is wanted now; `false` when that changes nothing, or it has failed a moment ago.
    pub(crate) fn want(&self, model: &AnyModel) -> bool {
        let mut state = lock(&self.state);
        let is_at_it = |run: &Run| run.model.is_same(model) && run.progress.check().is_ok();
        if state.freed || state.running.as_ref().is_some_and(is_at_it) {
            return false;
        }
        if state.failed.as_ref().is_some_and(|(_, at)| at.elapsed() < RETRY_AFTER) {
            return false;
        }
        state.failed = None;
        // The model that was wanted before is dropped when nobody looks any more: it may be the last of its kind.
        let before = state.wanted.replace(model.clone());
        drop(state);
        before.is_none_or(|before| !before.is_same(model))
    }

    /// What was said of an older model does not hold for the one that takes its place.
    pub(crate) fn clear_failure(&self) {
        lock(&self.state).failed = None;
    }

    /// Whether the caller is to put it in line later; `false` when somebody will.
    pub(crate) fn defer(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).deferred, true)
    }

    /// Puts it in line; `true` when nobody serves the line, which is up to the caller from now on.
    pub(crate) fn enqueue(self: &Arc<Self>) -> bool {
        lock(&self.state).deferred = false;
        let mut line = lock(&self.line.0);
        if !line.queue.iter().any(|queued| Arc::ptr_eq(queued, self)) {
            line.queue.push_back(Arc::clone(self));
        }
        !std::mem::replace(&mut line.served, true)
    }

    /// Takes the first of the line that still wants something, with what it wants; the line is not served any more when
    /// there is none.
    pub(crate) fn next(&self, progress: &Arc<Progress>) -> Option<(Arc<Self>, AnyModel)> {
        let mut line = lock(&self.line.0);
        while let Some(first) = line.queue.pop_front() {
            if let Some(model) = first.begin(progress) {
                return Some((first, model));
            }
        }
        line.served = false;
        None
    }

    /// Nobody will serve the line: workers are being stopped. Whoever asks later has it tried again.
    pub(crate) fn cancel_queued(&self) {
        let queue = {
            let mut line = lock(&self.line.0);
            line.served = false;
            std::mem::take(&mut line.queue)
        };
        for derivation in queue {
            let wanted = lock(&derivation.state).wanted.take();
            drop(wanted);
            derivation.end(Err("cancelled".to_owned()));
        }
    }

    /// Whether somebody waits in line. If not, it is not served any more.
    pub(crate) fn has_next(&self) -> bool {
        let mut line = lock(&self.line.0);
        line.served = !line.queue.is_empty();
        line.served
    }

    fn begin(&self, progress: &Arc<Progress>) -> Option<AnyModel> {
        let mut state = lock(&self.state);
        let model = state.wanted.take()?;
        state.running = Some(Run { model: model.clone(), progress: Arc::clone(progress) });
        Some(model)
    }

    /// Records how it ended. What failed for a model that has been replaced meanwhile is of no interest.
    pub(crate) fn end(&self, outcome: Result<(), String>) {
        let mut state = lock(&self.state);
        let run = state.running.take();
        if let (Err(why), None) = (outcome, &state.wanted) {
            state.failed = Some((why, Instant::now()));
        }
        drop(state);
        drop(run);
    }

    /// The value is freed. Work that others of the table wait for as well goes on.
    pub(crate) fn abandon(&self) {
        let is_alone = lock(&self.line.0).queue.iter().all(|queued| std::ptr::eq(&**queued, self));
        let mut state = lock(&self.state);
        state.freed = true;
        if let (Some(run), true) = (&state.running, is_alone) {
            run.progress.cancel();
        }
        let wanted = state.wanted.take();
        drop(state);
        drop(wanted);
    }

    /// Percent done of what runs, 0 when nothing does.
    pub(crate) fn percent(&self) -> u32 {
        lock(&self.state).running.as_ref().map_or(0, |run| run.progress.percent())
    }

    /// Why it failed, until it is tried again.
    pub(crate) fn failure(&self) -> Option<String> {
        lock(&self.state).failed.as_ref().map(|(why, _)| why.clone())
    }
}
