//! Commands for tests: failures on demand, and checks of the index. They are built with the feature `test-hooks` only,
//! and registered only if the environment variable `ASSESS_TEST_HOOKS` is set.

use std::time::Duration;

use assess_engine::jobs::Queue;

use crate::cache::{audit, follow, hold, with};
use crate::error::{Failure, Outcome};
use crate::ffi::blocked::Blocked;
use crate::ffi::command_info::{self, Handler, OwnCategory};
use crate::ffi::ctx::Ctx;
use crate::ffi::entry::{Run, entry};
use crate::ffi::string::Argv;
use crate::reply::Reply;
use crate::spec::{Arg, Command, Family};
use crate::work::main_loop;
use crate::work::pool::{self, Lane};

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
            b"handler" => panic!("requested by a test"),
            b"worker" => {
                let blocked = Blocked::block(ctx, 0, crate::assessments::waiting::ended_unstored);
                pool::run(Lane::Request, None, move || {
                    // The closure owns the handle: unwinding drops it, and that must answer the client.
                    let _blocked = blocked;
                    panic!("requested by a test");
                });
                Ok(Reply::Sent)
            }
            _ => Err(Failure::err("expected handler or worker")),
        }
    }
}

const AUDIT: Command = Command {
    name: "ASSESS.AUDIT",
    summary: "Compares the index with the keyspace",
    complexity: "O(N)",
    arity: 1,
    args: &[],
    reply: "array of differences",
    ..PANIC
};

struct Audit;

impl Run for Audit {
    fn run(ctx: Ctx<'_>, _: Argv<'_>) -> Outcome<Reply> {
        Ok(Reply::texts(audit::differences(ctx)))
    }
}

const SABOTAGE: Command = Command {
    name: "ASSESS.SABOTAGE",
    summary: "Disables a mechanism that keeps the cache or a queue correct",
    args: &[Arg::string("what")],
    reply: "OK",
    ..PANIC
};

/// A slice that is longer than any should be.
const SLOW_SLICE: Duration = Duration::from_millis(20);

struct Sabotage;

impl Run for Sabotage {
    fn run(_: Ctx<'_>, argv: Argv<'_>) -> Outcome<Reply> {
        match argv.bytes(1) {
            b"fence" => with(|cache| cache.leases.switch_fence_off()),
            b"job-fence" => Queue::switch_fence_off(),
            b"notification" => follow::drop_one(),
            b"sweep" => hold::set(true),
            b"step" => hold::let_one_pass(),
            b"nothing" => hold::set(false),
            b"slice" => main_loop::after(0, |_| std::thread::sleep(SLOW_SLICE)),
            _ => return Err(Failure::err("expected fence, job-fence, notification, sweep, step, nothing or slice")),
        }
        Ok(Reply::Ok)
    }
}

pub(super) fn register(ctx: &redis_module::Context, category: OwnCategory) -> Result<(), String> {
    let Some(asked) = std::env::var_os("ASSESS_TEST_HOOKS") else { return Ok(()) };
    // Paused from the start, so that a test can inspect a sweep that was in progress before a restart.
    hold::set(asked == "sweep");
    for (command, handler) in
        [(&PANIC, entry::<Panic> as Handler), (&AUDIT, entry::<Audit>), (&SABOTAGE, entry::<Sabotage>)]
    {
        command_info::register(ctx, command, handler, category).map_err(|error| error.to_string())?;
    }
    Ok(())
}
