//! Clients that are blocked by a read request: until a model becomes ready (here), until a computation that other clients
//! share ends (`in_flight`), or until a worker has made the reply (`on_worker`).
//!
//! When a derivation ends, the requests of all clients that wait for a model are handled again. A client whose model is
//! still not ready continues to wait, until its time is up.

pub(crate) mod in_flight;
pub(crate) mod on_worker;

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

/// The most time of one slice of answering waiters.
const SLICE: Duration = Duration::from_micros(400);

/// A blocked request of a model that is not ready.
pub(super) struct Parked {
    pub(crate) blocked: Blocked,
    pub(crate) db: i32,
    /// The whole command, including its name.
    pub(crate) command: Vec<Vec<u8>>,
    pub(crate) derivation: Arc<Derivation>,
    /// Handles the request again: answers the client or parks it again.
    pub(crate) retry: fn(Ctx<'_>, Parked),
}

thread_local! {
    /// Parked requests by client id. A client has at most one.
    static PARKED: RefCell<BTreeMap<u64, Parked>> = const { RefCell::new(BTreeMap::new()) };
}

/// Keeps a request until its model is ready.
pub(super) fn park(parked: Parked) {
    // The wait may have ended while a worker named the subject.
    if !parked.blocked.is_waiting() {
        return;
    }
    PARKED.with_borrow_mut(|all| _ = all.insert(parked.blocked.client(), parked));
}

/// The number of parked requests.
pub(crate) fn count() -> usize {
    PARKED.with_borrow(BTreeMap::len)
}

/// Handles all parked requests again, in slices, since many answers take long.
pub(crate) fn retry(ctx: Ctx<'_>) {
    let waiting: Vec<u64> = PARKED.with_borrow(|all| all.keys().copied().collect());
    retry_from(ctx, waiting.into_iter());
}

fn retry_from(ctx: Ctx<'_>, mut rest: std::vec::IntoIter<u64>) {
    let begin = Instant::now();
    while begin.elapsed() < SLICE {
        let Some(client) = rest.next() else { return };
        if let Some(parked) = PARKED.with_borrow_mut(|all| all.remove(&client)) {
            (parked.retry)(ctx, parked);
        }
    }
    main_loop::after(0, move |ctx| retry_from(ctx, rest));
}

/// The reply for a client whose wait ended without an answer.
pub(crate) fn ended(client: u64) -> Reply {
    in_flight::left(client);
    let parked = PARKED.with_borrow_mut(|all| all.remove(&client));
    let failure = match &parked {
        Some(parked) => not_ready(&parked.derivation),
        // The model became ready late, or a worker has not finished the answer.
        None => Failure::new(Code::NotReady, "the answer is still being computed, send the command again"),
    };
    failure.into()
}

/// The reply for a client that `CLIENT UNBLOCK` unblocks while a worker computes an answer that will not be stored.
pub(crate) fn ended_unstored(client: u64) -> Reply {
    in_flight::left(client);
    Failure::new(Code::NotReady, "the answer was still being computed and is not stored: send the command again").into()
}

/// The error for a model that is not ready: the progress of its derivation, or why the derivation failed.
pub(super) fn not_ready(derivation: &Derivation) -> Failure {
    match derivation.failure() {
        Some(why) => Failure::new(Code::NotReady, format!("deriving failed: {why}")),
        None => Failure::new(Code::NotReady, format!("model is deriving, {} %", derivation.percent())),
    }
}
