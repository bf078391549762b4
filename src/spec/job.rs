//! `JOB.*`: the queue of jobs at a key.
//!
//! Commands that add to the data set are `deny-oom`: `SUBMIT`, `SUBMITMANY`, `SCHEDULE`. The other writes are
//! not. When the memory is full, workers must still be able to claim and to end jobs, and operators to cancel, to purge
//! and to pause: this is what frees the memory. Otherwise a full queue would lose the lease of each job that runs, and
//! every job would become dead. What these commands add to a job is bounded: a token, a message, a result of at most
//! `assess.max-payload`.

mod follow;
mod queue;
mod schedule;
mod submit;
mod work;

pub(crate) use follow::{CANCEL, INFO, LIST, RETRY, STATUS, WAIT};
pub(crate) use queue::{CONFIG, HELP, PAUSE, PURGE, REPLAY, RESUME};
pub(crate) use schedule::{SCHEDULE, SCHEDULES, UNSCHEDULE};
pub(crate) use submit::{SUBMIT, SUBMITMANY};
pub(crate) use work::{CLAIM, COMPLETE, FAIL, HEARTBEAT};

use super::{Arg, KeyFlags, KeySpec};

const READS: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS))];
/// Changes a queue without a reply of its data.
const CHANGES: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::UPDATE))];
/// Changes a queue and replies some of its data.
const TAKES: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::ACCESS).and(KeyFlags::UPDATE))];
const DELETES: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::DELETE))];

const QUEUE: Arg = Arg::key("queue", 0);
const ID: Arg = Arg::string("id");
const TOKEN: Arg = Arg::string("token").says("16 hex digits, from JOB.CLAIM");
const TYPE: Arg = Arg::string("type").says("Which handler runs the job; 1 to 256 bytes");
const PAYLOAD: Arg = Arg::string("payload").says("Bytes for the handler, at most assess.max-payload");

/// The options that every submission has.
mod options {
    use super::super::Arg;

    pub(super) const PRIORITY: Arg = Arg::one_of(
        "priority",
        &[
            Arg::token("low", "low"),
            Arg::token("normal", "normal"),
            Arg::token("high", "high"),
            Arg::token("critical", "critical"),
        ],
    )
    .after("PRIORITY")
    .says("Jobs of a higher priority are claimed first; default: normal")
    .optional();
    /// Not of schedules, which have their own times.
    pub(super) const START: Arg = Arg::one_of(
        "start",
        &[
            Arg::integer("delay-milliseconds").after("DELAY"),
            Arg::unix_time("unix-time-milliseconds").after("AT").says("A time in the past: immediately"),
        ],
    )
    .says("When the job can be claimed; default: immediately")
    .optional();
    pub(super) const TTL: Arg = Arg::integer("ttl-seconds")
        .after("TTL")
        .says("How long the job is kept after it has ended; default: KEEP of the queue, else 3600")
        .optional();
    pub(super) const RETRIES: Arg = Arg::integer("retries")
        .after("RETRIES")
        .says("How often the job is run again after a failure, and how many lost leases make it dead; default: 3")
        .optional();
    pub(super) const BACKOFF: Arg = Arg::integer("backoff-milliseconds")
        .after("BACKOFF")
        .says("Delay before the first retry; it doubles with each failure; default: 1000")
        .optional();
    pub(super) const TIMEOUT: Arg = Arg::integer("timeout-milliseconds")
        .after("TIMEOUT")
        .says("Longest run; a longer one is a failure; default: no limit")
        .optional();
    pub(super) const UNIQUE: Arg = Arg::one_of(
        "unique",
        &[
            Arg::token("queued", "queued").says("A duplicate while one waits"),
            Arg::token("active", "active").says("A duplicate while one waits or runs"),
            Arg::token("rerun", "rerun").says("As active, and one that runs is run once more when it ends"),
            Arg::token("replace", "replace").says("The waiting one is replaced, and its delay starts again"),
        ],
    )
    .after("UNIQUE")
    .says("What makes the job a duplicate of one with the same type and payload, or the same id")
    .optional();
    pub(super) const GROUP: Arg = Arg::string("group")
        .after("GROUP")
        .says("Tenant of the job; claims alternate between the groups of a priority")
        .optional();
    pub(super) const METADATA: Arg = Arg::string("metadata")
        .after("METADATA")
        .says("JSON document for workers and observers, at most 64 KiB")
        .optional();
}

/// A state of a job as an argument.
const fn state(name: &'static str) -> Arg {
    Arg::token(name, name)
}
