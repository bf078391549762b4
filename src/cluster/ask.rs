//! Commands with `CLUSTER`: the node that a client asked sends a request to every master and waits for their answers.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use assess_engine::cluster::nodes::{Id, Master};
use assess_engine::cluster::requests::{Ended, MAX_PENDING, MAX_PENDING_BYTES, Requests};
use assess_engine::cluster::wire;

use super::{Answer, perform};
use crate::cache::with;
use crate::clock::monotonic_ms;
use crate::counters;
use crate::error::{Code, Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::cluster;
use crate::ffi::ctx::Ctx;
use crate::reply::Reply;
use crate::settings;
use crate::work::main_loop;

/// Time from one look at the open requests to the next, in milliseconds.
const TICK_MS: u64 = 50;
/// The same when no client waits.
const REPAIR_TICK_MS: u64 = 500;

/// Whether a request changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It is sent to a master that did not answer until it does.
    Change,
    Query,
}

/// The answers of the masters, by address; `None` for a master that did not answer.
pub(crate) type Answers = Vec<(String, Option<Answer>)>;

/// Makes the reply of the command from the answers.
pub(crate) type Combine = fn(Answers) -> Outcome<Reply>;

struct Caller {
    client: Blocked,
    combine: Combine,
}

#[derive(Default)]
struct Asked {
    requests: Requests<Caller>,
    /// The addresses of all nodes that were ever a master.
    addresses: HashMap<Id, String>,
}

thread_local! {
    static ASKED: RefCell<Asked> = RefCell::default();
    /// Whether the timer runs.
    static TICKS: Cell<bool> = const { Cell::new(false) };
}

/// The changes that wait for a master that has not answered.
pub(crate) fn pending() -> usize {
    ASKED.with_borrow(|asked| asked.requests.pending())
}

/// Sends a request to every master, this node included if it is one, and blocks the client until all that have slots have
/// answered. An error if this node refuses it: then no other node gets it.
pub(crate) fn ask(ctx: Ctx<'_>, words: &[&[u8]], purpose: Purpose, combine: Combine) -> Outcome<Reply> {
    if !ctx.is_clustered() {
        return Err(Failure::err("this server is not a node of a cluster: leave CLUSTER out"));
    }
    if !ctx.may_block() {
        return Err(Failure::cannot_block());
    }
    // The server would end the wait of the client.
    let waits = !cluster::is_down(ctx);
    if purpose == Purpose::Query && !waits {
        let text =
            "the state of the cluster is fail, so no client can wait for the masters: ask each one without CLUSTER";
        return Err(Failure::new(Code::NoAck, text));
    }
    let is_full = ASKED
        .with_borrow(|asked| asked.requests.pending() >= MAX_PENDING || asked.requests.bytes() >= MAX_PENDING_BYTES);
    if purpose == Purpose::Change && is_full {
        let text = "1000 changes, or 16 MB of them, wait for masters that do not answer: mend or forget those, see CACHE.HEALTH";
        return Err(Failure::new(Code::Busy, text));
    }
    account::admit(0)?;
    let masters = cluster::masters(ctx);
    if masters.is_empty() {
        return Err(Failure::internal());
    }
    let id = with(|cache| cache.random.u64(1..));
    let this = masters.iter().find(|master| master.is_this).map(|master| master.id);
    // This node first: if it refuses, the others are not asked.
    let early = Rc::new(RefCell::new(Early::Waiting));
    if let Some(this) = this {
        let own = Own { early: Rc::clone(&early), id, this, is_answered: false };
        perform(ctx, words, Box::new(move |answer| own.answer(answer)))?;
    }
    let caller = waits.then(|| Caller { client: Blocked::block(ctx, 0, unblocked), combine });
    let message: Rc<[u8]> = wire::encode([&b"REQUEST"[..], id.to_string().as_bytes()].iter().chain(words)).into();
    let ids = awaited(&masters);
    remember(&masters);
    ASKED.with_borrow_mut(|asked| {
        let is_change = purpose == Purpose::Change;
        asked.requests.begin(monotonic_ms(), id, Rc::clone(&message), is_change, &ids, caller);
    });
    for master in masters.iter().filter(|master| !master.is_this) {
        let _ = cluster::send(ctx, &master.id, &message);
    }
    let own = early.replace(Early::Sent);
    if let (Early::Answered(answer), Some(this)) = (own, this) {
        answered(id, &this, answer);
    }
    if !TICKS.replace(true) {
        main_loop::after(TICK_MS, tick);
    }
    if waits {
        return Ok(Reply::Sent);
    }
    let text = "the state of the cluster is fail, so no client can wait for the masters. The change is sent to each one until it answers";
    Err(Failure::new(Code::NoAck, text))
}

/// The answer of this node itself: it may come before the others are asked.
enum Early {
    Waiting,
    Answered(Answer),
    Sent,
}

/// Receives the answer of this node. If it is dropped without one, after a panic, the answer is an error: this node is
/// not sent the request again.
struct Own {
    early: Rc<RefCell<Early>>,
    id: u64,
    this: Id,
    is_answered: bool,
}

impl Own {
    fn answer(mut self, answer: Answer) {
        self.receive(answer);
        self.is_answered = true;
    }

    fn receive(&self, answer: Answer) {
        if matches!(*self.early.borrow(), Early::Sent) {
            answered(self.id, &self.this, answer);
        } else {
            self.early.replace(Early::Answered(answer));
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if !self.is_answered {
            self.receive(vec![Box::from(&b"ERROR"[..]), Failure::internal().to_string().into_bytes().into()]);
        }
    }
}

fn remember(masters: &[Master]) {
    ASKED.with_borrow_mut(|asked| {
        for master in masters {
            asked.addresses.insert(master.id, master.address.clone());
        }
    });
}

/// A master is at work on a request.
pub(super) fn is_at_work(id: u64, master: &Id) {
    ASKED.with_borrow_mut(|asked| asked.requests.is_at_work(monotonic_ms(), id, master));
}

/// A master has answered a request.
pub(super) fn answered(id: u64, master: &Id, answer: Answer) {
    let ended = ASKED.with_borrow_mut(|asked| asked.requests.answered(id, master, answer));
    ended.into_iter().for_each(end);
}

/// The masters whose answers count. One without slots has no entries, and gets tiers by comparison.
fn awaited(masters: &[Master]) -> Vec<Id> {
    masters.iter().filter(|master| master.has_slots || master.is_this).map(|master| master.id).collect()
}

/// Looks at the open requests: sends them again, and ends waits.
fn tick(ctx: Ctx<'_>) {
    let masters = cluster::masters(ctx);
    if masters.is_empty() {
        // The server did not list them: no master counts as removed.
        return main_loop::after(TICK_MS, tick);
    }
    remember(&masters);
    let this = masters.iter().find(|master| master.is_this).map(|master| master.id);
    let patience = settings::cluster_timeout_ms();
    let due = ASKED.with_borrow_mut(|asked| {
        if let Some(this) = this {
            asked.requests.is_alive(monotonic_ms(), &this);
        }
        asked.requests.due(monotonic_ms(), &awaited(&masters), patience)
    });
    for (to, message) in &due.messages {
        if Some(*to) != this && cluster::send(ctx, to, message) {
            counters::add(|counters| &counters.cluster_repeated, 1);
        }
    }
    due.ended.into_iter().for_each(end);
    let (is_empty, has_callers) = ASKED.with_borrow(|asked| (asked.requests.is_empty(), asked.requests.has_callers()));
    TICKS.set(!is_empty);
    if !is_empty {
        main_loop::after(if has_callers { TICK_MS } else { REPAIR_TICK_MS }, tick);
    }
}

/// Answers the client of a request.
fn end(ended: Ended<Caller>) {
    let Ended { caller, answers, silent } = ended;
    let answers: Answers = ASKED.with_borrow(|asked| {
        let address = |id: &Id| asked.addresses.get(id).cloned().unwrap_or_default();
        let answered = answers.into_iter().map(|(id, answer)| (address(&id), Some(answer)));
        answered.chain(silent.iter().map(|id| (address(id), None))).collect()
    });
    caller.client.reply((caller.combine)(answers).into());
}

/// The client no longer waits: `CLIENT UNBLOCK`, a closed connection, or the cluster is down.
fn unblocked(client: u64) -> Reply {
    ASKED.with_borrow_mut(|asked| asked.requests.abandon(|caller| caller.client.client() == client));
    Failure::new(Code::Busy, "the masters are still at work on it; a change is sent to each until it answers").into()
}
