//! Keys whose waiters have to be answered anew: what they waited for was written, revoked, or has ended.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::work::main_loop;

/// How long one slice may take.
const SLICE: Duration = Duration::from_micros(400);

/// Answers the waiters of a key of the selected database.
pub(crate) type Answer = fn(Ctx<'_>, &[u8]);

thread_local! {
    /// Set once when the module is loaded: this queue does not depend on who answers.
    static ANSWER: Cell<Answer> = const { Cell::new(|_, _| {}) };
    static UNSETTLED: RefCell<VecDeque<(i32, Box<[u8]>)>> = const { RefCell::new(VecDeque::new()) };
}

/// Sets the function that answers the waiters of a key.
pub(crate) fn answer_with(answer: Answer) {
    ANSWER.set(answer);
}

/// Has the waiters of a key ask again in the next turn of the event loop. May be called from anywhere: events come in
/// the middle of commands.
pub(crate) fn soon(db: i32, name: &[u8]) {
    let is_first = UNSETTLED.with_borrow_mut(|unsettled| {
        unsettled.push_back((db, name.into()));
        unsettled.len() == 1
    });
    if is_first {
        main_loop::after(0, settle);
    }
}

fn settle(ctx: Ctx<'_>) {
    let begin = Instant::now();
    while let Some((db, name)) = UNSETTLED.with_borrow(|unsettled| unsettled.front().cloned()) {
        if ctx.select(db) {
            // Whatever becomes of one, the others are answered.
            guard::or("an answer to those who wait", (), || ANSWER.get()(ctx, &name));
        }
        UNSETTLED.with_borrow_mut(VecDeque::pop_front);
        if begin.elapsed() >= SLICE {
            break;
        }
    }
    if UNSETTLED.with_borrow(|unsettled| !unsettled.is_empty()) {
        main_loop::after(0, settle);
    }
}
