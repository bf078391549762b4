//! Replies that a worker puts together when they take longer than a slice.

use crate::assessments::waiting;
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::ffi::guard;
use crate::reply::Reply;
use crate::work::pool::{self, Lane};

/// Has `work` make the reply: here when it is short, else on a worker, for which the client waits.
pub(crate) fn answer(
    ctx: Ctx<'_>,
    is_long: bool,
    what: &'static str,
    work: impl FnOnce() -> Outcome<Reply> + Send + 'static,
) -> Outcome<Reply> {
    if !is_long {
        return work();
    }
    if !ctx.may_block() {
        return Err(Failure::cannot_block());
    }
    for_blocked(Blocked::block(ctx, 0, waiting::given_up), what, work);
    Ok(Reply::Sent)
}

/// Has a worker make the reply for a client that is blocked already.
pub(crate) fn for_blocked(
    blocked: Blocked,
    what: &'static str,
    work: impl FnOnce() -> Outcome<Reply> + Send + 'static,
) {
    pool::run(Lane::Question, None, move || {
        let made = || pool::at_low_priority(|| guard::run(what, work).and_then(|reply| reply));
        let reply = blocked.measure(made);
        blocked.reply(reply.into());
    });
}
