//! Clients that wait for a value. The server blocks them until they are answered, their time is up, or they disconnect.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use assess_engine::cache::lease::{Cause, Waiter};
use assess_engine::cache::tiers::TierId;
use bytes::Bytes;

use super::{wake, with};
use crate::clock::now_ms;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::reply::Reply;
use crate::work::main_loop;

thread_local! {
    /// Handles of blocked clients, by client id.
    static WAITING: RefCell<HashMap<u64, Blocked>> = RefCell::default();
    /// The most waiters at the same time.
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The number of waiters, and its maximum so far.
pub(crate) fn waiting() -> (usize, usize) {
    (WAITING.with_borrow(HashMap::len), PEAK.get())
}

/// Sets the maximum to the current number.
pub(crate) fn reset_peak() {
    PEAK.set(WAITING.with_borrow(HashMap::len));
}

/// Blocks the client of a context until the key has a value.
pub(super) fn block(ctx: Ctx<'_>, name: &[u8], wait_ms: u64) {
    let blocked = Blocked::block_for(ctx, name, wait_ms, ended);
    let waiting = WAITING.with_borrow_mut(|waiting| {
        waiting.insert(blocked.client(), blocked);
        waiting.len()
    });
    PEAK.set(PEAK.get().max(waiting));
}

/// A reply with a single word.
pub(super) fn word(word: &'static str) -> Reply {
    Reply::Array(vec![text(word)])
}

pub(super) fn text(text: &'static str) -> Reply {
    Reply::Bulk(Bytes::from_static(text.as_bytes()))
}

/// The most waiters that are answered in a single step, and the most bytes: each reply is copied for its client.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 1 << 20;

/// How many waiters may be answered in a single step with a value of so many bytes.
pub(super) fn reply_batch(bytes: usize) -> usize {
    (BATCH_BYTES / bytes.max(1)).clamp(1, BATCH)
}

/// A lease in a reply that has not been sent yet.
pub(super) struct Grant {
    pub(super) db: i32,
    pub(super) name: Box<[u8]>,
    pub(super) token: u64,
}

impl Grant {
    /// The reply was not sent: the lease is granted to the next waiter. Main thread only.
    fn pass_on(self) {
        let Self { db, name, token } = self;
        with(|cache| {
            if cache.leases.holds(now_ms(), db, &name, token).is_ok() {
                cache.leases.revoke(now_ms(), db, &name, Cause::Expired);
            }
        });
        wake::soon(db, &name);
    }
}

/// Sends the same reply of so many bytes to all waiters, a batch now, the rest in later slices.
pub(super) fn reply_to_all(
    tier: Option<TierId>,
    waiters: Vec<Waiter>,
    bytes: usize,
    answer: impl Fn() -> Reply + 'static,
) {
    let mut waiters = waiters;
    let rest = waiters.split_off(waiters.len().min(reply_batch(bytes)));
    for waiter in waiters {
        reply_to(tier, &waiter, answer(), None);
    }
    if !rest.is_empty() {
        main_loop::after(0, move |_| reply_to_all(tier, rest, bytes, answer));
    }
}

/// Answers a waiter, unless it is no longer blocked.
pub(super) fn reply_to(tier: Option<TierId>, waiter: &Waiter, answer: Reply, grant: Option<Grant>) {
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

/// The reply when a wait ends early: the time is up, `CLIENT UNBLOCK` was sent, or the client disconnected.
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
