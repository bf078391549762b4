//! How loads begin, and what a command that repeats a running load gets.

use std::sync::Arc;
use std::time::Instant;

use assess_engine::Progress;

use super::loading::{self, Repeatable, Slot};
use super::repeats::{Repeats, in_flight};
use super::{Client, Load, Origin, Request, Stage, replaced};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::account;
use crate::ffi::blocked::Blocked;
use crate::ffi::ctx::Ctx;
use crate::models::commit;
use crate::reply::Reply;
use crate::work::memory;

/// Begins a load. The client is answered when the load has ended. `origin` is called after all checks.
///
/// A client that repeats the command of the load in flight, with a file that has not changed since, waits for the outcome
/// of that load: a client library whose read times out sends the command again.
pub(crate) fn begin(
    ctx: Ctx<'_>,
    request: Request,
    path: Option<&[u8]>,
    origin: impl FnOnce() -> Origin,
) -> Outcome<()> {
    commit::may_replace(ctx, &request.key, request.noreplace)?;
    let command = path.map(|path| repeatable(&request, path));
    if loading::find(ctx.db(), &request.key).is_some() {
        let client = || Client::Blocked(Blocked::block(ctx, 0, unblocked));
        let is_joined = loading::join(&(ctx.db(), request.key), command.as_ref(), client);
        return if is_joined { Ok(()) } else { Err(in_flight()) };
    }
    let (origin, progress, repeats) = (origin(), Arc::<Progress>::default(), Arc::<Repeats>::default());
    let slot = slot(ctx, &request, &origin, &progress, (command, &repeats)).ok_or_else(in_flight)?;
    let client = Client::Blocked(Blocked::block(ctx, 0, unblocked).holding(origin.held()));
    start(ctx, slot, request, (origin, repeats), progress, client);
    Ok(())
}

fn repeatable(request: &Request, path: &[u8]) -> Repeatable {
    let &Request { ref recipe, noreplace, history, .. } = request;
    Repeatable { recipe: recipe.clone(), noreplace, history, path: path.to_vec() }
}

/// Begins a load for a job, which is answered in any case.
pub(crate) fn begin_for(ctx: Ctx<'_>, client: Client, request: Request, origin: Origin, progress: Arc<Progress>) {
    let repeats = Arc::<Repeats>::default();
    let slot = commit::may_replace(ctx, &request.key, request.noreplace)
        .and_then(|()| slot(ctx, &request, &origin, &progress, (None, &repeats)).ok_or_else(in_flight));
    match slot {
        Ok(slot) => start(ctx, slot, request, (origin, repeats), progress, client),
        Err(failure) => client.reply(Err(failure)),
    }
}

fn slot(
    ctx: Ctx<'_>,
    request: &Request,
    origin: &Origin,
    progress: &Arc<Progress>,
    repeated: (Option<Repeatable>, &Arc<Repeats>),
) -> Option<Slot> {
    let kind = request.recipe.kind().name();
    loading::register((ctx.db(), request.key.clone()), kind, progress, origin.source(), repeated)
}

fn start(
    ctx: Ctx<'_>,
    slot: Slot,
    request: Request,
    (origin, repeats): (Origin, Arc<Repeats>),
    progress: Arc<Progress>,
    client: Client,
) {
    let load = Load {
        begun: Instant::now(),
        db: ctx.db(),
        slot,
        budget: memory::budget(ctx),
        progress,
        before: replaced(ctx, &request),
        joined_again: 0,
        client,
        account: account::acting(),
        request,
        origin,
        repeats,
    };
    load.advance(ctx, Stage::Reading);
}

/// The reply to a client that `CLIENT UNBLOCK` wakes: the wait for a load has no other limit.
fn unblocked(_: u64) -> Reply {
    Failure::new(Code::Busy, "the load continues without this client, see MODEL.INFO").into()
}
