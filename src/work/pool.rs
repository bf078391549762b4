//! Worker threads, for work that takes longer than a slice of the main thread.
//!
//! Each lane has its own queue and threads, so that a query that needs a worker does not wait behind the inverse of a
//! table. Within a lane, users are served in turn ([`Turns`]), so that one who sends many loads delays those of another
//! one by one of them; a derivation counts for the user whose command has requested it. `Heavy` is for loads and derivations and has `assess.threads` threads. One thread each serves queries
//! (`Request`), queries that may take long (`Analysis`), documents of indicators (`Document`), the state of files (`Files`:
//! a file system may hang) and the freeing of large values (`Disposal`). A thread ends when its lane has had no job for [`LINGER`]: the main thread needs 0.2 ms to start
//! a thread, and a hundredth of that to wake one. Threads never access the keyspace; they return results with
//! `main_loop::post`.
//!
//! Derivations and loads run at the lowest priority ([`at_low_priority`]), and requests and jobs, which allocate more,
//! at a reduced one ([`at_reduced_priority`]), on a separate thread within the job. Where system calls are filtered they
//! yield often instead, see [`thread::lower_priority`]. The job itself keeps its priority, because it takes locks that
//! the main thread takes too: a thread of low priority that holds a lock would delay all clients.

use std::cell::OnceCell;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use assess_engine::Progress;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::ffi::account::{self, Account};
use crate::ffi::guard;
use crate::ffi::thread::{self, Priority};
use crate::settings;
use crate::work::main_loop;
use crate::work::turns::Turns;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Heavy,
    Request,
    Analysis,
    Document,
    Files,
    Disposal,
}

impl Lane {
    const ALL: [Self; 6] = [Self::Heavy, Self::Request, Self::Analysis, Self::Document, Self::Files, Self::Disposal];

    const fn name(self) -> &'static str {
        match self {
            Self::Heavy => "assess-heavy",
            Self::Request => "assess-request",
            Self::Analysis => "assess-analyse",
            Self::Document => "assess-read",
            Self::Files => "assess-files",
            Self::Disposal => "assess-free",
        }
    }
}

/// Milliseconds until the next attempt to start a thread after a failure.
const RETRY_MS: u64 = 100;

/// How long a thread waits for another job before it ends.
const LINGER: Duration = Duration::from_secs(5);

struct Job {
    work: Box<dyn FnOnce() + Send>,
    /// Cancelled when the server shuts down.
    progress: Option<Arc<Progress>>,
}

#[derive(Default)]
struct State {
    jobs: [Turns<Job>; Lane::ALL.len()],
    threads: [usize; Lane::ALL.len()],
    /// How many of the threads wait for a job.
    idle: [usize; Lane::ALL.len()],
    running: Vec<Arc<Progress>>,
    handles: Vec<JoinHandle<()>>,
    stopping: bool,
    /// A thread could not be started; a retry is scheduled.
    retrying: bool,
}

static STATE: LazyLock<Mutex<State>> = LazyLock::new(Mutex::default);

/// Signalled when a lane has a job for one of its idle threads, and when the threads must end.
static ARRIVED: [Condvar; Lane::ALL.len()] = [const { Condvar::new() }; Lane::ALL.len()];

fn lock() -> MutexGuard<'static, State> {
    // A panic of a job is caught outside the lock, so the state is consistent.
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn thread_limit(lane: Lane) -> usize {
    match lane {
        Lane::Heavy => settings::threads(),
        Lane::Request | Lane::Analysis | Lane::Document | Lane::Files | Lane::Disposal => 1,
    }
}

/// Runs `work` on a worker, for the account of this thread. During shutdown `work` is dropped instead; the
/// handles of blocked clients that it owns then reply with an internal error.
pub(crate) fn run(lane: Lane, progress: Option<Arc<Progress>>, work: impl FnOnce() + Send + 'static) {
    run_for(&account::acting(), lane, progress, work);
}

/// The same for another user.
pub(crate) fn run_for(
    account: &Account,
    lane: Lane,
    progress: Option<Arc<Progress>>,
    work: impl FnOnce() + Send + 'static,
) {
    let job = Job { work: Box::new(work), progress };
    let mut state = lock();
    if state.stopping {
        // Outside the lock: the drop of a job may submit another job.
        drop(state);
        drop(job);
        return;
    }
    state.jobs[lane as usize].push(account.id(), job);
    state.handles.retain(|thread| !thread.is_finished());
    state.provide_thread(lane);
}

impl State {
    /// Wakes an idle thread if the lane has queued jobs, or starts one if too few are idle and the lane is below its
    /// limit. If the system refuses, the jobs wait for the existing threads or for the retry.
    fn provide_thread(&mut self, lane: Lane) {
        let queued = self.jobs[lane as usize].len();
        if queued > 0 && self.idle[lane as usize] > 0 {
            ARRIVED[lane as usize].notify_one();
        }
        if queued <= self.idle[lane as usize] || self.threads[lane as usize] >= thread_limit(lane) {
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
        Lane::ALL.into_iter().for_each(|lane| state.provide_thread(lane));
    }
}

fn work_on(lane: Lane) {
    let mut state = lock();
    loop {
        let (still, job) = next_job(state, lane);
        state = still;
        let Some(job) = job else { return };
        state.running.extend(job.progress.clone());
        drop(state);
        guard::or("a worker", (), job.work);
        state = lock();
        if let Some(progress) = job.progress {
            state.running.retain(|running| !Arc::ptr_eq(running, &progress));
        }
    }
}

/// The next job of a lane, for which the thread waits. `None` if the thread is to end, and it is no longer counted then:
/// this is decided under the lock, so no job can be queued for a thread that is about to end.
fn next_job(mut state: MutexGuard<'static, State>, lane: Lane) -> (MutexGuard<'static, State>, Option<Job>) {
    let at = lane as usize;
    while state.threads[at] <= thread_limit(lane) {
        if let Some(job) = state.jobs[at].pop() {
            // The limit may have been raised since the others were queued.
            state.provide_thread(lane);
            return (state, Some(job));
        }
        if state.stopping {
            break;
        }
        state.idle[at] += 1;
        let (woken, waited) = ARRIVED[at].wait_timeout(state, LINGER).unwrap_or_else(PoisonError::into_inner);
        state = woken;
        state.idle[at] -= 1;
        if waited.timed_out() && state.jobs[at].is_empty() {
            break;
        }
    }
    state.threads[at] -= 1;
    // Above a limit that was lowered, a thread ends although it was woken for a job: another one must have it.
    state.provide_thread(lane);
    (state, None)
}

/// Computes at the lowest priority and waits for the result. A panic is resumed in the caller.
pub(crate) fn at_low_priority<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let computing = scope.spawn(|| {
            thread::lower_priority(Priority::Lowest);
            work()
        });
        computing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

thread_local! {
    /// The thread at a reduced priority that belongs to this one.
    static REDUCED: OnceCell<ThreadPool> = const { OnceCell::new() };
}

/// The same at a reduced priority: for work that allocates often, and thereby takes locks of the allocator, which the
/// main thread takes too. The other thread is kept for the next work of this one: the work is short, and Linux lets a
/// new thread run for some milliseconds before others, whatever its priority.
pub(crate) fn at_reduced_priority<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    REDUCED.with(|reduced| {
        if reduced.get().is_none()
            && let Some(thread) = threads_at(Priority::Reduced, 1)
        {
            reduced.get_or_init(|| thread);
        }
        match reduced.get() {
            Some(thread) => thread.install(work),
            None => work(),
        }
    })
}

/// Threads at a lower priority; `None` if the system refuses them. Linux gives them the name of this one.
fn threads_at(priority: Priority, count: usize) -> Option<ThreadPool> {
    let lower = move |_| thread::lower_priority(priority);
    ThreadPoolBuilder::new().num_threads(count).start_handler(lower).build().ok()
}

/// Computes on `assess.threads` threads, at the lowest priority.
pub(crate) fn on_all_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    at_low_priority(|| {
        let threads = settings::threads();
        match (threads > 1).then(|| threads_at(Priority::Lowest, threads)).flatten() {
            Some(pool) => pool.install(work),
            None => work(),
        }
    })
}

/// Frees a value of `bytes` bytes. To return hundreds of megabytes to the system takes milliseconds. On the main thread
/// (`DEL`, eviction without `lazyfree-lazy-eviction`) clients would wait for it, so a separate thread frees the value,
/// immediately and at full priority. The server's lazy-free thread (`UNLINK`, `FLUSHALL ASYNC`, the lazyfree settings)
/// frees it in this call.
///
/// Eviction measures the freed memory directly after it removes a key, here before the memory is freed. So it may evict
/// a few more keys than necessary. This is accepted, because no client is delayed; and models without an expiry are not
/// evicted under a `volatile-*` policy, which `redis.conf` sets.
pub(crate) fn dispose(value: impl Send + 'static, bytes: u64) {
    if bytes >= 1 << 20 && thread::is_main() {
        run(Lane::Disposal, None, move || drop(value));
    }
}

/// The number of queued jobs in all lanes.
pub(crate) fn backlog() -> usize {
    lock().jobs.iter().map(Turns::len).sum()
}

/// The number of jobs that threads run now.
pub(crate) fn running() -> usize {
    let state = lock();
    state.threads.iter().sum::<usize>() - state.idle.iter().sum::<usize>()
}

/// Whether workers have jobs.
pub(crate) fn is_busy() -> bool {
    let state = lock();
    state.threads != state.idle || state.jobs.iter().any(|jobs| !jobs.is_empty())
}

/// Cancels the running jobs, drops the queued jobs and joins the threads, because no thread may run while the server
/// exits. If the server continues (the save before the exit failed), later jobs start new threads.
pub(crate) fn stop() {
    let (threads, dropped) = {
        let mut state = lock();
        state.stopping = true;
        state.running.iter().for_each(|progress| progress.cancel());
        ARRIVED.iter().for_each(Condvar::notify_all);
        (std::mem::take(&mut state.handles), std::mem::take(&mut state.jobs))
    };
    drop(dropped);
    for thread in threads {
        let _ = thread.join();
    }
    lock().stopping = false;
}
