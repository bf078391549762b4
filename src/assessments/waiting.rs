//! Clients that wait for a model to become ready.
//!
//! They are blocked, the server is not. Whenever a derivation ends, every one of them asks again; who is not served by
//! then goes on waiting until its time is up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Code, Failure};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::models::derivation::Derivation;
use crate::reply::Reply;
use crate::work::main_loop;

/// How long those who wait are answered between two turns of the event loop.
const SLICE: Duration = Duration::from_micros(400);

/// A question that cannot be answered yet.
pub(crate) struct Parked {
    pub(crate) blocked: Blocked,
    pub(crate) db: i32,
    /// The whole command, its name first.
    pub(crate) command: Vec<Vec<u8>>,
    pub(crate) derivation: Arc<Derivation>,
    /// Asks again, and answers or parks anew.
    pub(crate) again: fn(Ctx<'_>, Parked),
}

thread_local! {
    /// By client, in the order of their ids: a client waits for one thing at a time.
    static PARKED: RefCell<BTreeMap<u64, Parked>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn park(parked: Parked) {
    // A worker named its subject meanwhile, and its wait is over.
    if !parked.blocked.is_waiting() {
        return;
    }
    PARKED.with_borrow_mut(|all| _ = all.insert(parked.blocked.client(), parked));
}

/// How many wait.
pub(crate) fn count() -> usize {
    PARKED.with_borrow(BTreeMap::len)
}

/// Lets everybody ask again, in slices: the answers of many add up.
pub(crate) fn retry(ctx: Ctx<'_>) {
    let waiting: Vec<u64> = PARKED.with_borrow(|all| all.keys().copied().collect());
    retry_from(ctx, waiting.into_iter());
}

fn retry_from(ctx: Ctx<'_>, mut rest: std::vec::IntoIter<u64>) {
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(client) = rest.next() else { return };
        if let Some(parked) = PARKED.with_borrow_mut(|all| all.remove(&client)) {
            (parked.again)(ctx, parked);
        }
    }
    main_loop::after(0, move |ctx| retry_from(ctx, rest));
}

/// What a client is told whose wait is over, and whom nobody answers any more.
pub(crate) fn ended(client: u64) -> Reply {
    let parked = PARKED.with_borrow_mut(|all| all.remove(&client));
    let failure = match &parked {
        Some(parked) => not_ready(&parked.derivation),
        // The model became ready late, or a worker has not finished the answer.
        None => Failure::new(Code::NotReady, "the answer is still being computed, ask again"),
    };
    failure.into()
}

/// What a client is told whom `CLIENT UNBLOCK` wakes while a worker makes an answer that is not stored.
pub(crate) fn given_up(_: u64) -> Reply {
    Failure::new(Code::NotReady, "the answer was still being computed and is not stored: send the command again").into()
}

/// The error of a model that is not ready: how far it is, or why it will not be.
pub(crate) fn not_ready(derivation: &Derivation) -> Failure {
    match derivation.failure() {
        Some(why) => Failure::new(Code::NotReady, format!("deriving failed: {why}")),
        None => Failure::new(Code::NotReady, format!("model is deriving, {} %", derivation.percent())),
    }
}
