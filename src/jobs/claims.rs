//! `JOB.CLAIM`, and the workers that wait for a job.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use assess_engine::jobs::{Claim, Claimed, JobId, Queue};

use super::change::{Absent, change};
use super::parked::Parked;
use super::{directory, reply};
use crate::clock::now_ms;
use crate::error::Outcome;
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::reply::Reply;
use crate::types::queue::{self, Found};
use crate::work::main_loop;

/// A worker that waits.
struct Worker {
    blocked: Blocked,
    types: Vec<Box<[u8]>>,
    lease_ms: u64,
    count: usize,
    name: Option<Box<[u8]>>,
}

type Place = (i32, Box<[u8]>);

thread_local! {
    static WORKERS: RefCell<Parked<Place, Worker>> = RefCell::default();
}

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(400);

/// Claims jobs, or blocks the client until there is one: `block_ms` milliseconds, 0 without limit, `None` not at all.
pub(crate) fn claim(ctx: Ctx<'_>, name: &[u8], claim: &Claim<'_>, block_ms: Option<u64>) -> Outcome<Reply> {
    let claimed = try_claim(ctx, name, claim)?;
    match block_ms {
        Some(block_ms) if claimed.is_empty() && ctx.may_block() => {
            account::admit(0)?;
            let worker = Worker {
                blocked: Blocked::block_for(ctx, name, block_ms, ended),
                types: claim.types.iter().map(|&job_type| job_type.into()).collect(),
                lease_ms: claim.lease_ms,
                count: claim.count,
                name: claim.worker.map(Into::into),
            };
            WORKERS.with_borrow_mut(|workers| workers.add(worker.blocked.client(), (ctx.db(), name.into()), worker));
            if let Found::Ours(queue) = queue::find(&Key::open(ctx, name, Mode::Peek)) {
                directory::due(ctx.db(), name, next_look(ctx.db(), name, queue));
            }
            Ok(Reply::Sent)
        }
        _ => Ok(reply::claimed(claimed)),
    }
}

fn try_claim(ctx: Ctx<'_>, name: &[u8], claim: &Claim<'_>) -> Outcome<Vec<Claimed>> {
    change(ctx, name, Absent::Leave, |request| Ok(request.queue.claim(request.now, claim, request.random, request.out)))
}

/// When a timer has to look at a queue. A job that a rate keeps from being claimed can be claimed at a time that no
/// change announces: if workers wait, the timer serves them then.
pub(super) fn next_look(db: i32, name: &[u8], queue: &Queue) -> Option<u64> {
    let end_of_window = are_waiting(db, name).then(|| queue.next_claimable(now_ms())).flatten();
    queue.next_due().into_iter().chain(end_of_window).min()
}

/// Whether workers wait for jobs of a queue.
fn are_waiting(db: i32, name: &[u8]) -> bool {
    WORKERS.with_borrow(|workers| workers.len() > 0 && workers.next(&(db, name.into()), 0).is_some())
}

/// The number of workers that wait for a job.
pub(crate) fn waiting() -> usize {
    WORKERS.with_borrow(Parked::len)
}

/// Gives the jobs of a queue to the workers that wait for them, in the order of their arrival. Continues in a later
/// slice when it takes long.
pub(super) fn serve(ctx: Ctx<'_>, name: &[u8]) {
    if WORKERS.with_borrow(Parked::len) == 0 || !ctx.is_master() {
        return;
    }
    serve_after(ctx, &(ctx.db(), name.into()), 0);
}

fn serve_after(ctx: Ctx<'_>, place: &Place, mut after: u64) {
    let begin = Instant::now();
    while let Some((arrival, client)) = WORKERS.with_borrow(|workers| workers.next(place, after)) {
        if begin.elapsed() >= SLICE {
            let place = place.clone();
            return main_loop::after(0, move |ctx| {
                main_loop::when_writable(ctx, place.0, move |ctx, writable| {
                    // A replica has no workers: the server unblocked them.
                    if writable.is_ok() {
                        serve_after(ctx, &place, after);
                    }
                });
            });
        }
        after = arrival;
        if !has_job_for(ctx, &place.1, client) {
            continue;
        }
        let Some(worker) = WORKERS.with_borrow_mut(|workers| workers.remove(client)) else { continue };
        give(ctx, place, worker);
    }
}

/// Whether the queue has a job that a waiting worker can get now.
fn has_job_for(ctx: Ctx<'_>, name: &[u8], client: u64) -> bool {
    let key = Key::open(ctx, name, Mode::Peek);
    let Found::Ours(queue) = queue::find(&key) else { return false };
    WORKERS.with_borrow(|workers| {
        let types = workers.get(client).map(|worker| worker.types.iter().map(|name| &**name).collect::<Vec<_>>());
        types.is_some_and(|types| queue.is_claimable(now_ms(), &types))
    })
}

/// Claims for a worker that waited. If the reply does not reach it, its jobs are pending again.
fn give(ctx: Ctx<'_>, place: &Place, worker: Worker) {
    let Worker { blocked, types, lease_ms, count, name } = worker;
    let types = types.iter().map(|name| &**name).collect();
    let claim = Claim { types, lease_ms, count, worker: name.as_deref() };
    let claimed = match try_claim(ctx, &place.1, &claim) {
        Ok(claimed) => claimed,
        Err(failure) => return blocked.reply(Reply::Error(failure)),
    };
    let tokens: Vec<_> = claimed.iter().map(|job| (job.id.clone(), job.token)).collect();
    let place = place.clone();
    blocked.reply_or(
        reply::claimed(claimed),
        Box::new(move || {
            main_loop::post(move |ctx| {
                main_loop::when_writable(ctx, place.0, move |ctx, writable| {
                    if writable.is_ok() {
                        release(ctx, &place.1, &tokens);
                    }
                })
            });
        }),
    );
}

fn release(ctx: Ctx<'_>, name: &[u8], tokens: &[(JobId, u64)]) {
    let released = change(ctx, name, Absent::Leave, |request| {
        for (id, token) in tokens {
            request.queue.release(request.now, &id.text(), *token, request.out);
        }
        Ok(())
    });
    if let Err(failure) = released {
        ctx.log_warning(&format!("jobs that were not delivered wait for the end of their leases: {failure}"));
    }
}

/// The reply when a wait ends without a job.
fn ended(client: u64) -> Reply {
    drop(WORKERS.with_borrow_mut(|workers| workers.remove(client)));
    Reply::Array(Vec::new())
}
