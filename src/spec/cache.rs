//! `CACHE.*`: entries, leases and invalidation.
//!
//! What answers a question is `readonly`, so that it answers when the server refuses writes: a lease is not data.

use super::{Arg, Command, Family, Find, KeyFlags, KeySpec};

const READS: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS))];
/// Every argument is a key.
const READS_ALL: &[KeySpec] =
    &[KeySpec { flags: KeyFlags::RO.and(KeyFlags::ACCESS), begin: 1, find: Find::Range { last: -1, step: 1 } }];
const WRITES: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::UPDATE))];
/// As many pairs of key and value as the first argument says; options follow them.
///
/// A server of 7.0 forgets the step when it looks for the last key and so finds only half of them (`COMMAND GETKEYS`,
/// key permissions, slots): the handler has to check every key itself, `ffi::user::may_access`.
const WRITES_PAIRS: &[KeySpec] = &[KeySpec {
    // 7.0 passes over the step.
    flags: KeyFlags::RW.and(KeyFlags::UPDATE).and(KeyFlags::INCOMPLETE),
    begin: 1,
    find: Find::Count { step: 2 },
}];

const KEY: Arg = Arg::key("key", 0);
const VALUE: Arg = Arg::string("value");
const TOKEN: Arg = Arg::string("token").says("16 hex digits, from CACHE.FETCH");
const LIFE: Arg = Arg::one_of(
    "life",
    &[
        Arg::integer("ttl-seconds").after("TTL"),
        Arg::integer("ttl-milliseconds").after("PTTL"),
        Arg::integer("seconds").after("EX"),
        Arg::integer("milliseconds").after("PX"),
        Arg::unix_time("unix-time-seconds").after("EXAT"),
        Arg::unix_time("unix-time-milliseconds").after("PXAT"),
        Arg::token("keepttl", "KEEPTTL").says("Keep the life of the entry that is replaced"),
        Arg::token("persist", "PERSIST").says("Never expire"),
    ],
)
.says("Fresh life; default the tier's")
.optional();
const TAGS: Arg = Arg::block("tags", &[Arg::integer("count").says("Number of tags"), Arg::string("tag").multiple()])
    .after("TAGS")
    .says("Tags that CACHE.INVALIDATE can name, at most 64 of at most 256 bytes")
    .optional();

pub(crate) const GET: Command = Command {
    name: "CACHE.GET",
    summary: "Returns the value of an entry that is fresh",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Cache,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: -2,
    args: &[
        KEY,
        Arg::token("stale", "STALE").says("Accept a stale value").optional(),
        Arg::token("withttl", "WITHTTL").says("The milliseconds that it stays fresh, too; -1: for ever").optional(),
    ],
    keys: READS,
    tips: &[],
    reply: "bulk string, or nil; with WITHTTL array of it and milliseconds",
    internal: false,
};

/// No `STALE`: every argument is a key, as that of the server's own MGET.
pub(crate) const MGET: Command = Command {
    name: "CACHE.MGET",
    summary: "Returns the values of several entries, those that are fresh",
    since: "0.1.0",
    complexity: "O(n), with n keys",
    group: Family::Cache,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: -2,
    args: &[KEY.multiple()],
    keys: READS_ALL,
    tips: &["request_policy:multi_shard"],
    reply: "array of bulk strings, nil where there is no fresh value",
    internal: false,
};

pub(crate) const SET: Command = Command {
    name: "CACHE.SET",
    summary: "Stores an entry with the life of its tier",
    since: "0.1.0",
    complexity: "O(1), and O(T) with T tags",
    group: Family::Cache,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -3,
    args: &[
        KEY,
        VALUE,
        LIFE,
        TAGS,
        Arg::one_of(
            "condition",
            &[
                Arg::token("nx", "NX").says("Only when there is no entry"),
                Arg::token("xx", "XX").says("Only when there is one"),
            ],
        )
        .optional(),
    ],
    keys: WRITES,
    tips: &[],
    reply: "OK, or nil when NX or XX refused",
    internal: false,
};

pub(crate) const MSET: Command = Command {
    name: "CACHE.MSET",
    summary: "Stores several entries at once, all with the same life and tags",
    since: "0.1.0",
    complexity: "O(n), with n entries",
    group: Family::Cache,
    flags: "write deny-oom getkeys-api",
    acl: "assess write slow",
    arity: -4,
    args: &[Arg::integer("n").says("Number of entries"), Arg::block("entry", &[KEY, VALUE]).multiple(), LIFE, TAGS],
    keys: WRITES_PAIRS,
    tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
    reply: "OK",
    internal: false,
};

pub(crate) const FETCH: Command = Command {
    name: "CACHE.FETCH",
    summary: "Returns an entry, or a lease to compute it; everybody else waits, so that nothing is computed twice",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Cache,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -2,
    args: &[
        KEY,
        Arg::integer("lease-milliseconds")
            .after("LEASE")
            .says("How long the lease lasts; default the tier's, else assess.default-lease-ms")
            .optional(),
        Arg::integer("wait-milliseconds")
            .after("WAIT")
            .says("How long to wait for somebody else's value; default the tier's, else assess.default-wait-ms")
            .optional(),
        Arg::token("nostale", "NOSTALE").says("Rather wait than take a stale value").optional(),
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
    summary: "Stores the value that a lease was taken for and hands it to all who wait",
    since: "0.1.0",
    complexity: "O(1), and O(T + W) with T tags and W who wait",
    group: Family::Cache,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -4,
    args: &[KEY, TOKEN, VALUE, LIFE, TAGS],
    keys: WRITES,
    tips: &[],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};

pub(crate) const RENEW: Command = Command {
    name: "CACHE.RENEW",
    summary: "Extends a lease",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Cache,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: 4,
    args: &[KEY, TOKEN, Arg::integer("milliseconds")],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};

pub(crate) const FAIL: Command = Command {
    name: "CACHE.FAIL",
    summary: "Gives up a lease: all who wait are told at once",
    since: "0.1.0",
    complexity: "O(W), with W who wait",
    group: Family::Cache,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: -3,
    args: &[KEY, TOKEN, Arg::string("reason").says("At most 256 bytes").optional()],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "OK; LEASELOST with the cause when the lease is lost",
    internal: false,
};

/// Without key specs, so that a loop over the masters of a cluster works: the handler checks permissions itself.
pub(crate) const INVALIDATE: Command = Command {
    name: "CACHE.INVALIDATE",
    summary: "Makes every entry that a clause covers go, at once for all commands of this module, \
              and revokes their leases",
    since: "0.1.0",
    complexity: "O(M) in slices, with M entries covered; a scan of the keyspace where there is no index",
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
            .says("Whether one of the tags is enough or all are needed; default any")
            .optional(),
        Arg::token("soft", "SOFT").says("Make entries stale where their tier has GRACE").optional(),
        Arg::token("async", "ASYNC").says("Reply 0 at once").optional(),
        Arg::token("allkeys", "ALLKEYS").says("Cover keys outside every tier too").optional(),
    ],
    keys: &[],
    tips: &["request_policy:all_shards", "response_policy:agg_sum"],
    reply: "integer, the number of entries that went",
    internal: false,
};

pub(crate) const TTL: Command = Command {
    name: "CACHE.TTL",
    summary: "Says how long an entry lives, and its tier, lease, tags and size",
    since: "0.1.0",
    complexity: "O(T), with T tags",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: 2,
    args: &[KEY],
    keys: READS,
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map of tier, fresh ms, grace ms, stale, lease, tags, bytes",
    internal: false,
};

pub(crate) const STATS: Command = Command {
    name: "CACHE.STATS",
    summary: "Returns the statistics of a tier or in total, or zeroes the counters",
    since: "0.1.0",
    complexity: "O(1), and O(T) in total with T tiers",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: -1,
    args: &[Arg::one_of("what", &[Arg::string("tier"), Arg::token("reset", "RESET")]).optional()],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map; OK for RESET",
    internal: false,
};

pub(crate) const METRICS: Command = Command {
    name: "CACHE.METRICS",
    summary: "Returns all statistics as OpenMetrics text",
    since: "0.1.0",
    complexity: "O(T), with T tiers",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: 1,
    args: &[],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "bulk string",
    internal: false,
};

pub(crate) const HOT: Command = Command {
    name: "CACHE.HOT",
    summary: "Lists the most requested keys of a tier; needs permission for all keys",
    since: "0.1.0",
    complexity: "O(n log n), with n keys",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: -2,
    args: &[Arg::string("tier"), Arg::integer("n").says("Number of keys; default 10").optional()],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "array of [key, count], most requested first",
    internal: false,
};

pub(crate) const HEALTH: Command = Command {
    name: "CACHE.HEALTH",
    summary: "Says whether all is well, one line a check",
    since: "0.1.0",
    complexity: "O(T), with T tiers",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: 1,
    args: &[],
    keys: &[],
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "array: ok or degraded, then one line a check",
    internal: false,
};

pub(crate) const EXPORT: Command = Command {
    name: "CACHE.EXPORT",
    summary: "Returns entries with their remaining life as JSON lines, page by page; needs permission for all keys",
    since: "0.1.0",
    complexity: "O(n), with n entries of the page",
    group: Family::Cache,
    flags: "readonly",
    acl: "assess read slow",
    arity: -3,
    args: &[
        Arg::pattern("pattern").after("PATTERN"),
        Arg::string("cursor").after("CURSOR").says("Where the last page ended; default the beginning").optional(),
        Arg::integer("count").after("COUNT").says("Entries a page, about; default 100").optional(),
    ],
    keys: &[],
    tips: &["nondeterministic_output_order", "dont_cache"],
    reply: "array of the next cursor, 0 at the end, and an array of lines",
    internal: false,
};

pub(crate) const HELP: Command = Command {
    name: "CACHE.HELP",
    summary: "Explains the CACHE commands",
    since: "0.1.0",
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

/// As `MODEL.REPLAY`. What concerns no key comes with an empty one.
pub(crate) const REPLAY: Command = Command {
    name: "CACHE.REPLAY",
    summary: "Internal: carries entries, tiers and invalidations from a master to its replicas and the append-only file; \
              refused to clients",
    since: "0.1.0",
    complexity: "O(B), with B the bytes carried",
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
