//! `JOB.WAIT`: clients that wait for the end of a job.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use assess_engine::jobs::JobId;

use super::parked::Parked;
use super::refusal::no_job;
use super::reply;
use crate::error::{Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::reply::Reply;
use crate::types::queue::{self, Found};
use crate::work::main_loop;

/// Database, key and job.
type Place = (i32, Box<[u8]>, JobId);

thread_local! {
    static WAITERS: RefCell<Parked<Place, Blocked>> = RefCell::default();
    /// Jobs that have ended, and whose waiters are being answered in slices.
    static ENDED: RefCell<BTreeSet<Place>> = const { RefCell::new(BTreeSet::new()) };
    /// A check of all waits is scheduled.
    static CHECKING: Cell<bool> = const { Cell::new(false) };
    /// Another one has to follow it: keys were removed meanwhile.
    static CHECK_AGAIN: Cell<bool> = const { Cell::new(false) };
}

/// The most waiters that are answered in one step: each reply is copied for its client.
const BATCH: usize = 64;

/// Replies with the status of a job once it has ended; blocks the client for at most `block_ms` milliseconds (0:
/// without limit). Nil when the wait ends before.
pub(crate) fn wait(ctx: Ctx<'_>, name: &[u8], id: &[u8], block_ms: u64) -> Outcome<Reply> {
    if let Some(status) = ended_status(ctx, name, id)? {
        return Ok(status);
    }
    if !ctx.may_block() {
        return Err(Failure::cannot_block());
    }
    account::admit(0)?;
    let blocked = Blocked::block_for(ctx, name, block_ms, gave_up);
    let place = (ctx.db(), name.into(), JobId::of(id));
    WAITERS.with_borrow_mut(|waiters| waiters.add(blocked.client(), place, blocked));
    Ok(Reply::Sent)
}

/// The status of a job that has ended; `None` while it waits or runs.
fn ended_status(ctx: Ctx<'_>, name: &[u8], id: &[u8]) -> Outcome<Option<Reply>> {
    let key = Key::open(ctx, name, Mode::Peek);
    match queue::find(&key) {
        Found::Foreign => Err(Failure::wrong_type()),
        Found::Nothing => Err(no_job()),
        Found::Ours(queue) => {
            let status = queue.status(id).ok_or_else(no_job)?;
            Ok(status.state.is_ended().then(|| reply::status(&status)))
        }
    }
}

/// Jobs of a queue have ended or were dropped.
pub(super) fn ended(ctx: Ctx<'_>, name: &[u8], ids: &[JobId]) {
    if WAITERS.with_borrow(Parked::len) == 0 {
        return;
    }
    for id in ids {
        answer(ctx, &(ctx.db(), name.into(), id.clone()));
    }
}

/// Answers the waiters of a job that has ended: a batch now, the rest in later slices.
fn answer(ctx: Ctx<'_>, place: &Place) {
    // Waiters of an earlier end are being answered. Afterwards the others are checked.
    if ENDED.with_borrow(|ended| ended.contains(place)) {
        return;
    }
    if WAITERS.with_borrow(|waiters| waiters.next(place, 0)).is_none() {
        return;
    }
    let reply = match ended_status(ctx, &place.1, &place.2.text()) {
        Ok(Some(status)) => status,
        // Submitted or revived again in the same request.
        Ok(None) => return,
        Err(failure) => Reply::Error(failure),
    };
    let last = WAITERS.with_borrow(Parked::last_arrival);
    if !answer_batch(place, last, &reply) {
        ENDED.with_borrow_mut(|ended| ended.insert(place.clone()));
        let place = place.clone();
        main_loop::after(0, move |ctx| answer_rest(ctx, place, last, reply));
    }
}

/// All clients that waited when the job ended see the same end, whatever has happened to the job or the key since.
fn answer_rest(ctx: Ctx<'_>, place: Place, last: u64, reply: Reply) {
    if !answer_batch(&place, last, &reply) {
        return main_loop::after(0, move |ctx| answer_rest(ctx, place, last, reply));
    }
    ENDED.with_borrow_mut(|ended| ended.remove(&place));
    if ctx.select(place.0) {
        answer(ctx, &place);
    }
}

/// Sends a reply to at most a batch of the waiters up to an arrival. Returns whether all have it.
fn answer_batch(place: &Place, last: u64, reply: &Reply) -> bool {
    for _ in 0..BATCH {
        let next = WAITERS.with_borrow(|waiters| waiters.next(place, 0)).filter(|&(arrival, _)| arrival <= last);
        let Some((_, client)) = next else { return true };
        let blocked = WAITERS.with_borrow_mut(|waiters| waiters.remove(client));
        blocked.into_iter().for_each(|blocked| blocked.reply(reply.clone()));
    }
    false
}

/// Keys that held queues were removed, or other queues may be at the keys: every wait is checked again, in slices. May
/// be called in the middle of a command.
pub(super) fn recheck() {
    if WAITERS.with_borrow(Parked::len) == 0 {
        return;
    }
    if CHECKING.replace(true) {
        CHECK_AGAIN.set(true);
    } else {
        main_loop::after(0, recheck_all);
    }
}

fn recheck_all(ctx: Ctx<'_>) {
    recheck_after(ctx, &(i32::MIN, Box::default(), JobId::Uuid([0; 16])));
}

fn recheck_after(ctx: Ctx<'_>, after: &Place) {
    let places: Vec<Place> = WAITERS.with_borrow(|waiters| waiters.keys_after(after).take(BATCH).cloned().collect());
    for place in &places {
        if ctx.select(place.0) {
            answer(ctx, place);
        }
    }
    match places.last().cloned() {
        Some(last) if places.len() == BATCH => main_loop::after(0, move |ctx| recheck_after(ctx, &last)),
        // Places that were checked already may be affected by what happened since.
        _ if CHECK_AGAIN.take() => main_loop::after(0, recheck_all),
        _ => CHECKING.set(false),
    }
}

/// The reply when a wait ends before the job.
fn gave_up(client: u64) -> Reply {
    drop(WAITERS.with_borrow_mut(|waiters| waiters.remove(client)));
    Reply::Nil
}

/// The number of clients that wait for the end of a job.
pub(crate) fn waiting() -> usize {
    WAITERS.with_borrow(Parked::len)
}
