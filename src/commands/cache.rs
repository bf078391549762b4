//! `CACHE.*`: typed arguments of the commands, one file per idea. Words are those after the command's name.

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

use super::options;
use crate::cache::{clauses, invalidate as order, store};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::ffi::user;
use crate::reply::Reply;

/// What a master, or an append-only file, says; and how this server itself writes native entries.
///
/// ```text
/// CACHE.REPLAY key ENTRY expires-at fresh-until life form
/// CACHE.REPLAY key FRESH fresh-until life
/// CACHE.REPLAY "" BAN id clause...
/// CACHE.REPLAY "" BANEND id
/// ```
pub(super) struct Replay;

impl Run for Replay {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        // Our own writes come by way of the server too, so that it replicates them, and refuses them where it must.
        if !ctx.is_replay() && !store::is_own() {
            return Err(Failure::err("an internal command, for replication and the append-only file only"));
        }
        match argv.words(1).as_slice() {
            [key, b"ENTRY", expires_at, fresh_until, life, form] => {
                let numbers = [number(expires_at)?, number(fresh_until)?, number(life)?];
                store::replay_entry(ctx, key, numbers, form)?;
            }
            [key, b"FRESH", fresh_until, life] => {
                store::replay_fresh(ctx, key, number(fresh_until)?, number(life)?);
            }
            [_, b"BAN", id, clauses @ ..] => clauses::obey_ban(ctx.db(), number(id)?, clauses)?,
            [_, b"BANEND", id] => order::obey_end(number(id)?),
            _ => {
                return Err(Failure::err(
                    "unknown form of an internal command: the master runs another version of the module",
                ));
            }
        }
        // What this server was told, or does, its replicas and its append-only file are told.
        ctx.replicate_verbatim();
        Ok(Reply::Ok)
    }
}

fn number(word: &[u8]) -> Outcome<u64> {
    options::number(word).ok_or_else(|| Failure::err("not a number in an internal command"))
}

/// What shows the names of keys is for those who may read all of them.
fn may_see_every_key(ctx: Ctx<'_>) -> Outcome<()> {
    if user::may_see_every_key(ctx) {
        return Ok(());
    }
    Err(Failure::new(Code::NoPerm, "this shows the names of keys: it needs a user who may read every key (~*)"))
}

/// The server checks a command's arity before it calls; this is for words that come another way.
fn too_few() -> Failure {
    Failure::err("wrong number of arguments, see the command's HELP")
}
