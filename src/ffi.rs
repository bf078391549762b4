//! Safe wrappers for the functions of the module API that this module uses, and the callbacks that the server calls.
//!
//! `unsafe` is used here and in `types`, nowhere else. This folder does not depend on models, assessments or cache
//! entries.
//!
//! The SAFETY comments of this folder refer to three invariants:
//!
//! 1. **Function pointers.** The server sets every `RedisModule_*` pointer before `init` runs and never changes it. The
//!    module refuses to load (`require_api`) when a function that it calls unconditionally is missing.
//! 2. **Main thread.** A [`ctx::Ctx`] exists only inside a callback of the server on its main thread. It is neither
//!    `Send` nor `'static`, so a function that takes one runs on the main thread. The functions that other threads may
//!    call are documented in `event_loop` and `blocked`.
//! 3. **Borrowed bytes.** The bytes of a `RedisModuleString` are valid as long as the command's argument vector, or as
//!    long as the [`string::Text`] that owns them. The bytes of a key's value are valid as long as its [`key::Key`] is
//!    open and no command is called.

/// Calls a function of the module API. Used inside `unsafe`.
macro_rules! api {
    ($name:ident ( $($arg:expr),* $(,)? )) => {
        (::redis_module::raw::$name.expect("checked by require_api"))($($arg),*)
    };
}

pub(crate) mod account;
pub(crate) mod allocator;
pub(crate) mod blocked;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod command_info;
pub(crate) mod config;
pub(crate) mod ctx;
pub(crate) mod entry;
pub(crate) mod event_loop;
pub(crate) mod events;
pub(crate) mod filter;
pub(crate) mod guard;
pub(crate) mod held;
pub(crate) mod info;
pub(crate) mod io;
pub(crate) mod key;
pub(crate) mod load;
mod pages;
pub(crate) mod scan;
pub(crate) mod send;
pub(crate) mod string;
pub(crate) mod thread;
pub(crate) mod user;
