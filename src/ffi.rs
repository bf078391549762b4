//! Safe wrappers for the parts of the module API that this module uses: with `types`, the only place with `unsafe`.
//!
//! Three invariants carry the SAFETY comments of this folder:
//!
//! 1. **Function pointers.** Every `RedisModule_*` pointer is filled in by the server before `init` runs and never
//!    changes again; `require_api` refuses to load where one that is used unconditionally is missing.
//! 2. **Main thread.** A [`ctx::Ctx`] exists only inside a callback of the server on its main thread and is neither `Send`
//!    nor `'static`, so whatever takes one runs there. What other threads may do is named in `event_loop` and
//!    `blocked`.
//! 3. **Borrowed bytes.** Bytes behind a `RedisModuleString` live as long as the command's argument vector, or as
//!    their owner [`string::Text`]; bytes of a key's value live as long as its open [`key::Key`], provided no command
//!    is called in between.

/// Calls a function of the module API; to be used inside `unsafe`.
macro_rules! api {
    ($name:ident ( $($arg:expr),* $(,)? )) => {
        (::redis_module::raw::$name.expect("checked by require_api"))($($arg),*)
    };
}

pub(crate) mod allocator;
pub(crate) mod blocked;
pub(crate) mod client;
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
pub(crate) mod scan;
pub(crate) mod send;
pub(crate) mod string;
pub(crate) mod thread;
pub(crate) mod user;
