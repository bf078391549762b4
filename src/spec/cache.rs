//! `CACHE.*`: entries, leases and invalidation.
//!
//! Commands that return values or grant leases are `readonly`, so that they work when the server refuses writes. A
//! lease is not part of the data set. `FETCH` grants one only to a user who may write the key.

use super::{Arg, Command, Family, Find, KeyFlags, KeySpec};

const READS: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS))];
/// Every argument is a key.
const READS_ALL: &[KeySpec] =
    &[KeySpec { flags: KeyFlags::RO.and(KeyFlags::ACCESS), begin: 1, find: Find::Range { last: -1, step: 1 } }];
const WRITES: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::UPDATE))];
/// The first argument is the number of pairs of key and value; options follow the pairs.
///
/// Redis 7.0 ignores the step when it searches the last key and finds only half of the keys (`COMMAND GETKEYS`, key
/// permissions, slots). So the handler checks every key itself, with `ffi::user::may_access`.
const WRITES_PAIRS: &[KeySpec] = &[KeySpec {
    // Redis 7.0 ignores the step.
    flags: KeyFlags::RW.and(KeyFlags::UPDATE).and(KeyFlags::INCOMPLETE),
    begin: 1,
    find: Find::Count { step: 2 },
}];

const KEY: Arg = Arg::key("key", 0);
const VALUE: Arg = Arg::string("value");
const TOKEN: Arg = Arg::string("token").says("16 hex digits, from CACHE.FETCH");
const EXPIRATION: Arg = Arg::one_of(
    "expiration",
    &[
        Arg::integer("ttl-seconds").after("TTL"),
        Arg::integer("ttl-milliseconds").after("PTTL"),
        Arg::integer("seconds").after("EX"),
        Arg::integer("milliseconds").after("PX"),
        Arg::unix_time("unix-time-seconds").after("EXAT"),
        Arg::unix_time("unix-time-milliseconds").after("PXAT"),
        Arg::token("keepttl", "KEEPTTL").says("Keep the time to live of the replaced entry"),
        Arg::token("persist", "PERSIST").says("Never expire"),
    ],
)
.says("Time to live; default: that of the tier")
.optional();
const TAGS: Arg = Arg::block("tags", &[Arg::integer("count").says("Number of tags"), Arg::string("tag").multiple()])
    .after("TAGS")
    .says("Tags for CACHE.INVALIDATE, at most 64 of at most 256 bytes each")
    .optional();

pub(crate) const GET: Command = Command {
    name: "CACHE.GET",
    summary: "Returns the value of an entry if it is fresh",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Cache,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: -2,
    args: &[
        KEY,
        Arg::token("stale", "STALE").says("Return a stale value too").optional(),
        Arg::token("withttl", "WITHTTL")
            .says("Return also the milliseconds that the value stays fresh; -1: no limit")
            .optional(),
    ],
    keys: READS,
    tips: &[],
    reply: "bulk string, or nil; with WITHTTL: array of the value and milliseconds",
    internal: false,
};

/// No `STALE` option: every argument is a key, like in the server's own MGET.
pub(crate) const MGET: Command = Command {
    name: "CACHE.MGET",
    summary: "Returns the fresh values of several entries",
    since: "0.2.0",
    complexity: "O(n), with n keys",
    group: Family::Cache,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: -2,
    args: &[KEY.multiple()],
    keys: READS_ALL,
    tips: &["request_policy:multi_shard"],
    reply: "array of bulk strings, nil for a key without a fresh value",
    internal: false,
};

pub(crate) const SET: Command = Command {
    name: "CACHE.SET",
    summary: "Stores an entry, by default with the time to live of its tier",
    since: "0.2.0",
    complexity: "O(1), and O(T) with T tags",
    group: Family::Cache,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -3,
    args: &[
        KEY,
        VALUE,
        EXPIRATION,
        TAGS,
        Arg::one_of(
            "condition",
            &[
                Arg::token("nx", "NX").says("Store only if there is no entry"),
                Arg::token("xx", "XX").says("Store only if there is an entry"),
            ],
        )
        .optional(),
    ],
    keys: WRITES,
    tips: &[],
    reply: "OK, or nil when NX or XX prevented the write",
    internal: false,
};

pub(crate) const MSET: Command = Command {
    name: "CACHE.MSET",
    summary: "Stores several entries, all with the same time to live and tags",
    since: "0.2.0",
    complexity: "O(n), with n entries",
    group: Family::Cache,
    flags: "write deny-oom getkeys-api",
    acl: "assess write slow",
    arity: -4,
    args: &[
        Arg::integer("n").says("Number of entries"),
        Arg::block("entry", &[KEY, VALUE]).multiple(),
        EXPIRATION,
        TAGS,
    ],
    keys: WRITES_PAIRS,
    tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
    reply: "OK",
    internal: false,
};

pub(crate) const FETCH: Command = Command {
    name: "CACHE.FETCH",
    summary: "Returns an entry, or a lease to compute it; other clients wait, so that it is computed once",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Cache,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -2,
    args: &[
        KEY,
        Arg::integer("lease-milliseconds")
            .after("LEASE")
            .says("Duration of the lease; default: that of the tier, else assess.default-lease-ms")
            .optional(),
        Arg::integer("wait-milliseconds")
            .after("WAIT")
            .says("Longest wait for the value; default: that of the tier, else assess.default-wait-ms")
            .optional(),
        Arg::token("nostale", "NOSTALE").says("Wait instead of accepting a stale value").optional(),
        Arg::token("bind", "BIND").says("The lease ends when the client disconnects").optional(),
    ],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "array: hit value, stale value, refresh value token ms fresh or stale, lease token ms, \
            negative reason, busy, timeout",
    internal: false,
};

pub(crate) const FILL: Command = Command {
    name: "CACHE.FILL",
    summary: "Stores the value that a lease was granted for and sends it to all waiters",
    since: "0.2.0",
    complexity: "O(1), and O(T + W) with T tags and W waiters",
    group: Family::Cache,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -4,
    args: &[KEY, TOKEN, VALUE, EXPIRATION, TAGS],
    keys: WRITES,
    tips: &[],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};

/// Neither `readonly` nor `write`, like `MODEL.ABORT`: a lease is not part of the data set, so it can be extended and
/// ended when the server refuses writes. The key spec requires write permission: a lease belongs to a user who may write
/// the key, and a reader who has seen its token can neither keep others waiting nor tell them that it failed.
pub(crate) const RENEW: Command = Command {
    name: "CACHE.RENEW",
    summary: "Extends a lease",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Cache,
    flags: "fast",
    acl: "assess write fast",
    arity: 4,
    args: &[KEY, TOKEN, Arg::integer("milliseconds")],
    keys: WRITES,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};

/// As `RENEW`.
pub(crate) const FAIL: Command = Command {
    name: "CACHE.FAIL",
    summary: "Ends a lease because the computation failed; all waiters are notified immediately",
    since: "0.2.0",
    complexity: "O(W), with W waiters",
    group: Family::Cache,
    flags: "fast",
    acl: "assess write fast",
    arity: -3,
    args: &[KEY, TOKEN, Arg::string("reason").says("At most 256 bytes").optional()],
    keys: WRITES,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};

/// Without key specs, so that clients can send it to every master of a cluster. The handler checks permissions itself.
pub(crate) const INVALIDATE: Command = Command {
    name: "CACHE.INVALIDATE",
    summary: "Invalidates every entry that a clause covers, with immediate effect for all commands of this module, \
              and revokes the leases",
    since: "0.2.0",
    complexity: "O(M) in slices, with M covered entries; a scan of the keyspace when there is no index",
    group: Family::Cache,
    flags: "write blocking getkeys-api",
    acl: "assess write slow blocking",
    arity: -2,
    args: &[
        Arg::one_of(
            "clause",
            &[
                Arg::string("key").after("KEY").says("This entry"),
                Arg::pattern("pattern").after("PATTERN").says("Entries whose key matches"),
                Arg::string("tag").after("TAG").says("Entries with this tag"),
                Arg::string("tier").after("TIER").says("Entries of this tier"),
                Arg::string("model").after("MODEL").says("Assessments of this model"),
                Arg::token("all", "ALL").says("Every entry of every tier of this database"),
            ],
        )
        .multiple(),
        Arg::one_of("match", &[Arg::token("any", "any"), Arg::token("all-tags", "all")])
            .after("MATCH")
            .says("Whether an entry needs one of the tags or all of them; default: any")
            .optional(),
        Arg::token("soft", "SOFT").says("Make entries stale instead of absent if their tier has GRACE").optional(),
        Arg::token("async", "ASYNC").says("Reply 0 immediately").optional(),
        Arg::token("allkeys", "ALLKEYS").says("Also cover keys that belong to no tier").optional(),
        Arg::token("cluster", "CLUSTER").says("On every master of the cluster; not with KEY").optional(),
    ],
    keys: &[],
    tips: &["request_policy:all_shards", "response_policy:agg_sum"],
    reply: "integer, the number of invalidated entries",
    internal: false,
};

pub(crate) const TTL: Command = Command {
    name: "CACHE.TTL",
    summary: "Returns the remaining time to live of an entry, its tier, lease, tags and size",
    since: "0.2.0",
    complexity: "O(T), with T tags",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: 2,
    args: &[KEY],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map of tier, exists, fresh_ms, grace_ms, stale, lease_ms, waiters, tags, bytes",
    internal: false,
};

pub(crate) const STATS: Command = Command {
    name: "CACHE.STATS",
    summary: "Returns the statistics of a tier or of all tiers, or sets the counters to zero, which needs permission for all \
              keys",
    since: "0.2.0",
    complexity: "O(1) for a tier; O(T) for all, with T tiers",
    group: Family::Cache,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -1,
    args: &[
        Arg::one_of("what", &[Arg::string("tier"), Arg::token("reset", "RESET")]).optional(),
        Arg::token("cluster", "CLUSTER").says("Of every master of the cluster together; the last argument").optional(),
    ],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache", "request_policy:all_shards", "response_policy:special"],
    reply: "map; OK for RESET",
    internal: false,
};

pub(crate) const METRICS: Command = Command {
    name: "CACHE.METRICS",
    summary: "Returns all statistics as OpenMetrics text",
    since: "0.2.0",
    complexity: "O(T), with T tiers",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: 1,
    args: &[],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache", "request_policy:all_shards", "response_policy:special"],
    reply: "bulk string",
    internal: false,
};

pub(crate) const HOT: Command = Command {
    name: "CACHE.HOT",
    summary: "Lists the most requested keys of a tier; needs permission for all keys",
    since: "0.2.0",
    complexity: "O(n log n), with n keys",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: -2,
    args: &[Arg::string("tier"), Arg::integer("n").says("Number of keys; default: 10").optional()],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache", "request_policy:all_shards", "response_policy:special"],
    reply: "array of [key, count], most requested first",
    internal: false,
};

pub(crate) const HEALTH: Command = Command {
    name: "CACHE.HEALTH",
    summary: "Returns the health of the module, one line for each check",
    since: "0.2.0",
    complexity: "O(T), with T tiers",
    group: Family::Cache,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -1,
    args: &[Arg::token("cluster", "CLUSTER")
        .says("Of every master of the cluster, each line behind the address of the node")
        .optional()],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache", "request_policy:all_shards", "response_policy:special"],
    reply: "array: ok or degraded, then one line for each check",
    internal: false,
};

pub(crate) const EXPORT: Command = Command {
    name: "CACHE.EXPORT",
    summary: "Returns entries with their remaining time to live as JSON lines, in pages; needs permission for all keys",
    since: "0.2.0",
    complexity: "O(n), with n entries of the page",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: -3,
    args: &[
        Arg::pattern("pattern").after("PATTERN"),
        Arg::string("cursor").after("CURSOR").says("Cursor of the last page; default: the first page").optional(),
        Arg::integer("count").after("COUNT").says("Approximate number of entries in a page; default: 100").optional(),
    ],
    keys: &[],
    tips: &["nondeterministic_output_order", "dont_cache"],
    reply: "array of the next cursor, 0 at the end, and an array of lines",
    internal: false,
};

pub(crate) const HELP: Command = Command {
    name: "CACHE.HELP",
    summary: "Explains the CACHE commands",
    since: "0.2.0",
    complexity: "O(1)",
    group: Family::Cache,
    flags: "readonly fast allow-loading allow-stale",
    acl: "assess read fast",
    arity: 1,
    args: &[],
    keys: &[],
    tips: &[],
    reply: "array of strings",
    internal: false,
};

/// Like `MODEL.REPLAY`. A change that concerns no key has an empty key.
pub(crate) const REPLAY: Command = Command {
    name: "CACHE.REPLAY",
    summary: "Internal: carries entries, tiers and invalidations from a master to its replicas and the append-only \
              file; refused to clients",
    since: "0.2.0",
    complexity: "O(B), with B bytes of arguments",
    group: Family::Cache,
    flags: "write deny-oom admin no-monitor no-slowlog",
    acl: "assess write admin dangerous slow",
    arity: -3,
    args: &[KEY, Arg::string("op"), Arg::string("argument").optional().multiple()],
    keys: WRITES,
    tips: &[],
    reply: "OK",
    internal: true,
};
