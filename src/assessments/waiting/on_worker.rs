//! Replies that a worker makes because they take longer than a slice.

use crate::assessments::waiting;
use crate::error::{Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::reply::Reply;
use crate::work::pool::{self, Lane};

/// Makes the reply with `work`: in the command if it is short, else on a worker while the client is blocked. `bytes` is
/// the size of the arguments that `work` keeps.
pub(crate) fn answer(
    ctx: Ctx<'_>,
    is_long: bool,
    bytes: usize,
    what: &'static str,
    work: impl FnOnce() -> Outcome<Reply> + Send + 'static,
) -> Outcome<Reply> {
    if !is_long {
        return work();
    }
    if !ctx.may_block() {
        return Err(Failure::cannot_block());
    }
    account::admit(bytes)?;
    for_blocked(Blocked::block(ctx, 0, waiting::ended_unstored).holding(bytes), what, work);
    Ok(Reply::Sent)
}

/// Makes the reply on a worker, for a client that is already blocked.
pub(crate) fn for_blocked(
    blocked: Blocked,
    what: &'static str,
    work: impl FnOnce() -> Outcome<Reply> + Send + 'static,
) {
    pool::run(Lane::Request, None, move || {
        let made = || pool::at_reduced_priority(|| guard::run(what, work).and_then(|reply| reply));
        let reply = blocked.measure(made);
        blocked.reply(reply.into());
    });
}
