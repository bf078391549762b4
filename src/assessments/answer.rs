//! The outcome of a read request: a reply now, work for a worker, or a wait until the model is ready.
//!
//! `ASSESS.GET`, `ASSESS.MGET`, `ASSESS.RANK` and `MODEL.FIND` share this path. Each returns its outcome as an
//! [`Answer`]; only [`command`] and [`waiter`] act on it.

use std::sync::Arc;

use crate::assessments::lookup::naming::{Names, Unnamed};
use crate::assessments::waiting::{self, Parked, not_ready};
use crate::error::{Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::{Blocked, Ended};
use crate::ffi::ctx::Ctx;
use crate::ffi::string::Argv;
use crate::models::derivation::Derivation;
use crate::reply::Reply;
use crate::settings;
use crate::types::model::Name;

/// The outcome of handling a request.
pub(crate) enum Answer<W> {
    /// The document was in the cache, or among the pending results, under this key.
    Hit { name: Vec<u8>, reply: Reply },
    /// The reply was made on the main thread.
    Reply(Reply),
    /// The model is not ready: the client has to wait for its derivation.
    NotReady(Arc<Derivation>),
    /// A worker has to make the reply.
    Work(W),
}

/// For which client a request is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The client that has just sent the command.
    Command,
    /// A blocked client, possibly one of many.
    Waiter,
    /// No client: the module computes ahead of a request.
    Module,
}

/// A request to handle.
pub(crate) struct Request<'a> {
    pub(crate) model: Name<'a>,
    /// The words of the command without its name; the first is the model's key.
    pub(crate) words: &'a [&'a [u8]],
    pub(crate) caller: Caller,
    /// The cache keys of long subjects, if a worker has built them.
    pub(crate) names: Option<Names>,
}

/// A kind of read request.
pub(crate) trait ReadRequest {
    type Work;

    /// Handles the request as far as possible on the main thread.
    fn handle(ctx: Ctx<'_>, request: Request<'_>) -> Outcome<Answer<Self::Work>>;

    /// The reply for a client whose wait for the work ends early.
    fn ended(work: &Self::Work) -> Ended;

    /// Runs the work on a worker for a blocked client. `command` is its whole command.
    fn start(ctx: Ctx<'_>, work: Self::Work, blocked: Blocked, command: Command<'_>);

    /// Called after the request was served from the cache, under this key.
    fn hit(_: Ctx<'_>, _: Argv<'_>, _: &[u8]) {}
}

/// Handles the command of a client: replies, or blocks the client.
pub(crate) fn command<R: ReadRequest>(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
    let answer = argv.with_words(1, |words| {
        R::handle(ctx, Request { model: Name::Argument(argv, 1), words, caller: Caller::Command, names: None })
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
            let bytes = argv.bytes_of_all();
            account::admit(bytes)?;
            let blocked = Blocked::block(ctx, 0, R::ended(&work)).holding(bytes);
            R::start(ctx, work, blocked, Command::Sent(argv));
            Ok(Reply::Sent)
        }
    }
}

/// Handles the request of a blocked client again, for its user.
fn waiter<R: ReadRequest>(ctx: Ctx<'_>, blocked: Blocked, command: Vec<Vec<u8>>, names: Option<Names>) {
    account::continued(&blocked.account(), || again::<R>(ctx, blocked, command, names));
}

fn again<R: ReadRequest>(ctx: Ctx<'_>, blocked: Blocked, command: Vec<Vec<u8>>, names: Option<Names>) {
    let words: Vec<&[u8]> = command.iter().skip(1).map(Vec::as_slice).collect();
    let request = Request { model: Name::Bytes(words[0]), words: &words, caller: Caller::Waiter, names };
    match R::handle(ctx, request) {
        Ok(Answer::Hit { reply, .. } | Answer::Reply(reply)) => blocked.reply(reply),
        Ok(Answer::NotReady(derivation)) => match derivation.failure() {
            Some(_) => blocked.reply(not_ready(&derivation).into()),
            // The model has changed in the meantime, and is derived again.
            None => waiting::park(Parked { blocked, db: ctx.db(), command, derivation, retry: retry::<R> }),
        },
        Ok(Answer::Work(work)) => R::start(ctx, work, blocked, Command::Kept(command)),
        Err(failure) => blocked.reply(failure.into()),
    }
}

/// Builds the cache keys of long subjects on a worker, then handles the request again.
pub(super) fn name_first<R: ReadRequest>(ctx: Ctx<'_>, unnamed: Unnamed, blocked: Blocked, command: Command<'_>) {
    let command = command.into_words();
    unnamed.name_on_worker(ctx.db(), blocked, move |ctx, blocked, names| {
        waiter::<R>(ctx, blocked, command, Some(names));
    });
}

/// Handles the request of a waiter again, after a derivation has ended.
fn retry<R: ReadRequest>(ctx: Ctx<'_>, parked: Parked) {
    if ctx.select(parked.db) {
        waiter::<R>(ctx, parked.blocked, parked.command, None);
    }
}

/// Blocks the client until the model is ready; an error if the client cannot be blocked.
fn wait<R: ReadRequest>(ctx: Ctx<'_>, argv: Argv<'_>, derivation: Arc<Derivation>) -> Outcome<Reply> {
    let wait_ms = settings::default_wait_ms();
    if derivation.failure().is_some() || wait_ms == 0 || !ctx.may_block() {
        return Err(not_ready(&derivation));
    }
    let bytes = argv.bytes_of_all();
    account::admit(bytes)?;
    let blocked = Blocked::block(ctx, wait_ms, waiting::ended).holding(bytes);
    let (db, command) = (ctx.db(), Command::Sent(argv).into_words());
    waiting::park(Parked { blocked, db, command, derivation, retry: retry::<R> });
    Ok(Reply::Sent)
}

/// The whole command of a client, its name first. It is copied only when work needs it later.
pub(crate) enum Command<'a> {
    Sent(Argv<'a>),
    /// The client was blocked before.
    Kept(Vec<Vec<u8>>),
}

impl Command<'_> {
    pub(crate) fn into_words(self) -> Vec<Vec<u8>> {
        match self {
            Self::Sent(argv) => argv.words(0).into_iter().map(<[u8]>::to_vec).collect(),
            Self::Kept(words) => words,
        }
    }
}
