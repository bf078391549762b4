//! The commands of clients that follow their jobs: cancel, retry, status, wait, list.

use super::super::{Arg, Command, Family};
use super::{CHANGES, ID, QUEUE, READS, TAKES, state};

/// All states.
const STATES: &[Arg] = &[
    state("delayed"),
    state("pending"),
    state("running"),
    state("completed"),
    state("failed"),
    state("cancelled"),
    state("dead"),
];

pub(crate) const CANCEL: Command = Command {
    name: "JOB.CANCEL",
    summary: "Cancels a job: a waiting one immediately, a running one by its worker, which the next heartbeat notifies",
    since: "0.2.0",
    complexity: "O(log N + W), with N jobs of the queue and W waiters",
    group: Family::Job,
    flags: "write",
    acl: "assess write slow",
    arity: 3,
    args: &[QUEUE, ID],
    keys: TAKES,
    tips: &[],
    reply: "the state after it: cancelled, or running until the worker reports",
    internal: false,
};

pub(crate) const RETRY: Command = Command {
    name: "JOB.RETRY",
    summary: "Makes a failed, dead or cancelled job pending again; its attempts count from zero",
    since: "0.2.0",
    complexity: "O(log N), with N jobs of the queue",
    group: Family::Job,
    flags: "write",
    acl: "assess write slow",
    arity: 3,
    args: &[QUEUE, ID],
    keys: CHANGES,
    tips: &[],
    reply: "OK",
    internal: false,
};

pub(crate) const STATUS: Command = Command {
    name: "JOB.STATUS",
    summary: "Describes a job: its state, progress, times, result or error",
    since: "0.2.0",
    complexity: "O(log N), with N jobs of the queue",
    group: Family::Job,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: 3,
    args: &[QUEUE, ID],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map of job_id, job_type, status, priority, progress, progress_message, created_at, due_at, \
            started_at, completed_at, duration_seconds, attempts, worker, group, cancel_requested, error, traceback, \
            result, metadata",
    internal: false,
};

pub(crate) const WAIT: Command = Command {
    name: "JOB.WAIT",
    summary: "Waits until a job has ended, then describes it like JOB.STATUS",
    since: "0.2.0",
    complexity: "O(log N), with N jobs of the queue",
    group: Family::Job,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -3,
    args: &[
        QUEUE,
        ID,
        Arg::integer("block-milliseconds")
            .after("BLOCK")
            .says("Longest wait; 0: without limit; default: assess.default-wait-ms")
            .optional(),
    ],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map as of JOB.STATUS; nil when the wait ends before the job",
    internal: false,
};

pub(crate) const LIST: Command = Command {
    name: "JOB.LIST",
    summary: "Lists the jobs of a queue, newest first",
    since: "0.2.0",
    complexity: "O(N) in slices, with N jobs that are looked at until the limit is reached",
    group: Family::Job,
    // A client waits while the server looks at a long queue in slices.
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -2,
    args: &[
        QUEUE,
        Arg::one_of("status", STATES).after("STATUS").says("Only jobs in this state").optional(),
        Arg::string("type").after("TYPE").says("Only jobs of this type").optional(),
        Arg::string("group").after("GROUP").says("Only jobs of this group").optional(),
        Arg::integer("offset").after("OFFSET").says("Number of jobs that are skipped; default: 0").optional(),
        Arg::integer("limit").after("LIMIT").says("Most jobs, at most 1000; default: 100").optional(),
    ],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "array of maps as of JOB.STATUS, without traceback, result and metadata",
    internal: false,
};

pub(crate) const INFO: Command = Command {
    name: "JOB.INFO",
    summary: "Describes a queue: counts of jobs, the oldest that waits, throughput, percentiles of times, bytes",
    since: "0.2.0",
    complexity: "O(T), with T types",
    group: Family::Job,
    flags: "readonly",
    acl: "assess read slow",
    arity: 2,
    args: &[QUEUE],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map, among others of status, max_concurrent_jobs, running_jobs, registered_handlers",
    internal: false,
};
