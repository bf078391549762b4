//! Jobs that the module runs itself: `assess`, `warm` and `load` in the queue of a model, `import` in every queue.
//!
//! The master claims such jobs like any worker, so the limits of the queue apply. A job computes on a worker thread and
//! accesses the keyspace in slices of the main thread, one slice of all jobs at a time. While it runs, `beat` extends
//! its lease, reports its progress and notices that it was cancelled. A job of a server that has stopped or is no
//! longer the master loses its lease, and is run again.

mod assess;
mod beat;
mod entries;
mod import;
mod load;
pub(super) mod names;
mod payload;
mod slices;
mod subjects;
mod tally;
pub(super) mod task;
pub(super) mod warm;

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};

use assess_engine::jobs::{Claim, Claimed, Refusal};

use self::names::{Kind, types_of};
use self::task::Task;
use super::change::{Absent, change};
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::{self, Ctx};
use crate::ffi::key::{Key, Mode};
use crate::types::queue::{self, Found};
use crate::work::main_loop;

/// The name of this worker in `JOB.STATUS`.
const WORKER: &[u8] = b"redis-assess";
/// The most jobs that run at the same time, of all queues: the limit of a queue by default.
const MOST: usize = 10;
/// Milliseconds until the next attempt while nothing may be written.
const PAUSE_MS: u64 = 10;

/// Database and key of a queue.
type Place = (i32, Box<[u8]>);

/// Queues that may have a job for the module. They take turns.
#[derive(Default)]
struct Waiting {
    order: VecDeque<Place>,
    known: HashSet<Place>,
}

impl Waiting {
    fn add(&mut self, place: Place) {
        if self.known.insert(place.clone()) {
            self.order.push_back(place);
        }
    }

    fn next(&mut self) -> Option<Place> {
        let place = self.order.pop_front()?;
        self.known.remove(&place);
        Some(place)
    }
}

thread_local! {
    static WAITING: RefCell<Waiting> = RefCell::default();
    /// Queues for which a timer waits for the end of the window of a rate.
    static RATED: RefCell<HashSet<Place>> = RefCell::default();
    /// A claim is scheduled.
    static CLAIMING: Cell<bool> = const { Cell::new(false) };
}

/// A queue has changed, or a timer has looked at it: its jobs for the module are claimed soon.
pub(super) fn consider(ctx: Ctx<'_>, name: &[u8]) {
    if !ctx.is_master() || ctx.is_loading() {
        return;
    }
    let key = Key::open(ctx, name, Mode::Peek);
    let Found::Ours(queue) = queue::find(&key) else { return };
    let (types, now, place) = (types_of(name), now_ms(), (ctx.db(), name.into()));
    if !queue.has_pending(types) {
        return;
    }
    if queue.is_claimable(now, types) {
        WAITING.with_borrow_mut(|waiting| waiting.add(place));
        claim_soon(0);
    } else if let Some(at) = queue.next_claimable(now) {
        // No event announces the end of the window of a rate.
        if RATED.with_borrow_mut(|rated| rated.insert(place.clone())) {
            main_loop::after(at.saturating_sub(now), move |ctx| {
                RATED.with_borrow_mut(|rated| rated.remove(&place));
                if ctx.select(place.0) {
                    consider(ctx, &place.1);
                }
            });
        }
    }
}

fn claim_soon(ms: u64) {
    if !CLAIMING.replace(true) {
        main_loop::after(ms, claim_one);
    }
}

/// One slice: claims one job, and continues in a later slice while there are queues and places.
fn claim_one(ctx: Ctx<'_>) {
    CLAIMING.set(false);
    if !ctx.is_master() {
        return drop(WAITING.take());
    }
    if task::running() >= MOST {
        return;
    }
    if ctx.writes_are_paused() {
        return claim_soon(PAUSE_MS);
    }
    let Some(place) = WAITING.with_borrow_mut(Waiting::next) else { return };
    if ctx.select(place.0) {
        match try_claim(ctx, &place.1) {
            Ok(Some(job)) => {
                start(ctx, &place, job);
                // It may have more.
                consider(ctx, &place.1);
            }
            Ok(None) => {}
            Err(failure) => ctx::warn(&format!("the module could not claim a job: {failure}")),
        }
    }
    if WAITING.with_borrow(|waiting| !waiting.order.is_empty()) {
        claim_soon(0);
    }
}

fn try_claim(ctx: Ctx<'_>, name: &[u8]) -> Outcome<Option<Claimed>> {
    let claim = Claim { types: types_of(name).to_vec(), lease_ms: beat::LEASE_MS, count: 1, worker: Some(WORKER) };
    let mut claimed = change(ctx, name, Absent::Leave, |request| {
        // Another worker may have been faster; a claim without a job would count as a request for the types.
        let is_claimable = request.queue.is_claimable(request.now, &claim.types);
        let claimed = is_claimable.then(|| request.queue.claim(request.now, &claim, request.random, request.out));
        Ok::<_, Refusal>(claimed.unwrap_or_default())
    })?;
    Ok(claimed.pop())
}

fn start(ctx: Ctx<'_>, place: &Place, job: Claimed) {
    let run = task::add(Task::new(place.clone(), job.id, job.token), claim_one);
    beat::begin();
    match Kind::of(&job.job_type) {
        Some(Kind::Assess) => assess::start(ctx, run, job.payload),
        Some(Kind::Warm) => warm::start(ctx, run, job.payload),
        Some(Kind::Load) => load::start(ctx, run, job.payload),
        Some(Kind::Import) => import::start(ctx, run, job.payload),
        None => run.fail(Failure::internal()),
    }
}
