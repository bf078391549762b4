//! Deletions of keys that are not there, seen by a filter of commands: the server has no event for them. The filter is
//! registered while leases are held, and a moment longer: every command of the server passes through it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ffi::c_int;
use std::ptr::NonNull;

use redis_module::raw;

use super::ctx::detached;
use crate::cache::{fetch, follow};
use crate::{guard, main_loop};

/// How often is looked whether a lease is still held, in milliseconds.
const IDLE_MS: u64 = 1000;

/// How many names of queued deletions are remembered. Beyond it they are forgotten, oldest and newest.
const QUEUED: usize = 256;

thread_local! {
    static FILTER: Cell<Option<NonNull<raw::RedisModuleCommandFilter>>> = const { Cell::new(None) };
    /// Names that may have been queued by MULTI: the filter sees a command when it is queued, not when EXEC runs it.
    static MAY_BE_QUEUED: RefCell<HashSet<Vec<u8>>> = RefCell::new(HashSet::new());
}

/// Has deletions watched: a lease is held. Main thread, never from inside the filter.
pub(crate) fn watch() {
    if FILTER.get().is_some() {
        return;
    }
    // Calls of this module's own are known to it.
    let flags = raw::REDISMODULE_CMDFILTER_NOSELF as c_int;
    // SAFETY: the detached context names the module; the callback has the signature the server wants.
    let filter = unsafe { api!(RedisModule_RegisterCommandFilter(detached(), Some(on_command), flags)) };
    FILTER.set(NonNull::new(filter));
    end_when_idle();
}

/// Looks every now and then whether a lease is held, and ends the filter when none is: from a timer, since the server
/// walks over its filters while it calls one.
fn end_when_idle() {
    main_loop::after(IDLE_MS, |_| {
        if fetch::holds_leases() {
            return end_when_idle();
        }
        MAY_BE_QUEUED.with_borrow_mut(HashSet::clear);
        if let Some(filter) = FILTER.take() {
            // SAFETY: registered by `watch`, and taken: this is the only time.
            unsafe { api!(RedisModule_UnregisterCommandFilter(detached(), filter.as_ptr())) };
        }
    });
}

unsafe extern "C" fn on_command(command: *mut raw::RedisModuleCommandFilterCtx) {
    // SAFETY: the context is that of this callback; arguments are only read, before it returns.
    let (count, name) = unsafe { (api!(RedisModule_CommandFilterArgsCount(command)), argument(command, 0)) };
    let last = match Deletes::of(name) {
        None => return,
        Some(Deletes::All) => count,
        Some(Deletes::First) => count.min(2),
        Some(Deletes::Queued) => 0,
    };
    guard::or("a deletion", (), || {
        if !fetch::holds_leases() {
            return;
        }
        if last == 0 {
            return MAY_BE_QUEUED.with_borrow(|names| names.iter().for_each(|name| follow::deleting(name)));
        }
        MAY_BE_QUEUED.with_borrow_mut(|names| {
            if names.len() >= QUEUED {
                names.clear();
            }
        });
        for at in 1..last {
            // SAFETY: as above; `at` is below the number of arguments.
            let name = unsafe { argument(command, at) };
            follow::deleting(name);
            MAY_BE_QUEUED.with_borrow_mut(|names| {
                if names.len() < QUEUED {
                    names.insert(name.to_vec());
                }
            });
        }
    });
}

/// Which arguments of a command are deleted.
enum Deletes {
    All,
    First,
    /// Those of the commands that MULTI has queued.
    Queued,
}

impl Deletes {
    fn of(command: &[u8]) -> Option<Self> {
        // Most commands are told by their length.
        match command.len() {
            3 if command.eq_ignore_ascii_case(b"del") => Some(Self::All),
            4 if command.eq_ignore_ascii_case(b"exec") => Some(Self::Queued),
            6 if command.eq_ignore_ascii_case(b"unlink") => Some(Self::All),
            6 if command.eq_ignore_ascii_case(b"getdel") => Some(Self::First),
            _ => None,
        }
    }
}

/// An argument of the command.
///
/// # Safety
/// `command` is the context of a filter's callback that has not returned, and has an argument `at`.
unsafe fn argument<'a>(command: *mut raw::RedisModuleCommandFilterCtx, at: c_int) -> &'a [u8] {
    let mut length = 0;
    // SAFETY: by the contract of this function; the server owns the string until the callback returns.
    unsafe {
        let string = api!(RedisModule_CommandFilterArgGet(command, at));
        let bytes = api!(RedisModule_StringPtrLen(string, &mut length));
        if bytes.is_null() { &[] } else { std::slice::from_raw_parts(bytes.cast(), length) }
    }
}
