//! Queues of jobs on the keyspace: requests, replication of changes, timers, blocked workers and waiters.
//!
//! The engine's `Queue` decides; this folder opens the key, replicates the changes that a request made, reports them as
//! keyspace events, and answers the clients that waited for them. No parsing of commands, and no rules of the queue.

mod alarm;
mod change;
mod claims;
mod directory;
mod listing;
mod parked;
mod refusal;
mod reply;
mod requests;
mod run;
mod timers;
mod waits;

use self::change::After;
pub(crate) use self::change::replay;
pub(crate) use self::claims::{claim, waiting as workers_waiting};
pub(crate) use self::directory::{arrived, count as queues, unclaimed};
pub(crate) use self::listing::{list, purge};
pub(crate) use self::requests::{
    about_key, cancel, configure, heartbeat, info, limits, pause, report, resume, retry, schedule, schedules, status,
    submit, submit_many, unschedule,
};
pub(crate) use self::run::names::may_submit;
pub(crate) use self::run::task::{running as run_by_module, stop};
pub(crate) use self::run::warm::{Extent, submit as warm};
pub(crate) use self::waits::{wait, waiting as clients_waiting};
use crate::ffi::ctx::Ctx;
use crate::types::queue::{self, Watcher};

/// Called once, while the module is loaded.
pub(crate) fn watch() {
    queue::watch(Watcher { arrived: directory::created, removed });
    alarm::set_run(timers::run);
    change::set_after(After {
        on_master: |ctx, name, changes| {
            run::task::changed(ctx, name);
            if changes.may_be_claimed() {
                claims::serve(ctx, name);
                run::consider(ctx, name);
            }
        },
        everywhere: |ctx, name, changes| waits::ended(ctx, name, changes.ended()),
        next_look: claims::next_look,
    });
}

fn removed(db: i32, name: &[u8]) {
    directory::removed(db, name);
    waits::recheck();
}

/// A database was emptied; `None` is all of them.
pub(crate) fn flushed(db: Option<i32>) {
    directory::flushed(db);
    waits::recheck();
}

/// Two databases were swapped.
pub(crate) fn swapped(a: i32, b: i32) {
    directory::swapped(a, b);
    waits::recheck();
}

/// This server has become the master.
pub(crate) fn promoted(_: Ctx<'_>) {
    queue::promoted();
    directory::all_due();
}

/// The server has loaded a data set; timers did not fire meanwhile.
pub(crate) fn loaded(ctx: Ctx<'_>) {
    directory::all_due();
    waits::recheck();
    run::warm::on_start(ctx);
}
