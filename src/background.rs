//! Worker threads: everything that takes longer than a slice of the main thread.
//!
//! Two lanes, so that a question that needs a worker does not wait behind the inverse of a table: `Heavy` for loads and
//! derivations, as many threads as `assess.threads` says, and `Question`, one. Threads live as long as there is work for
//! them, run at the lowest priority and know nothing of the keyspace; results go back through `main_loop::post`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use assess_engine::Progress;
use once_cell::sync::Lazy;

use crate::ffi::thread;
use crate::types::value::Value;
use crate::{guard, settings};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Heavy,
    Question,
}

struct Job {
    work: Box<dyn FnOnce() + Send>,
    /// Asked to stop when the server shuts down.
    progress: Option<Arc<Progress>>,
}

#[derive(Default)]
struct State {
    heavy: VecDeque<Job>,
    question: VecDeque<Job>,
    heavy_threads: usize,
    question_threads: usize,
    running: Vec<Arc<Progress>>,
    handles: Vec<JoinHandle<()>>,
    stopping: bool,
}

static STATE: Lazy<Mutex<State>> = Lazy::new(Mutex::default);

fn lock() -> MutexGuard<'static, State> {
    // A panic inside a job is caught outside the lock, so the state is whole.
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn queue(&mut self, lane: Lane) -> &mut VecDeque<Job> {
        match lane {
            Lane::Heavy => &mut self.heavy,
            Lane::Question => &mut self.question,
        }
    }

    fn threads(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Heavy => &mut self.heavy_threads,
            Lane::Question => &mut self.question_threads,
        }
    }
}

fn wanted(lane: Lane) -> usize {
    match lane {
        Lane::Heavy => settings::threads(),
        Lane::Question => 1,
    }
}

/// Has a worker run `work`. After shutdown began, nothing is run any more.
pub(crate) fn run(lane: Lane, progress: Option<Arc<Progress>>, work: impl FnOnce() + Send + 'static) {
    let mut state = lock();
    if state.stopping {
        return;
    }
    state.queue(lane).push_back(Job { work: Box::new(work), progress });
    state.handles.retain(|thread| !thread.is_finished());
    if *state.threads(lane) < wanted(lane) {
        let name = if lane == Lane::Heavy { "assess-heavy" } else { "assess-ask" };
        match std::thread::Builder::new().name(name.into()).spawn(move || work_on(lane)) {
            Ok(handle) => {
                *state.threads(lane) += 1;
                state.handles.push(handle);
            }
            Err(error) => crate::ffi::ctx::warn(&format!("cannot start a worker thread: {error}")),
        }
    }
}

fn work_on(lane: Lane) {
    thread::give_way();
    let mut state = lock();
    loop {
        // Without work a thread ends, and gives back what the kernels keep per thread: tens of megabytes. A thread
        // that looks and ends holds the lock, so no job can come to wait for one that is about to go.
        let job = if *state.threads(lane) > wanted(lane) { None } else { state.queue(lane).pop_front() };
        let Some(job) = job else {
            *state.threads(lane) -= 1;
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

/// Runs work that can use several threads on as many as `assess.threads` says. On one, it runs where it is.
pub(crate) fn on_all_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let threads = settings::threads();
    if threads < 2 {
        return work();
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| thread::give_way()).build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Frees a value, on a worker when it is large: returning hundreds of megabytes to the system takes milliseconds.
pub(crate) fn dispose(value: Box<Value>) {
    if value.bytes() >= 1 << 20 {
        run(Lane::Question, None, move || drop(value));
    }
}

/// How many jobs wait, in both lanes.
pub(crate) fn backlog() -> usize {
    let state = lock();
    state.heavy.len() + state.question.len()
}

/// Cancels what runs, forgets what waits, and joins the threads: none may run while the server takes itself apart.
pub(crate) fn stop() {
    let threads = {
        let mut state = lock();
        state.stopping = true;
        state.heavy.clear();
        state.question.clear();
        state.running.iter().for_each(|progress| progress.cancel());
        std::mem::take(&mut state.handles)
    };
    for thread in threads {
        let _ = thread.join();
    }
}
