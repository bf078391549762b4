//! `CACHE.*`: the arguments of the commands as typed values, one file per concern. `words` are the arguments without
//! the command's name.

mod fetch;
mod fill;
mod get;
mod invalidate;
mod lookup;
mod set;

pub(super) use crate::cache::clauses::Invalidate;
pub(super) use fetch::Fetch;
pub(super) use fill::{Fail, Fill, Renew};
pub(super) use get::{Get, Mget};
pub(super) use lookup::{Export, Health, Hot, Metrics, Stats, Ttl};
pub(super) use set::{Mset, Set};

use crate::cache::{clauses, invalidate as order, saved, store};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::options;
use crate::reply::Reply;

/// The internal command. It comes from a master, from an append-only file, or from this module, which writes native
/// entries with it.
///
/// ```text
/// CACHE.REPLAY key ENTRY expires-at fresh-until ttl form
/// CACHE.REPLAY key FRESH fresh-until ttl
/// CACHE.REPLAY "" BAN id clause...
/// CACHE.REPLAY "" BANEND id
/// CACHE.REPLAY "" SHARED tier version number-of-words policy...
/// ```
pub(super) struct Replay;

impl Run for Replay {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        // The module calls this command for its own writes, so that the server checks and replicates them.
        if !ctx.is_replay() && !store::is_own() {
            return Err(Failure::err("this command is internal: only replication and the append-only file use it"));
        }
        match argv.words(1).as_slice() {
            [key, b"ENTRY", expires_at, fresh_until, ttl, form] => {
                let numbers = [number(expires_at)?, number(fresh_until)?, number(ttl)?];
                store::replay_entry(ctx, key, numbers, form)?;
            }
            [key, b"FRESH", fresh_until, ttl] => {
                store::replay_fresh(ctx, key, number(fresh_until)?, number(ttl)?);
            }
            [_, b"BAN", id, clauses @ ..] => clauses::begin_replicated_ban(ctx.db(), number(id)?, clauses)?,
            [_, b"SHARED", tier @ ..] => saved::replay_shared(tier)?,
            [_, b"BANEND", id] => order::end_replicated(number(id)?),
            _ => {
                let failure = Failure::unknown_form();
                ctx.refuse_file_of_later_release(&failure);
                return Err(failure);
            }
        }
        // For the replicas and the append-only file of this server.
        ctx.replicate_verbatim();
        Ok(Reply::Ok)
    }
}

fn number(word: &[u8]) -> Outcome<u64> {
    options::number(word).ok_or_else(|| Failure::err("not a number in an internal command"))
}

/// An error unless the user may read every key: for commands that show the names of keys.
fn may_see_every_key(ctx: Ctx<'_>) -> Outcome<()> {
    if user::may_see_every_key(ctx) {
        return Ok(());
    }
    Err(Failure::new(
        Code::NoPerm,
        "this command shows the names of keys: the user needs permission to read every key (~*)",
    ))
}

/// The server checks the arity before it calls a command. This error is for parsers that are called in another way.
fn too_few() -> Failure {
    Failure::err("wrong number of arguments, see the command's HELP")
}
