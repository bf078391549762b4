//! Requests of other nodes: each is carried out once, and its answer is kept for a while, because messages get lost.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

use assess_engine::cluster::nodes::Id;

use super::{Answer, send};
use crate::counters;
use crate::error::{Code, Outcome};
use crate::ffi::ctx::{self, Ctx};
use crate::work::main_loop;

/// The most requests at work: more are ignored, and their nodes repeat them.
const MAX_AT_WORK: usize = 1000;
/// The most answers that are kept.
const MAX_KEPT: usize = 1000;
/// The longest answer that is kept, in bytes: those of changes are short, and queries can be repeated.
const LONGEST_KEPT: usize = 256;

/// Receives the answer to a request, immediately or later. If it is dropped instead, the request counts as not received.
pub(crate) type Answerer = Box<dyn FnOnce(Answer)>;

/// Carries a request out. An error: nothing was changed, and `Answerer` was not called.
pub(crate) type Perform = fn(Ctx<'_>, &[&[u8]], Answerer) -> Outcome<()>;

/// A request: the asking node, and its number there.
type Key = (Id, u64);

enum State {
    AtWork,
    Answered(Answer),
}

#[derive(Default)]
struct Requests {
    states: HashMap<Key, State>,
    /// The answered ones, the oldest first.
    answered: VecDeque<Key>,
}

thread_local! {
    static PERFORM: Cell<Perform> = const { Cell::new(|_, _, _| Ok(())) };
    static REQUESTS: RefCell<Requests> = RefCell::default();
}

pub(super) fn set_perform(perform: Perform) {
    PERFORM.set(perform);
}

pub(super) fn perform() -> Perform {
    PERFORM.get()
}

/// A request that is being carried out. If this is dropped without an answer, the asking node's repetition is taken as new.
struct AtWork {
    key: Key,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // At the end of the process the table may be gone before a sweep that holds this.
        let _ = REQUESTS.try_with(|requests| {
            let mut requests = requests.borrow_mut();
            if matches!(requests.states.get(&self.key), Some(State::AtWork)) {
                requests.states.remove(&self.key);
            }
        });
    }
}

impl AtWork {
    fn answer(self, ctx: Ctx<'_>, answer: Answer) {
        let (from, id) = self.key;
        // Demoted meanwhile: its new master may not have the change, and gets the request when the asking node knows it.
        if !ctx.is_master() {
            return;
        }
        reply(ctx, &from, id, &answer);
        if answer.iter().map(|word| word.len()).sum::<usize>() > LONGEST_KEPT {
            return;
        }
        REQUESTS.with_borrow_mut(|requests| {
            requests.states.insert(self.key, State::Answered(answer));
            requests.answered.push_back(self.key);
            if requests.answered.len() > MAX_KEPT
                && let Some(oldest) = requests.answered.pop_front()
            {
                requests.states.remove(&oldest);
            }
        });
    }
}

fn reply(ctx: Ctx<'_>, to: &Id, id: u64, answer: &Answer) {
    let id = id.to_string();
    let mut words: Vec<&[u8]> = vec![b"ANSWER", id.as_bytes()];
    words.extend(answer.iter().map(AsRef::as_ref));
    send(ctx, to, &words);
}

/// A sign of life: the asking node waits, and repeats its request.
fn working(ctx: Ctx<'_>, to: &Id, id: u64) {
    send(ctx, to, &[b"WORKING", id.to_string().as_bytes()]);
}

/// Another node asks for something.
pub(super) fn requested(ctx: Ctx<'_>, from: Id, id: u64, words: &[&[u8]]) {
    let key = (from, id);
    let is_new = REQUESTS.with_borrow_mut(|requests| match requests.states.get(&key) {
        Some(State::Answered(answer)) => {
            reply(ctx, &from, id, answer);
            false
        }
        Some(State::AtWork) => {
            working(ctx, &from, id);
            false
        }
        None if requests.states.len() - requests.answered.len() >= MAX_AT_WORK => {
            working(ctx, &from, id);
            false
        }
        None => {
            requests.states.insert(key, State::AtWork);
            true
        }
    });
    if !is_new {
        return;
    }
    counters::add(|counters| &counters.cluster_requests, 1);
    let (at_work, words) = (AtWork { key }, words.iter().map(|&word| word.into()).collect::<Vec<Box<[u8]>>>());
    main_loop::when_writable(ctx, 0, move |ctx, writable| {
        if writable.is_ok() {
            carry_out(ctx, at_work, &words);
        }
    });
}

fn carry_out(ctx: Ctx<'_>, at_work: AtWork, words: &[Box<[u8]>]) {
    let words: Vec<&[u8]> = words.iter().map(AsRef::as_ref).collect();
    let key = at_work.key;
    let done = perform()(ctx, &words, Box::new(move |answer| ctx::with_detached(|ctx| at_work.answer(ctx, answer))));
    match done {
        Ok(()) => {}
        // It passes: the asking node repeats its request.
        Err(failure) if failure.code == Code::Busy => working(ctx, &key.0, key.1),
        Err(failure) => {
            let answer: Answer = vec![Box::from(&b"ERROR"[..]), failure.to_string().into_bytes().into()];
            REQUESTS.with_borrow_mut(|requests| requests.states.insert(key, State::AtWork));
            AtWork { key }.answer(ctx, answer);
        }
    }
}
