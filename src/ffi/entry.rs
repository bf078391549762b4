//! The way from the server into a command and back.

use std::ffi::c_int;

use redis_module::raw;

use super::ctx::Ctx;
use super::send;
use super::string::Argv;
use crate::error::Outcome;
use crate::guard;
use crate::reply::Reply;

/// A command of the table.
pub(crate) trait Run {
    /// Runs it. A failure has changed nothing.
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply>;
}

/// What the server calls.
pub(crate) unsafe extern "C" fn entry<C: Run>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the server gives context and arguments of this command, on its main thread.
    let (ctx, argv) = unsafe { (Ctx::new(ctx), Argv::new(argv, argc)) };
    match guard::run("a command", || C::run(ctx, argv)).and_then(|outcome| outcome) {
        Ok(Reply::Sent) => {}
        outcome => send::reply(ctx, &outcome.into()),
    }
    raw::REDISMODULE_OK as c_int
}
