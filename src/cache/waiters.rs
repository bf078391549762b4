//! Clients that wait for a value: blocked in the server, polling nothing, until they are answered, have waited long
//! enough, or leave.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use assess_engine::cache::lease::{Cause, Waiter};
use assess_engine::cache::tiers::TierId;
use bytes::Bytes;

use super::{settle, with};
use crate::clock::now_ms;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::reply::Reply;
use crate::work::main_loop;

thread_local! {
    /// By client id.
    static WAITING: RefCell<HashMap<u64, Blocked>> = RefCell::default();
    /// The most that waited at once.
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// How many wait, and how many did at most.
pub(crate) fn waiting() -> (usize, usize) {
    (WAITING.with_borrow(HashMap::len), PEAK.get())
}

/// Forgets how many waited at most.
pub(crate) fn reset_peak() {
    PEAK.set(WAITING.with_borrow(HashMap::len));
}

/// Blocks the client of a context.
pub(super) fn block(ctx: Ctx<'_>, wait_ms: u64) {
    let blocked = Blocked::block(ctx, wait_ms, ended);
    let waiting = WAITING.with_borrow_mut(|waiting| {
        waiting.insert(blocked.client(), blocked);
        waiting.len()
    });
    PEAK.set(PEAK.get().max(waiting));
}

/// A reply of one word.
pub(super) fn word(word: &'static str) -> Reply {
    Reply::Array(vec![text(word)])
}

pub(super) fn text(text: &'static str) -> Reply {
    Reply::Bulk(Bytes::from_static(text.as_bytes()))
}

/// Most waiters that are answered in one go, and most bytes that they are sent then: each reply is copied for its client.
const AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 1 << 20;

/// How many waiters may be answered in one go with a value of so many bytes.
pub(super) fn at_once(bytes: usize) -> usize {
    (BYTES_AT_ONCE / bytes.max(1)).clamp(1, AT_ONCE)
}

/// A lease in a reply that has not reached its client yet.
pub(super) struct Grant {
    pub(super) db: i32,
    pub(super) name: Box<[u8]>,
    pub(super) token: u64,
}

impl Grant {
    /// The lease did not reach its client: the next waiter gets it. Main thread.
    fn pass_on(self) {
        let Self { db, name, token } = self;
        with(|cache| {
            if cache.leases.holds(now_ms(), db, &name, token).is_ok() {
                cache.leases.revoke(now_ms(), db, &name, Cause::Expired);
            }
        });
        settle::soon(db, &name);
    }
}

/// Answers waiters alike with a value of so many bytes, the first ones now, the rest in the next turns of the event loop.
pub(super) fn give_all(tier: Option<TierId>, waiters: Vec<Waiter>, bytes: usize, answer: impl Fn() -> Reply + 'static) {
    let mut waiters = waiters;
    let rest = waiters.split_off(waiters.len().min(at_once(bytes)));
    for waiter in waiters {
        give(tier, &waiter, answer(), None);
    }
    if !rest.is_empty() {
        main_loop::after(0, move |_| give_all(tier, rest, bytes, answer));
    }
}

/// Answers one waiter, unless it has left.
pub(super) fn give(tier: Option<TierId>, waiter: &Waiter, answer: Reply, grant: Option<Grant>) {
    let blocked = WAITING.with_borrow_mut(|waiting| waiting.remove(&waiter.client));
    match (blocked, grant) {
        (Some(blocked), grant) => {
            with(|cache| cache.count(tier).wait.record(now_ms().saturating_sub(waiter.since) * 1000));
            match grant {
                Some(grant) => blocked.reply_or(answer, Box::new(move || grant.pass_on())),
                None => blocked.reply(answer),
            }
        }
        (None, Some(grant)) => grant.pass_on(),
        (None, None) => {}
    }
}

/// A client waits here no more: its time is over, `CLIENT UNBLOCK` woke it, or it is gone.
fn ended(client: u64) -> Reply {
    let blocked = WAITING.with_borrow_mut(|waiting| waiting.remove(&client));
    drop(blocked);
    with(|cache| {
        if let Some((_, name)) = cache.leases.waiter_left(client) {
            let tier = cache.tiers.of(&name);
            cache.count(tier).misses += 1;
        }
    });
    word("timeout")
}
