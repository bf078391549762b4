//! The commands of operators: limits, pause, purge; and the help and the replication of the family.

use super::super::{Arg, Command, Family};
use super::{CHANGES, DELETES, QUEUE, TAKES, state};

const PAUSED: Arg = Arg::string("type").says("Only this type; default: the whole queue").optional();

pub(crate) const CONFIG: Command = Command {
    name: "JOB.CONFIG",
    summary: "Sets limits of a queue, which is created if it does not exist; without options replies all limits",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Job,
    // Without deny-oom: it shows limits, and lower ones free memory.
    flags: "write",
    acl: "assess write slow",
    arity: -2,
    args: &[
        QUEUE,
        Arg::integer("max-running").after("MAXRUNNING").says("Most jobs that run at a time; default: 10").optional(),
        Arg::integer("max-per-group")
            .after("MAXPERGROUP")
            .says("Most jobs of one group that run at a time; 0: no limit; default: 0")
            .optional(),
        Arg::string("rate")
            .after("RATE")
            .says("n/ms: at most n claims in each window of ms milliseconds; 0: no limit; default: 0")
            .optional(),
        Arg::integer("ageing-milliseconds")
            .after("AGEING")
            .says("Wait after which a job moves to the next higher priority; 0: never; default: 300000")
            .optional(),
        Arg::integer("max-jobs")
            .after("MAXJOBS")
            .says("Most jobs that wait, and most ended jobs that are kept; 0: no limit; default: 0")
            .optional(),
        Arg::string("max-bytes")
            .after("MAXBYTES")
            .says("The same for bytes, optionally with a unit such as mb; 0: no limit; default: 0")
            .optional(),
        Arg::block(
            "keep",
            &[
                Arg::one_of("status", &[state("completed"), state("failed"), state("cancelled"), state("dead")]),
                Arg::integer("seconds"),
            ],
        )
        .after("KEEP")
        .says("How long ended jobs without TTL are kept; default: 3600")
        .multiple_with_token()
        .optional(),
    ],
    keys: TAKES,
    tips: &[],
    reply: "OK; without options map of all limits",
    internal: false,
};

pub(crate) const PAUSE: Command = Command {
    name: "JOB.PAUSE",
    summary: "Stops claims of a queue, or of one type; jobs that run are not affected",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Job,
    flags: "write",
    acl: "assess write slow",
    arity: -2,
    args: &[QUEUE, PAUSED],
    keys: CHANGES,
    tips: &[],
    reply: "OK",
    internal: false,
};

pub(crate) const RESUME: Command = Command {
    name: "JOB.RESUME",
    summary: "Permits claims again after JOB.PAUSE",
    since: "0.2.0",
    complexity: "O(W), with W blocked claims",
    group: Family::Job,
    flags: "write",
    acl: "assess write slow",
    arity: -2,
    args: &[QUEUE, PAUSED],
    keys: CHANGES,
    tips: &[],
    reply: "OK",
    internal: false,
};

pub(crate) const PURGE: Command = Command {
    name: "JOB.PURGE",
    summary: "Removes the jobs of a queue that are in a state other than running",
    since: "0.2.0",
    complexity: "O(N + R log N) in slices, with N jobs of the queue and R removed ones",
    group: Family::Job,
    // A client waits while the server removes many jobs in slices.
    flags: "write blocking",
    acl: "assess write slow blocking",
    arity: 3,
    args: &[
        QUEUE,
        Arg::one_of(
            "status",
            &[
                state("delayed"),
                state("pending"),
                state("completed"),
                state("failed"),
                state("cancelled"),
                state("dead"),
            ],
        ),
    ],
    keys: DELETES,
    tips: &[],
    reply: "integer, the number of removed jobs",
    internal: false,
};

pub(crate) const HELP: Command = Command {
    name: "JOB.HELP",
    summary: "Explains the JOB commands",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Job,
    // Static text, so it is available while the data set is loading or stale, like the server's own HELP.
    flags: "readonly fast allow-loading allow-stale",
    acl: "assess read fast",
    arity: 1,
    args: &[],
    keys: &[],
    tips: &[],
    reply: "array of strings",
    internal: false,
};

/// Like `MODEL.REPLAY`: a replica must accept the changes of its master.
pub(crate) const REPLAY: Command = Command {
    name: "JOB.REPLAY",
    summary: "Internal: carries changes of a queue from a master to its replicas and the append-only file; refused to \
              clients",
    since: "0.2.0",
    complexity: "O(B), with B bytes of changes",
    group: Family::Job,
    flags: "write admin deny-script no-monitor no-slowlog",
    acl: "assess write admin dangerous slow",
    arity: 3,
    args: &[QUEUE, Arg::string("changes")],
    keys: CHANGES,
    tips: &[],
    reply: "OK",
    internal: true,
};
