//! A job that runs: its progress, its work on workers and in slices, and the report of its end.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use assess_engine::jobs::{JobId, Report};
use assess_engine::{Error as EngineError, Progress};

use super::slices;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::{self, Ctx};
use crate::ffi::guard;
use crate::ffi::key::{Key, Mode};
use crate::jobs::change::{Absent, change};
use crate::settings;
use crate::types::queue::{self, Found};
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

/// A job that runs.
pub(super) struct Task {
    pub(super) db: i32,
    pub(super) queue: Box<[u8]>,
    pub(super) id: JobId,
    pub(super) token: u64,
    /// Cancels the work. Shows the completed share, unless `percent` does.
    pub(super) progress: Arc<Progress>,
    percent: AtomicU32,
    message: Mutex<Cow<'static, str>>,
}

/// The value of `percent` when the progress of the work itself is shown.
const OF_WORK: u32 = u32::MAX;

impl Task {
    /// A job that was claimed by this server.
    pub(super) fn new((db, queue): (i32, Box<[u8]>), id: JobId, token: u64) -> Self {
        let (progress, percent, message) = (Arc::default(), AtomicU32::new(0), Mutex::default());
        Self { db, queue, id, token, progress, percent, message }
    }

    /// What the job does now, for observers.
    pub(super) fn say(&self, text: impl Into<Cow<'static, str>>) {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = text.into();
    }

    pub(super) fn message(&self) -> Cow<'static, str> {
        self.message.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The completed share in percent. A job that has not ended shows at most 99.
    pub(super) fn percent(&self) -> u8 {
        let percent = match self.percent.load(Ordering::Relaxed) {
            OF_WORK => self.progress.percent(),
            percent => percent,
        };
        percent.min(99) as u8
    }

    fn is_at(&self, db: i32, queue: &[u8]) -> bool {
        self.db == db && *self.queue == *queue
    }
}

/// The duty to report the end of a job. If it is dropped without a report, the job has failed.
pub(super) struct Run {
    pub(super) task: Arc<Task>,
    is_over: bool,
}

impl Run {
    fn new(task: Arc<Task>) -> Self {
        Self { task, is_over: false }
    }

    /// Reports the result. Any thread.
    pub(super) fn complete(mut self, result: Vec<u8>) {
        self.is_over = true;
        report_soon(Arc::clone(&self.task), Ok(result));
    }

    /// Reports a failure. Any thread.
    pub(super) fn fail(mut self, failure: Failure) {
        self.is_over = true;
        report_soon(Arc::clone(&self.task), Err(failure));
    }

    /// Sets the completed share of the job.
    pub(super) fn at(&self, done: usize, of: usize) {
        self.task.percent.store((done * 100 / of.max(1)) as u32, Ordering::Relaxed);
    }

    /// The progress of the work itself is that of the job.
    pub(super) fn shows_work(&self) {
        self.task.percent.store(OF_WORK, Ordering::Relaxed);
    }

    /// Fails after the job was cancelled.
    pub(super) fn check(&self) -> Outcome<()> {
        Ok(self.task.progress.check()?)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.is_over {
            report_soon(Arc::clone(&self.task), Err(Failure::internal()));
        }
    }
}

/// What [`on_worker`] reads, in messages.
pub(super) const PAYLOAD: &str = "the payload of a job";

/// Computes on a worker, then runs `then` on the main thread in the database of the job. A failure ends the job.
///
/// The priority is reduced, but not the lowest, because payloads and documents allocate all the time. The main thread
/// shares the locks of the allocator, at least ten times a second for the server's statistics: a thread that is stopped
/// while it holds one delays all clients. With other programs on both cores the p99.9 of another client was 200 ms at the
/// lowest priority and 12 ms at this one; at the usual one its requests waited for the turns of the workers.
pub(super) fn on_worker<T: Send + 'static>(
    run: Run,
    what: &'static str,
    work: impl FnOnce(&Run) -> Outcome<T> + Send + 'static,
    then: impl FnOnce(Ctx<'_>, Run, T) + Send + 'static,
) {
    let progress = Arc::clone(&run.task.progress);
    let made = move |run: &Run| pool::at_reduced_priority(|| guard::run(what, || work(run)).and_then(|made| made));
    pool::run(Lane::Heavy, Some(progress), move || match made(&run) {
        Ok(made) => main_loop::post(move |ctx| {
            if ctx.select(run.task.db) {
                then(ctx, run, made);
            }
        }),
        Err(failure) => run.fail(failure),
    });
}

/// Runs `work` in a slice of the main thread, when the server accepts writes. The slices of all jobs take turns.
pub(super) fn in_slice(run: Run, work: impl FnOnce(Ctx<'_>, Run) + Send + 'static) {
    slices::add(move |ctx| {
        let db = run.task.db;
        main_loop::when_writable(ctx, db, move |ctx, writable| match writable.and_then(|()| run.check()) {
            Ok(()) => work(ctx, run),
            Err(failure) => {
                run.fail(failure);
                // What a stopped job holds may be large.
                pool::run(Lane::Disposal, None, move || drop(work));
            }
        });
    });
}

thread_local! {
    static RUNNING: RefCell<Vec<Arc<Task>>> = const { RefCell::new(Vec::new()) };
    static WHEN_ONE_ENDS: Cell<fn(Ctx<'_>)> = const { Cell::new(|_| {}) };
}

/// The number of jobs that the module runs.
pub(crate) fn running() -> usize {
    RUNNING.with_borrow(Vec::len)
}

/// Adds a job. `when_one_ends` is called when a job has ended, and another one may start.
pub(super) fn add(task: Task, when_one_ends: fn(Ctx<'_>)) -> Run {
    let task = Arc::new(task);
    WHEN_ONE_ENDS.set(when_one_ends);
    RUNNING.with_borrow_mut(|running| running.push(Arc::clone(&task)));
    Run::new(task)
}

/// A job has ended: another one may start. `false` if it had no place, because the server was a replica meanwhile.
fn leave(task: &Arc<Task>) -> bool {
    let left = RUNNING.with_borrow_mut(|running| {
        let before = running.len();
        running.retain(|other| !Arc::ptr_eq(other, task));
        running.len() < before
    });
    main_loop::after(0, WHEN_ONE_ENDS.get());
    left
}

/// The tasks that run now.
pub(super) fn tasks() -> Vec<Arc<Task>> {
    RUNNING.with_borrow(Vec::clone)
}

/// A queue has changed: the jobs of this server in it that were cancelled stop.
pub(in crate::jobs) fn changed(ctx: Ctx<'_>, name: &[u8]) {
    if RUNNING.with_borrow(|running| !running.iter().any(|task| task.is_at(ctx.db(), name))) {
        return;
    }
    let key = Key::open(ctx, name, Mode::Peek);
    let Found::Ours(queue) = queue::find(&key) else { return };
    RUNNING.with_borrow(|running| {
        for task in running.iter().filter(|task| task.is_at(ctx.db(), name)) {
            if queue.status(&task.id.text()).is_none_or(|status| status.cancel_requested || status.state.is_ended()) {
                task.progress.cancel();
            }
        }
    });
}

/// This server is no longer the master: its jobs stop, and their leases end.
pub(crate) fn stop() {
    RUNNING.take().iter().for_each(|task| task.progress.cancel());
}

/// Records the end of a job as soon as the server accepts writes. Any thread.
fn report_soon(task: Arc<Task>, outcome: Outcome<Vec<u8>>) {
    main_loop::post(move |ctx| {
        let db = task.db;
        main_loop::when_writable(ctx, db, move |ctx, writable| {
            // A server that is no longer the master has stopped its jobs.
            if leave(&task) && writable.is_ok() {
                record(ctx, &task, outcome);
            }
        });
    });
}

fn record(ctx: Ctx<'_>, task: &Task, outcome: Outcome<Vec<u8>>) {
    let outcome = outcome.and_then(|result| {
        if result.len() as u64 > settings::max_payload() {
            return Err(Failure::new(Code::TooBig, "the result is over assess.max-payload"));
        }
        Ok(result)
    });
    let error = match &outcome {
        Ok(_) => String::new(),
        Err(failure) if is_cancelled(failure) => "ERR the job was stopped".to_owned(),
        Err(failure) => failure.to_string(),
    };
    let report = match &outcome {
        Ok(result) => Report::Completed { result },
        // The queue records an error after a request to cancel as cancelled.
        Err(failure) => Report::Failed { error: error.as_bytes(), retry: is_passing(failure), traceback: None },
    };
    let reported = change(ctx, &task.queue, Absent::Leave, |request| {
        request.queue.report(request.now, &task.id.text(), task.token, report, request.random, request.out)
    });
    match reported {
        // Lost: the job was cancelled and did not stop in time, or the queue was deleted.
        Ok(()) | Err(Failure { code: Code::LeaseLost | Code::Err, .. }) => {}
        Err(failure) => ctx::warn(&format!("the end of a job could not be recorded: {failure}")),
    }
}

/// Whether a failure may be over when the job is run again. A wrong payload fails again.
fn is_passing(failure: &Failure) -> bool {
    let is_of_state = matches!(failure.code, Code::Busy | Code::NotReady | Code::NoRoom | Code::ReadOnly);
    is_of_state || *failure == Failure::internal() || is_cancelled(failure)
}

fn is_cancelled(failure: &Failure) -> bool {
    *failure == Failure::from(EngineError::Cancelled)
}
