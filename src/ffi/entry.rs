//! The entry point of commands: from the server into a command and back.

use std::ffi::c_int;

use redis_module::raw;

use super::account;
use super::ctx::Ctx;
use super::send;
use super::string::Argv;
use crate::error::Outcome;
use crate::ffi::guard;
use crate::reply::Reply;
use crate::spec::KeyFlags;

/// A command of the table.
pub(crate) trait Run {
    /// The access to the keys that [`Run::keys`] returns. Only for commands with the flag `getkeys-api`, whose keys
    /// cannot be found by position alone.
    const KEYS: Option<KeyFlags> = None;

    /// Runs the command. If it fails, it has changed nothing.
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply>;

    /// The positions of the arguments that are keys. Must also work for invalid arguments.
    fn keys(_: Argv<'_>) -> Vec<usize> {
        Vec::new()
    }
}

/// The function that the server calls.
pub(crate) unsafe extern "C" fn entry<C: Run>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the server passes the context and the arguments of this command, on its main thread.
    let (ctx, argv) = unsafe { (Ctx::new(ctx), Argv::new(argv, argc)) };
    if let Some(flags) = C::KEYS
        // SAFETY: the context is that of this call.
        && unsafe { api!(RedisModule_IsKeysPositionRequest(ctx.as_ptr())) } != 0
    {
        let positions = guard::run("the keys of a command", || C::keys(argv)).unwrap_or_default();
        for at in positions {
            // SAFETY: as above, and this call is a request for key positions.
            unsafe { api!(RedisModule_KeyAtPosWithFlags(ctx.as_ptr(), at as c_int, flags.bits() as c_int)) };
        }
        return raw::REDISMODULE_OK as c_int;
    }
    let run = || guard::run("a command", || C::run(ctx, argv)).and_then(|outcome| outcome);
    match account::in_command(ctx.client_id(), run) {
        Ok(Reply::Sent) => {}
        outcome => send::reply(ctx, &outcome.into()),
    }
    raw::REDISMODULE_OK as c_int
}
