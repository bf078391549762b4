//! The queue of keys whose waiters have to be answered: the value was written, or the lease was revoked or has ended.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::work::main_loop;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(400);

/// Answers the waiters of a key of the selected database.
pub(crate) type Answer = fn(Ctx<'_>, &[u8]);

thread_local! {
    /// Set when the module is loaded: so this queue does not depend on the code that answers.
    static ANSWER: Cell<Answer> = const { Cell::new(|_, _| {}) };
    static QUEUE: RefCell<VecDeque<(i32, Box<[u8]>)>> = const { RefCell::new(VecDeque::new()) };
}

/// Sets the function that answers the waiters of a key.
pub(crate) fn set_answer(answer: Answer) {
    ANSWER.set(answer);
}

/// Schedules the waiters of a key to be answered in a later slice. May be called from everywhere,
/// also from events in the middle of a command.
pub(crate) fn soon(db: i32, name: &[u8]) {
    let is_first = QUEUE.with_borrow_mut(|queue| {
        queue.push_back((db, name.into()));
        queue.len() == 1
    });
    if is_first {
        main_loop::after(0, wake);
    }
}

fn wake(ctx: Ctx<'_>) {
    let begin = Instant::now();
    while let Some((db, name)) = QUEUE.with_borrow(|queue| queue.front().cloned()) {
        if ctx.select(db) {
            // A panic for one key does not stop the others.
            guard::or("answering waiters", (), || ANSWER.get()(ctx, &name));
        }
        QUEUE.with_borrow_mut(VecDeque::pop_front);
        if begin.elapsed() >= SLICE {
            break;
        }
    }
    if QUEUE.with_borrow(|queue| !queue.is_empty()) {
        main_loop::after(0, wake);
    }
}
