//! `TIER.*`: named policies over key patterns.
//!
//! None of them has keys: a pattern names keys that need not exist, in every slot and every database.

use super::{Arg, Command, Family};

const NAME: Arg = Arg::string("name");

pub(crate) const SET: Command = Command {
    name: "TIER.SET",
    summary: "Declares a tier, or replaces its whole policy; keys that are there already are assigned again in slices",
    since: "0.1.0",
    complexity: "O(P), with P patterns; assigning keys again is O(N) in slices, with N keys of the index",
    group: Family::Tier,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -6,
    args: &[
        NAME,
        Arg::pattern("pattern")
            .after("PATTERN")
            .says("Keys of the tier; the most specific pattern of all tiers decides")
            .multiple_with_token(),
        Arg::one_of("life", &[Arg::integer("seconds").after("TTL"), Arg::integer("milliseconds").after("PTTL")])
            .says("Fresh life of an entry"),
        Arg::integer("jitter-percent")
            .after("JITTER")
            .says("Life is shortened at random by up to this; default 0")
            .optional(),
        Arg::integer("grace-seconds")
            .after("GRACE")
            .says("How long a stale entry is served while one caller refreshes it; default 0")
            .optional(),
        Arg::integer("retry-milliseconds")
            .after("RETRY")
            .says("How long a stale entry is served after a failed refresh before the next; default 30000")
            .optional(),
        Arg::integer("refresh-percent")
            .after("REFRESH")
            .says("Last part of fresh life in which one reader is asked to refresh early; default 0")
            .optional(),
        Arg::integer("negative-seconds")
            .after("NEGATIVE")
            .says("How long a failed computation is remembered; default 0")
            .optional(),
        Arg::integer("capacity").after("CAPACITY").says("Most entries; the least recently used go first").optional(),
        Arg::string("max-memory").after("MAXMEMORY").says("Most bytes, a unit as mb may follow").optional(),
        Arg::integer("minhit-percent").after("MINHIT").says("Below this hit rate health is degraded").optional(),
        Arg::integer("compress-bytes")
            .after("COMPRESS")
            .says("Values at least this long are stored compressed")
            .optional(),
        Arg::integer("lease-milliseconds").after("LEASE").says("Default of CACHE.FETCH").optional(),
        Arg::integer("wait-milliseconds").after("WAIT").says("Default of CACHE.FETCH").optional(),
        Arg::one_of("index", &[Arg::token("yes", "yes"), Arg::token("no", "no")])
            .after("INDEX")
            .says("Whether the keys are indexed; default yes")
            .optional(),
        Arg::one_of("enforce", &[Arg::token("yes", "yes"), Arg::token("no", "no")])
            .after("ENFORCE")
            .says("Whether keys written plainly without a life are given the tier's; default no")
            .optional(),
    ],
    keys: &[],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    reply: "OK",
    internal: false,
};

pub(crate) const DEL: Command = Command {
    name: "TIER.DEL",
    summary: "Deletes a tier; its keys stay. The built-in tier assessment goes back to its default",
    since: "0.1.0",
    complexity: "O(P), with P patterns; assigning keys again is O(N) in slices, with N keys of the index",
    group: Family::Tier,
    flags: "write",
    acl: "assess write slow",
    arity: 2,
    args: &[NAME],
    keys: &[],
    tips: &["request_policy:all_shards", "response_policy:agg_max"],
    reply: "integer, 1 if the tier was there, else 0",
    internal: false,
};

pub(crate) const LIST: Command = Command {
    name: "TIER.LIST",
    summary: "Lists the names of the tiers",
    since: "0.1.0",
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
    since: "0.1.0",
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
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Tier,
    // Static text: it can be answered while a data set is loading or stale, as the server's own HELP.
    flags: "readonly fast allow-loading allow-stale",
    acl: "assess read fast",
    arity: 1,
    args: &[],
    keys: &[],
    tips: &[],
    reply: "array of strings",
    internal: false,
};
