//! The slices of all jobs on the main thread: one after the other, in the order in which they were added, with other
//! clients in between. Ten jobs take no more of the main thread than one.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::ffi::ctx::Ctx;
use crate::work::main_loop;

type Slice = Box<dyn FnOnce(Ctx<'_>)>;

thread_local! {
    static SLICES: RefCell<VecDeque<Slice>> = const { RefCell::new(VecDeque::new()) };
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

/// Adds a slice, which takes at most half a millisecond.
pub(super) fn add(slice: impl FnOnce(Ctx<'_>) + 'static) {
    SLICES.with_borrow_mut(|slices| slices.push_back(Box::new(slice)));
    arm();
}

fn arm() {
    if !ARMED.replace(true) {
        main_loop::after(0, next);
    }
}

fn next(ctx: Ctx<'_>) {
    ARMED.set(false);
    let slice = SLICES.with_borrow_mut(VecDeque::pop_front);
    // Before the slice, which may panic.
    if SLICES.with_borrow(|slices| !slices.is_empty()) {
        arm();
    }
    if let Some(slice) = slice {
        slice(ctx);
    }
}
