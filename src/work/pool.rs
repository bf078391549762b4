//! Worker threads: everything that takes longer than a slice of the main thread.
//!
//! Lanes, so that a question that needs a worker does not wait behind the inverse of a table: `Heavy` for loads and
//! derivations, as many threads as `assess.threads` says, and one each for `Question`s, for the `Document`s of
//! indicators and for the `Disposal` of what is no longer needed. Threads live as long as there is work for them and know
//! nothing of the keyspace; results go back through `main_loop::post`.
//!
//! Whatever computes runs at the lowest priority that it may have, in a thread of its own within a job
//! ([`at_low_priority`]; where system calls are filtered it yields often instead, see [`thread::lower_priority`]). The job
//! itself does not: it takes locks that the main thread takes too, and a thread that is kept from running by others while
//! it holds one would keep everybody waiting.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use assess_engine::Progress;

use crate::ffi::guard;
use crate::ffi::thread;
use crate::settings;
use crate::work::main_loop;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Heavy,
    Question,
    Document,
    Disposal,
}

impl Lane {
    const ALL: [Self; 4] = [Self::Heavy, Self::Question, Self::Document, Self::Disposal];

    const fn name(self) -> &'static str {
        match self {
            Self::Heavy => "assess-heavy",
            Self::Question => "assess-ask",
            Self::Document => "assess-read",
            Self::Disposal => "assess-free",
        }
    }
}

/// Milliseconds until a thread that could not be started is tried again.
const RETRY_MS: u64 = 100;

struct Job {
    work: Box<dyn FnOnce() + Send>,
    /// Asked to stop when the server shuts down.
    progress: Option<Arc<Progress>>,
}

#[derive(Default)]
struct State {
    jobs: [VecDeque<Job>; Lane::ALL.len()],
    threads: [usize; Lane::ALL.len()],
    running: Vec<Arc<Progress>>,
    handles: Vec<JoinHandle<()>>,
    stopping: bool,
    /// A lane lacks a thread, and starting one will be tried again.
    retrying: bool,
}

static STATE: LazyLock<Mutex<State>> = LazyLock::new(Mutex::default);

fn lock() -> MutexGuard<'static, State> {
    // A panic inside a job is caught outside the lock, so the state is whole.
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn thread_limit(lane: Lane) -> usize {
    match lane {
        Lane::Heavy => settings::threads(),
        Lane::Question | Lane::Document | Lane::Disposal => 1,
    }
}

/// Has a worker run `work`. While the server shuts down it is dropped instead: clients that it was to answer hear of an
/// internal error from their handle.
pub(crate) fn run(lane: Lane, progress: Option<Arc<Progress>>, work: impl FnOnce() + Send + 'static) {
    let job = Job { work: Box::new(work), progress };
    let mut state = lock();
    if state.stopping {
        // Outside the lock: what a job owns may have more to run when it goes.
        drop(state);
        drop(job);
        return;
    }
    state.jobs[lane as usize].push_back(job);
    state.handles.retain(|thread| !thread.is_finished());
    state.start_thread(lane);
}

impl State {
    /// Starts a thread where jobs wait and one more is allowed. When the system has none to give, the jobs wait for the
    /// threads there are, or until it has.
    fn start_thread(&mut self, lane: Lane) {
        if self.jobs[lane as usize].is_empty() || self.threads[lane as usize] >= thread_limit(lane) {
            return;
        }
        match std::thread::Builder::new().name(lane.name().into()).spawn(move || work_on(lane)) {
            Ok(handle) => {
                self.threads[lane as usize] += 1;
                self.handles.push(handle);
            }
            Err(error) if !self.retrying => {
                self.retrying = true;
                crate::ffi::ctx::warn(&format!("cannot start a worker thread yet: {error}"));
                main_loop::post(|_| main_loop::after(RETRY_MS, |_| retry()));
            }
            Err(_) => {}
        }
    }
}

fn retry() {
    let mut state = lock();
    state.retrying = false;
    if !state.stopping {
        Lane::ALL.into_iter().for_each(|lane| state.start_thread(lane));
    }
}

fn work_on(lane: Lane) {
    let mut state = lock();
    loop {
        // Without work a thread ends, and gives back what the kernels keep per thread: tens of megabytes. A thread
        // that looks and ends holds the lock, so no job can come to wait for one that is about to go.
        let is_wanted = state.threads[lane as usize] <= thread_limit(lane);
        let Some(job) = is_wanted.then(|| state.jobs[lane as usize].pop_front()).flatten() else {
            state.threads[lane as usize] -= 1;
            return;
        };
        state.running.extend(job.progress.clone());
        drop(state);
        guard::or("a worker", (), job.work);
        state = lock();
        if let Some(progress) = job.progress {
            state.running.retain(|running| !Arc::ptr_eq(running, &progress));
        }
    }
}

/// Computes at the lowest priority and waits for the result. A panic goes on in the caller.
pub(crate) fn at_low_priority<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let computing = scope.spawn(|| {
            thread::lower_priority();
            work()
        });
        computing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Computes on as many threads as `assess.threads` says, at the lowest priority.
pub(crate) fn on_all_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    at_low_priority(|| {
        let threads = settings::threads();
        let pool = (threads > 1).then(|| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| thread::lower_priority()).build()
        });
        match pool {
            Some(Ok(pool)) => pool.install(work),
            Some(Err(_)) | None => work(),
        }
    })
}

/// Frees a value of `bytes` bytes. Returning hundreds of megabytes to the system takes milliseconds, so where clients would wait for
/// that (`DEL`, eviction without `lazyfree-lazy-eviction`) a thread of its own does it, at once and at full priority. The
/// server's own thread for freeing (`UNLINK`, `FLUSHALL ASYNC`, the lazyfree settings) frees here and now.
///
/// Eviction counts what it has freed when a key is gone, which here is before its memory is: it may take some keys
/// beside the model. That is the price of stalling nobody; models without an expiry under a `volatile-*` policy, as
/// `redis.conf` has it, are not evicted at all.
pub(crate) fn dispose(value: impl Send + 'static, bytes: u64) {
    if bytes >= 1 << 20 && thread::is_main() {
        run(Lane::Disposal, None, move || drop(value));
    }
}

/// How many jobs wait, in all lanes.
pub(crate) fn backlog() -> usize {
    lock().jobs.iter().map(VecDeque::len).sum()
}

/// Whether workers have anything to do.
pub(crate) fn is_busy() -> bool {
    let state = lock();
    state.threads.iter().any(|&threads| threads > 0) || state.jobs.iter().any(|jobs| !jobs.is_empty())
}

/// Cancels what runs, forgets what waits, and joins the threads: none may run while the server takes itself apart.
/// Should it decide to go on (a save on the way out that failed), whatever is run afterwards finds new threads.
pub(crate) fn stop() {
    let (threads, dropped) = {
        let mut state = lock();
        state.stopping = true;
        state.running.iter().for_each(|progress| progress.cancel());
        (std::mem::take(&mut state.handles), std::mem::take(&mut state.jobs))
    };
    drop(dropped);
    for thread in threads {
        let _ = thread.join();
    }
    lock().stopping = false;
}
