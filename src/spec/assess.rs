//! `ASSESS.*`: assessments through the cache.
//!
//! All of them are `readonly`, although what `GET` and `MGET` compute is stored: the module stores it afterwards, in its
//! own context. As write commands they would be refused, hits included, whenever the server refuses writes.

use super::{Arg, Command, Family, KeyFlags, KeySpec};

/// The model is read. The key that an assessment is cached at is derived, not an argument, and shares the model's slot.
const READS: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS))];

const MODEL: Arg = Arg::key("model", 0);
const REGION: Arg = Arg::string("region");
const SECTOR: Arg = Arg::string("sector");

const INDICATOR: Arg = Arg::string("indicator")
    .after("INDICATOR")
    .says("Indicator to assess; default the first one set, else output")
    .optional();
const LAYERS: Arg = Arg::integer("layers")
    .after("LAYERS")
    .says("Last production layer to report, 0 to 32: K gives K + 1 values; default 5")
    .optional();
const TOP: Arg = Arg::integer("top").after("TOP").says("Length of the lists in the document; default 10").optional();
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
    ],
)
.says("How long the result stays cached; default assess.default-ttl")
.optional();
const NOCACHE: Arg =
    Arg::token("nocache", "NOCACHE").says("Compute without looking into the cache or storing").optional();
const REFRESH: Arg = Arg::token("refresh", "REFRESH").says("Compute anew and replace what is cached").optional();

pub(crate) const GET: Command = Command {
    name: "ASSESS.GET",
    summary: "Returns the assessment of a node: from the cache, or computed and cached",
    since: "0.1.0",
    complexity: "O(1) from the cache; else O(N + T log T + K), with N nodes, T the lists' length and K layers; \
                 O(N^2) when a lazy model has to solve",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -4,
    args: &[MODEL, REGION, SECTOR, INDICATOR, LAYERS, TOP, LIFE, NOCACHE, REFRESH],
    keys: READS,
    tips: &[],
    reply: "bulk string, the assessment document (JSON)",
    internal: false,
};

pub(crate) const MGET: Command = Command {
    name: "ASSESS.MGET",
    summary: "Returns the assessments of several nodes in one pass",
    since: "0.1.0",
    complexity: "O(n) from the cache, with n subjects, at most assess.max-batch; for each computed one as ASSESS.GET",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -5,
    args: &[
        MODEL,
        Arg::integer("n").says("Number of subjects"),
        Arg::block("subject", &[REGION, SECTOR]).multiple(),
        INDICATOR,
        LAYERS,
        TOP,
        LIFE,
        NOCACHE,
        REFRESH,
    ],
    keys: READS,
    tips: &[],
    reply: "array of bulk strings (JSON), an error in the place of a subject that has one",
    internal: false,
};

pub(crate) const KEY: Command = Command {
    name: "ASSESS.KEY",
    summary: "Returns the key that an assessment is cached at",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Assess,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: -4,
    args: &[MODEL, REGION, SECTOR, INDICATOR, LAYERS, TOP],
    keys: READS,
    tips: &[],
    reply: "bulk string",
    internal: false,
};

pub(crate) const RANK: Command = Command {
    name: "ASSESS.RANK",
    summary: "Ranks the nodes of a model: its hot spots",
    since: "0.1.0",
    complexity: "O(N log L), with N nodes and L the limit",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -2,
    args: &[
        MODEL,
        INDICATOR,
        Arg::one_of(
            "by",
            &[
                Arg::token("total", "total").says("Direct and upstream together"),
                Arg::token("mean", "mean").says("Total per unit of total activity, on the scale of the indicator"),
                Arg::token("upstream", "upstream").says("Total without direct"),
                Arg::token("direct", "direct").says("The indicator itself"),
                Arg::token("foreign", "foreign").says("Share of the total that comes from other regions"),
            ],
        )
        .after("BY")
        .says("Figure to rank by; default total")
        .optional(),
        Arg::string("region").after("REGION").says("Only nodes of this region").optional(),
        Arg::string("sector").after("SECTOR").says("Only nodes of this sector").optional(),
        Arg::integer("limit").after("LIMIT").says("Number of nodes; default 10").optional(),
    ],
    keys: READS,
    tips: &[],
    reply: "array of [region, sector, value], largest first",
    internal: false,
};

pub(crate) const HELP: Command = Command {
    name: "ASSESS.HELP",
    summary: "Explains the ASSESS commands",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Assess,
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
