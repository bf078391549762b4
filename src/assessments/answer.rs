//! How a read request ends: with a reply now, on a worker, or after its model has become ready.
//!
//! `ASSESS.GET`, `ASSESS.MGET`, `ASSESS.RANK` and `MODEL.FIND` share this path. Each says what it finds as an [`Answer`];
//! [`command`] and [`waiter`] are the only places that act on one.

use std::sync::Arc;

use crate::assessments::naming::Names;
use crate::assessments::waiting::{self, Parked, not_ready};
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::string::Argv;
use crate::models::derivation::Derivation;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::Name;

/// What a request comes to in the slice in which it is looked at.
pub(crate) enum Answer<W> {
    /// The cache held the document, under this name.
    Hit { name: Vec<u8>, reply: Reply },
    /// The result was computed here, or was about to be stored.
    Reply(Reply),
    /// The model is not ready: the client waits for its derivation.
    NotReady(Arc<Derivation>),
    /// A worker has to do this.
    Work(W),
}

/// On whose behalf a request is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The command that a client has just sent.
    Command,
    /// A client that was blocked, possibly one of many.
    Waiter,
}

/// A request that is looked at now.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) model: Name<'a>,
    /// The words of the command after its name; the model's key is the first.
    pub(crate) words: &'a [&'a [u8]],
    pub(crate) caller: Caller,
    /// Names of long subjects, where a worker has built them.
    pub(crate) names: Option<&'a Names>,
}

/// A kind of read request.
pub(crate) trait ReadRequest {
    type Work;

    fn ask(ctx: Ctx<'_>, asked: Asked<'_>) -> Outcome<Answer<Self::Work>>;

    /// What a client receives when its wait for the work ends early.
    fn ended(work: &Self::Work) -> Ended;

    /// Runs the work on a worker, for a blocked client; `command` is its whole command.
    fn start(ctx: Ctx<'_>, work: Self::Work, blocked: Blocked, command: Vec<Vec<u8>>);

    /// The request was served from the cache, under this name.
    fn hit(_: Ctx<'_>, _: Argv<'_>, _: &[u8]) {}
}

/// Answers the command of a client, or blocks the client.
pub(crate) fn command<R: ReadRequest>(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
    let answer = argv.with_words(1, |words| {
        R::ask(ctx, Asked { model: Name::Argument(argv, 1), words, caller: Caller::Command, names: None })
    })?;
    match answer {
        Answer::Hit { name, reply } => {
            R::hit(ctx, argv, &name);
            Ok(reply)
        }
        Answer::Reply(reply) => Ok(reply),
        Answer::NotReady(derivation) => wait::<R>(ctx, argv, derivation),
        Answer::Work(_) if !ctx.may_block() => Err(Failure::cannot_block()),
        Answer::Work(work) => {
            let blocked = Blocked::block(ctx, 0, R::ended(&work));
            R::start(ctx, work, blocked, owned(argv));
            Ok(Reply::Sent)
        }
    }
}

/// Looks again at the request of a client that is blocked.
pub(crate) fn waiter<R: ReadRequest>(ctx: Ctx<'_>, blocked: Blocked, command: Vec<Vec<u8>>, names: Option<&Names>) {
    let words: Vec<&[u8]> = command.iter().skip(1).map(Vec::as_slice).collect();
    let asked = Asked { model: Name::Bytes(words[0]), words: &words, caller: Caller::Waiter, names };
    match R::ask(ctx, asked) {
        Ok(Answer::Hit { reply, .. } | Answer::Reply(reply)) => blocked.reply(reply),
        Ok(Answer::NotReady(derivation)) => match derivation.failure() {
            Some(_) => blocked.reply(not_ready(&derivation).into()),
            // Its model has changed in the meantime.
            None => waiting::park(Parked { blocked, db: ctx.db(), command, derivation, again: again::<R> }),
        },
        Ok(Answer::Work(work)) => R::start(ctx, work, blocked, command),
        Err(failure) => blocked.reply(failure.into()),
    }
}

/// A derivation has ended: the request of a waiter is looked at again.
fn again<R: ReadRequest>(ctx: Ctx<'_>, parked: Parked) {
    if ctx.select(parked.db) {
        waiter::<R>(ctx, parked.blocked, parked.command, None);
    }
}

/// Blocks the client until the model is ready, or answers that it is not where the client cannot be blocked.
fn wait<R: ReadRequest>(ctx: Ctx<'_>, argv: Argv<'_>, derivation: Arc<Derivation>) -> Outcome<Reply> {
    let wait_ms = settings::default_wait_ms();
    if derivation.failure().is_some() || wait_ms == 0 || !ctx.may_block() {
        return Err(not_ready(&derivation));
    }
    let blocked = Blocked::block(ctx, wait_ms, waiting::ended);
    let (db, command) = (ctx.db(), owned(argv));
    waiting::park(Parked { blocked, db, command, derivation, again: again::<R> });
    Ok(Reply::Sent)
}

/// The whole command of a client.
fn owned(argv: Argv<'_>) -> Vec<Vec<u8>> {
    argv.words(0).into_iter().map(<[u8]>::to_vec).collect()
}
