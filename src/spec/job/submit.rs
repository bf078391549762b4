//! The commands that submit jobs.

use super::super::{Arg, Command, Family};
use super::options::{BACKOFF, GROUP, METADATA, PRIORITY, RETRIES, START, TIMEOUT, TTL, UNIQUE};
use super::{CHANGES, PAYLOAD, QUEUE, TYPE};

pub(crate) const SUBMIT: Command = Command {
    name: "JOB.SUBMIT",
    summary: "Submits a job to a queue, which is created if it does not exist",
    since: "0.2.0",
    complexity: "O(log N), with N jobs of the queue",
    group: Family::Job,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -4,
    args: &[
        QUEUE,
        TYPE,
        PAYLOAD,
        Arg::string("id").after("ID").says("1 to 256 bytes; default: a UUID").optional(),
        PRIORITY,
        START,
        TTL,
        RETRIES,
        BACKOFF,
        TIMEOUT,
        UNIQUE,
        GROUP,
        METADATA,
    ],
    keys: CHANGES,
    tips: &["nondeterministic_output"],
    reply: "array of the id, and created or duplicate",
    internal: false,
};

pub(crate) const SUBMITMANY: Command = Command {
    name: "JOB.SUBMITMANY",
    summary: "Submits several jobs with the same options, all or none",
    since: "0.2.0",
    complexity: "O(n log N), with n jobs, at most assess.max-batch, and N jobs of the queue",
    group: Family::Job,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -5,
    args: &[
        QUEUE,
        Arg::integer("n").says("Number of jobs"),
        Arg::block("job", &[TYPE, PAYLOAD]).multiple(),
        PRIORITY,
        START,
        TTL,
        RETRIES,
        BACKOFF,
        TIMEOUT,
        UNIQUE,
        GROUP,
        METADATA,
    ],
    keys: CHANGES,
    tips: &["nondeterministic_output"],
    reply: "array of ids; for a duplicate that of the existing job",
    internal: false,
};
