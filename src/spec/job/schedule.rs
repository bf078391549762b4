//! The commands of schedules, which submit jobs at their times.

use super::super::{Arg, Command, Family};
use super::options::{BACKOFF, GROUP, METADATA, PRIORITY, RETRIES, TIMEOUT, TTL, UNIQUE};
use super::{CHANGES, DELETES, PAYLOAD, QUEUE, READS, TYPE};

const NAME: Arg = Arg::string("name").says("1 to 256 bytes");

pub(crate) const SCHEDULE: Command = Command {
    name: "JOB.SCHEDULE",
    summary: "Creates a schedule, or replaces it: a job is submitted at each due time, once, by the master",
    since: "0.2.0",
    complexity: "O(log S), with S schedules of the queue",
    group: Family::Job,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -7,
    args: &[
        QUEUE,
        NAME,
        Arg::one_of(
            "timing",
            &[
                Arg::integer("milliseconds").after("EVERY").says("Interval, at least 1000"),
                Arg::block(
                    "cron",
                    &[
                        Arg::string("expression").says("Fields of cron"),
                        Arg::string("zone")
                            .after("TZ")
                            .says("Time zone such as Europe/Berlin; default: UTC")
                            .optional(),
                    ],
                )
                .after("CRON"),
            ],
        ),
        TYPE,
        PAYLOAD,
        PRIORITY,
        TTL,
        RETRIES,
        BACKOFF,
        TIMEOUT,
        UNIQUE,
        GROUP,
        METADATA,
    ],
    keys: CHANGES,
    tips: &[],
    reply: "OK",
    internal: false,
};

pub(crate) const UNSCHEDULE: Command = Command {
    name: "JOB.UNSCHEDULE",
    summary: "Removes a schedule; jobs that it has submitted are kept",
    since: "0.2.0",
    complexity: "O(log S), with S schedules of the queue",
    group: Family::Job,
    // Without deny-oom: it frees memory.
    flags: "write",
    acl: "assess write slow",
    arity: 3,
    args: &[QUEUE, NAME],
    keys: DELETES,
    tips: &[],
    reply: "integer, 1 if the schedule existed, else 0",
    internal: false,
};

pub(crate) const SCHEDULES: Command = Command {
    name: "JOB.SCHEDULES",
    summary: "Lists the schedules of a queue",
    since: "0.2.0",
    complexity: "O(S), with S schedules of the queue",
    group: Family::Job,
    flags: "readonly",
    acl: "assess read slow",
    arity: 2,
    args: &[QUEUE],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "array of maps of name, every_ms or cron and zone, job_type, payload, priority, next_at, last_at",
    internal: false,
};
