//! `TIER.*`: named policies over key patterns.
//!
//! These commands have no keys: a pattern matches keys that need not exist, in every slot and every database.

use super::{Arg, Command, Family};

const NAME: Arg = Arg::string("name");

pub(crate) const SET: Command = Command {
    name: "TIER.SET",
    summary: "Creates a tier, or replaces its whole policy; existing keys are assigned to tiers again in slices",
    since: "0.2.0",
    complexity: "O(P), with P patterns; assigning keys again is O(N) in slices, with N keys of the index",
    group: Family::Tier,
    flags: "write deny-oom blocking",
    acl: "assess write slow blocking",
    arity: -6,
    args: &[
        NAME,
        Arg::pattern("pattern")
            .after("PATTERN")
            .says("Keys of the tier; the most specific pattern of all tiers decides")
            .multiple_with_token(),
        Arg::one_of("expiration", &[Arg::integer("seconds").after("TTL"), Arg::integer("milliseconds").after("PTTL")])
            .says("Time to live of an entry: how long it is fresh"),
        Arg::integer("jitter-percent")
            .after("JITTER")
            .says("The time to live is shortened at random by up to this; default: 0")
            .optional(),
        Arg::integer("grace-seconds")
            .after("GRACE")
            .says("How long a stale entry is served while one client refreshes it; default: 0")
            .optional(),
        Arg::integer("retry-milliseconds")
            .after("RETRY")
            .says("Time from a failed refresh of a stale entry to the next attempt; default: 30000")
            .optional(),
        Arg::integer("refresh-percent")
            .after("REFRESH")
            .says("Last part of the time to live, in which one client gets a lease to refresh early; default: 0")
            .optional(),
        Arg::integer("negative-seconds")
            .after("NEGATIVE")
            .says("How long a failed computation is remembered (negative caching); default: 0")
            .optional(),
        Arg::integer("capacity")
            .after("CAPACITY")
            .says("Most entries; the least recently used are evicted first")
            .optional(),
        Arg::string("max-memory").after("MAXMEMORY").says("Most bytes, optionally with a unit such as mb").optional(),
        Arg::integer("minhit-percent").after("MINHIT").says("Hit rate below which CACHE.HEALTH is degraded").optional(),
        Arg::integer("compress-bytes")
            .after("COMPRESS")
            .says("Values of at least this length are stored compressed")
            .optional(),
        Arg::integer("lease-milliseconds").after("LEASE").says("Default for LEASE of CACHE.FETCH").optional(),
        Arg::integer("wait-milliseconds").after("WAIT").says("Default for WAIT of CACHE.FETCH").optional(),
        Arg::one_of("index", &[Arg::token("yes", "yes"), Arg::token("no", "no")])
            .after("INDEX")
            .says("Whether the keys are indexed; default: yes")
            .optional(),
        Arg::one_of("enforce", &[Arg::token("yes", "yes"), Arg::token("no", "no")])
            .after("ENFORCE")
            .says("Whether keys that other commands write without an expiry get the TTL of the tier; default: no")
            .optional(),
        Arg::integer("prefetch-keys")
            .after("PREFETCH")
            .says("How many of the keys that a connection usually reads next are fetched ahead, 0 to 16; default: 0")
            .optional(),
        Arg::string("queue")
            .after("QUEUE")
            .says("Job queue that gets the jobs of REFRESH and PREFETCH; an error when the tier has neither")
            .optional(),
        Arg::token("cluster", "CLUSTER")
            .says("On every master of the cluster, and on those that join it; the last argument")
            .optional(),
    ],
    keys: &[],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    reply: "OK",
    internal: false,
};

pub(crate) const DEL: Command = Command {
    name: "TIER.DEL",
    summary: "Deletes a tier; its keys are kept. The built-in tier assessment gets its default policy again",
    since: "0.2.0",
    complexity: "O(P), with P patterns; assigning keys again is O(N) in slices, with N keys of the index",
    group: Family::Tier,
    flags: "write blocking",
    acl: "assess write slow blocking",
    arity: -2,
    args: &[NAME, Arg::token("cluster", "CLUSTER").says("On every master of the cluster").optional()],
    keys: &[],
    tips: &["request_policy:all_shards", "response_policy:agg_max"],
    reply: "integer, 1 if the tier existed, else 0",
    internal: false,
};

pub(crate) const LIST: Command = Command {
    name: "TIER.LIST",
    summary: "Lists the names of the tiers",
    since: "0.2.0",
    complexity: "O(N), with N tiers",
    group: Family::Tier,
    flags: "readonly",
    acl: "assess read slow",
    arity: 1,
    args: &[],
    keys: &[],
    tips: &["dont_cache"],
    reply: "array of strings",
    internal: false,
};

pub(crate) const INFO: Command = Command {
    name: "TIER.INFO",
    summary: "Describes a tier: its policy and its statistics",
    since: "0.2.0",
    complexity: "O(P), with P patterns",
    group: Family::Tier,
    flags: "readonly",
    acl: "assess read slow",
    arity: 2,
    args: &[NAME],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map of policy and statistics",
    internal: false,
};

pub(crate) const HELP: Command = Command {
    name: "TIER.HELP",
    summary: "Explains the TIER commands",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Tier,
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
