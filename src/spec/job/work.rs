//! The commands of workers: claim, heartbeat, report. None is `deny-oom`, see [`super`].

use super::super::{Arg, Command, Family};
use super::{CHANGES, ID, QUEUE, TAKES, TOKEN};

pub(crate) const CLAIM: Command = Command {
    name: "JOB.CLAIM",
    summary: "Grants the leases of jobs of some types; with BLOCK waits for a job",
    since: "0.2.0",
    complexity: "O(c * (T + log N)), with c claimed jobs, T types and N jobs of the queue",
    group: Family::Job,
    flags: "write blocking",
    acl: "assess write slow blocking",
    arity: -4,
    args: &[
        QUEUE,
        Arg::integer("n").says("Number of types, at most assess.max-batch"),
        Arg::string("type").says("Type that the worker can run").multiple(),
        Arg::integer("lease-milliseconds")
            .after("LEASE")
            .says("Duration of each lease; a heartbeat extends it by as much; default: 30000")
            .optional(),
        Arg::integer("block-milliseconds")
            .after("BLOCK")
            .says("Longest wait for a job; 0: without limit; default: do not wait")
            .optional(),
        Arg::integer("count").after("COUNT").says("Most jobs, at most assess.max-batch; default: 1").optional(),
        Arg::string("worker").after("WORKER").says("Name of the worker, 1 to 256 bytes").optional(),
    ],
    keys: TAKES,
    tips: &["nondeterministic_output"],
    reply: "array of maps of id, token, attempt, type, payload, metadata, lease_ms; empty when there is no job",
    internal: false,
};

pub(crate) const HEARTBEAT: Command = Command {
    name: "JOB.HEARTBEAT",
    summary: "Extends the lease of a running job, reports its progress, and replies whether to continue",
    since: "0.2.0",
    complexity: "O(log N), with N jobs of the queue",
    group: Family::Job,
    flags: "write fast",
    acl: "assess write fast",
    arity: -4,
    args: &[
        QUEUE,
        ID,
        TOKEN,
        Arg::integer("percent").after("PROGRESS").says("0 to 100").optional(),
        Arg::string("message").after("MESSAGE").says("Truncated to 1 KiB").optional(),
    ],
    keys: TAKES,
    tips: &["nondeterministic_output"],
    reply: "continue, or cancel when the job is to be cancelled; LEASELOST with the cause when the lease is lost",
    internal: false,
};

pub(crate) const COMPLETE: Command = Command {
    name: "JOB.COMPLETE",
    summary: "Ends a running job with a result",
    since: "0.2.0",
    complexity: "O(log N + W), with N jobs of the queue and W waiters",
    group: Family::Job,
    flags: "write",
    acl: "assess write slow",
    arity: 5,
    args: &[QUEUE, ID, TOKEN, Arg::string("result").says("Bytes for the client, at most assess.max-payload")],
    keys: CHANGES,
    tips: &[],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};

pub(crate) const FAIL: Command = Command {
    name: "JOB.FAIL",
    summary: "Ends the run of a job with an error; the job is run again if a retry is left",
    since: "0.2.0",
    complexity: "O(log N + W), with N jobs of the queue and W waiters",
    group: Family::Job,
    flags: "write",
    acl: "assess write slow",
    arity: -5,
    args: &[
        QUEUE,
        ID,
        TOKEN,
        Arg::string("error").says("One line for people; truncated to 64 KiB"),
        Arg::one_of("retry", &[Arg::token("yes", "yes"), Arg::token("no", "no")])
            .after("RETRY")
            .says("Whether the job may be run again; default: yes")
            .optional(),
        Arg::string("traceback").after("TRACEBACK").says("Stack of the error; truncated to 64 KiB").optional(),
    ],
    keys: CHANGES,
    tips: &[],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};
