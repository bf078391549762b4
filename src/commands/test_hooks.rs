//! Failures on demand, for the tests of the guard. Not in release builds, and only where the environment asks.

use crate::background::{self, Lane};
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::command_info::{self, OwnCategory};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::{Run, entry};
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::spec::{Arg, Command, Family};

const PANIC: Command = Command {
    name: "ASSESS.PANIC",
    summary: "Panics, in a handler or in a worker",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Assess,
    flags: "readonly",
    acl: "assess read slow",
    arity: 2,
    args: &[Arg::string("where")],
    keys: &[],
    tips: &[],
    reply: "error",
    internal: true,
};

struct Panic;

impl Run for Panic {
    fn run(ctx: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        match argv.bytes(1) {
            b"handler" => panic!("asked for by a test"),
            b"worker" => {
                let blocked = Blocked::block(ctx, 0);
                background::run(Lane::Question, None, move || {
                    // Owned by the closure: what unwinds here must still answer the client.
                    let _blocked = blocked;
                    panic!("asked for by a test");
                });
                Ok(Reply::Sent)
            }
            _ => Err(Failure::err("handler or worker")),
        }
    }
}

pub(super) fn register(ctx: &redis_module::Context, category: OwnCategory) -> Result<(), String> {
    if std::env::var_os("ASSESS_TEST_HOOKS").is_none() {
        return Ok(());
    }
    command_info::register(ctx, &PANIC, entry::<Panic>, category).map_err(|error| error.to_string())
}
