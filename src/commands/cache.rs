//! `CACHE.*`: typed arguments of the commands, one file per idea. Words are those after the command's name.

mod fetch;
mod fill;
mod get;
mod invalidate;
mod lookup;
mod set;
mod tags;

pub(super) use fetch::Fetch;
pub(super) use fill::{Fail, Fill, Renew};
pub(super) use get::{Get, Mget};
pub(super) use invalidate::Invalidate;
pub(super) use lookup::{Export, Health, Hot, Metrics, Stats, Ttl};
pub(super) use set::{Mset, Set};

use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::Run;
use crate::ffi::string::Argv;
use crate::reply::Reply;

pub(super) struct Replay;

impl Run for Replay {
    fn run(ctx: Ctx<'_>, _: Argv<'_>) -> Outcome<Reply> {
        if !ctx.is_replay() {
            return Err(Failure::err("an internal command, for replication and the append-only file only"));
        }
        Err(Failure::err("not built yet"))
    }
}

/// The server checks a command's arity before it calls; this is for words that come another way.
fn too_few() -> Failure {
    Failure::err("wrong number of arguments, see the command's HELP")
}
