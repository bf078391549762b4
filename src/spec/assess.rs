//! `ASSESS.*`: assessments through the cache.
//!
//! All of them are `readonly`, although the results of `GET` and `MGET` are stored: the module stores them after the
//! command. If they were write commands, the server would refuse them, cache hits included, whenever it refuses writes.

mod depth;

pub(crate) use self::depth::{COMPARE, DEPENDENTS, FOOTPRINT, PROFILE, WHATIF};
use super::{Arg, Command, Family, Find, KeyFlags, KeySpec};

/// Reads the model. The cache key of an assessment is derived from the query and is in the slot of the model.
const READS: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS))];
/// Reads two models. Both have to be in one slot.
const READS_TWO: &[KeySpec] = &[
    KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS)),
    KeySpec { flags: KeyFlags::RO.and(KeyFlags::ACCESS), begin: 2, find: Find::Range { last: 0, step: 1 } },
];

const MODEL: Arg = Arg::key("model", 0);
const NODE: Arg = Arg::block("node", &[Arg::string("region"), Arg::string("sector")]).says("Subject of an IO model");
const INPUTS: Arg = Arg::string("inputs").says("Subject of a SCORE model: a JSON object of features");
const GOODS: Arg = Arg::block(
    "goods",
    &[
        Arg::string("hs").says("HS code, 6 to 12 digits, with dots or without"),
        Arg::string("origin").says("Country or party"),
        Arg::string("destination").says("Country or party"),
        Arg::string("facts")
            .says("JSON object: date agreement subdivision bom exw fob tv net_cost weight processes ..")
            .optional(),
    ],
)
.says("Subject of an ORIGIN model");
const SUBJECT: Arg = Arg::one_of(
    "subject",
    &[
        NODE,
        INPUTS,
        Arg::string("name=value").says("A feature of a SCORE model; the first argument without = ends them").multiple(),
        GOODS,
    ],
);

const INDICATOR: Arg = Arg::string("indicator")
    .after("INDICATOR")
    .says("Indicator to assess; default: the first one that was set, else output")
    .optional();
const LAYERS: Arg = Arg::integer("layers")
    .after("LAYERS")
    .says("Last production layer to report, 0 to 32: K gives K + 1 values; default: 5")
    .optional();
const TOP: Arg = Arg::integer("top").after("TOP").says("Length of the lists in the document; default: 10").optional();
const PATHS: Arg = Arg::integer("paths")
    .after("PATHS")
    .says("Number of structural paths to list, the largest first, at most assess.max-paths; default: 0")
    .optional();
const CUTOFF: Arg = Arg::double("cutoff")
    .after("CUTOFF")
    .says("List every structural path with at least this share of the total, at most assess.max-paths")
    .optional();
const CONTRIBUTIONS: Arg = Arg::one_of(
    "contributions",
    &[
        Arg::token("path", "path").says("Along the path of the row in each tree (Saabas): fast"),
        Arg::token("shap", "shap").says("SHAP values of trees (TreeSHAP, path-dependent) and of linear models: exact"),
    ],
)
.after("CONTRIBUTIONS")
.says("SCORE: how the contributions of the features are computed; default: path")
.optional();
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
    ],
)
.says("Time to live of the cached result; default: assess.default-ttl")
.optional();
const NOCACHE: Arg =
    Arg::token("nocache", "NOCACHE").says("Compute the result; do not read the cache and do not store").optional();
const REFRESH: Arg = Arg::token("refresh", "REFRESH").says("Compute the result and replace the cached one").optional();
const TENANT: Arg = Arg::string("tenant")
    .after("TENANT")
    .says("Tenant to record in the history of the model; not part of the cache key")
    .optional();

pub(crate) const GET: Command = Command {
    name: "ASSESS.GET",
    summary: "Returns the assessment of a subject, from the cache or computed and then cached",
    since: "0.1.0",
    complexity: "O(1) from the cache; else IO: O(N + T log T + K), with N nodes, T the length of the lists and K \
                 layers, O(N^2) when a lazy model solves; SCORE: O(F + D), with F features and D the depths of all \
                 trees; ORIGIN: O(B * L), with B lines of the bill of materials and L leaves of the rule",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -3,
    args: &[MODEL, SUBJECT, INDICATOR, LAYERS, TOP, PATHS, CUTOFF, CONTRIBUTIONS, TENANT, EXPIRATION, NOCACHE, REFRESH],
    keys: READS,
    tips: &[],
    reply: "bulk string, the assessment document (JSON)",
    internal: false,
};

pub(crate) const MGET: Command = Command {
    name: "ASSESS.MGET",
    summary: "Returns the assessments of several subjects of one model",
    since: "0.1.0",
    complexity: "O(n) from the cache, with n subjects, at most assess.max-batch; each computed one as in ASSESS.GET",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -4,
    args: &[
        MODEL,
        Arg::integer("n").says("Number of subjects"),
        Arg::one_of("subject", &[NODE, INPUTS, GOODS]).multiple(),
        INDICATOR,
        LAYERS,
        TOP,
        PATHS,
        CUTOFF,
        CONTRIBUTIONS,
        TENANT,
        EXPIRATION,
        NOCACHE,
        REFRESH,
    ],
    keys: READS,
    tips: &[],
    reply: "array of bulk strings (JSON), with an error in the place of each subject that fails",
    internal: false,
};

pub(crate) const WARM: Command = Command {
    name: "ASSESS.WARM",
    summary: "Submits a job that computes and caches assessments which are not cached",
    since: "0.2.0",
    complexity: "O(n), with n subjects; the job computes each as in ASSESS.GET",
    group: Family::Assess,
    flags: "write deny-oom",
    acl: "assess write slow",
    arity: -3,
    args: &[
        MODEL,
        Arg::one_of(
            "extent",
            &[
                Arg::token("all", "ALL").says("Every subject of an IO model, at most the CAPACITY of its tier"),
                Arg::integer("hot")
                    .after("HOT")
                    .says("So many of the subjects that were requested most often, 1 to 256"),
                Arg::block(
                    "list",
                    &[
                        Arg::integer("n").after("LIST").says("Number of subjects, at most assess.max-batch"),
                        Arg::one_of("subject", &[NODE, INPUTS, GOODS]).multiple(),
                    ],
                ),
            ],
        ),
        INDICATOR,
        LAYERS,
        TOP,
        PATHS,
        CUTOFF,
        CONTRIBUTIONS,
        EXPIRATION,
        REFRESH,
    ],
    keys: READS,
    tips: &["nondeterministic_output"],
    reply: "bulk string, the id of the job in the queue assess:jobs:{tag} of the model",
    internal: false,
};

pub(crate) const KEY: Command = Command {
    name: "ASSESS.KEY",
    summary: "Returns the cache key of an assessment",
    since: "0.1.0",
    complexity: "O(B), with B bytes of the subject",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -3,
    args: &[MODEL, SUBJECT, INDICATOR, LAYERS, TOP, PATHS, CUTOFF, CONTRIBUTIONS],
    keys: READS,
    tips: &[],
    reply: "bulk string",
    internal: false,
};

pub(crate) const BATCH: Command = Command {
    name: "ASSESS.BATCH",
    summary: "Scores many rows with a SCORE model; results are neither cached nor logged",
    since: "0.2.0",
    complexity: "O(n * (F + D)), with n rows, at most assess.max-batch, F features and D the depths of all trees",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -4,
    args: &[
        MODEL,
        Arg::integer("n").says("Number of rows"),
        Arg::string("rows").says(
            "json: an array of n objects, or of n arrays in the order of MODEL.LABELS FEATURES; null is a missing \
             value. f32, f64: n rows of little-endian numbers; NaN is a missing value",
        ),
        Arg::one_of(
            "format",
            &[
                Arg::token("json", "json").says("Documents"),
                Arg::token("f32", "f32").says("Numbers of 4 bytes"),
                Arg::token("f64", "f64").says("Numbers of 8 bytes"),
            ],
        )
        .after("FORMAT")
        .says("Format of rows and reply; default: json")
        .optional(),
    ],
    keys: READS,
    tips: &[],
    reply: "json: array of bulk strings (JSON), with an error in the place of each row that fails; f32, f64: bulk \
            string, for each row the score, one probability for each class, or one number for each output",
    internal: false,
};

pub(crate) const HISTORY: Command = Command {
    name: "ASSESS.HISTORY",
    summary: "Lists the logged assessments of a model that was loaded with HISTORY, newest first",
    since: "0.2.0",
    complexity: "O(N), with N entries of the history",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -2,
    args: &[
        MODEL,
        Arg::string("subject")
            .after("SUBJECT")
            .says("Subject: USA:C10T12, 847130:MX:US, a JSON object of inputs or its hash")
            .optional(),
        Arg::string("tenant").after("TENANT").says("Tenant of the query").optional(),
        Arg::string("agreement").after("AGREEMENT").says("Applied agreement").optional(),
        Arg::string("hs").after("HS").says("Prefix of the product's HS code").optional(),
        Arg::block("route", &[Arg::string("origin"), Arg::string("destination")])
            .after("ROUTE")
            .says("Country of origin and of destination")
            .optional(),
        Arg::string("status").after("STATUS").says("Verdict, band or class").optional(),
        Arg::double("confidence").after("CONFIDENCE").says("Minimum confidence, 0 to 1").optional(),
        Arg::string("hash")
            .after("HASH")
            .says("Hash of the query, 32 hex digits: lists the assessments of exactly this query")
            .optional(),
        Arg::integer("id").after("ID").says("Id of the entry").optional(),
        Arg::integer("since").after("SINCE").says("Earliest time, in Unix milliseconds").optional(),
        Arg::integer("until").after("UNTIL").says("Latest time, in Unix milliseconds").optional(),
        Arg::integer("limit").after("LIMIT").says("Most entries to return, at most 1000; default: 10").optional(),
    ],
    keys: READS,
    // The reply includes entries that are not written to the key yet.
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "array of bulk strings (JSON), newest first",
    internal: false,
};

pub(crate) const RANK: Command = Command {
    name: "ASSESS.RANK",
    summary: "Lists the nodes of a model with the largest values of an indicator",
    since: "0.1.0",
    complexity: "O(N log L), with N nodes and limit L",
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
                Arg::token("total", "total").says("Direct plus upstream"),
                Arg::token("mean", "mean").says("Total per unit of total activity, on the scale of the indicator"),
                Arg::token("upstream", "upstream").says("Total without direct"),
                Arg::token("direct", "direct").says("The indicator itself"),
                Arg::token("foreign", "foreign").says("Share of the total that comes from other regions"),
            ],
        )
        .after("BY")
        .says("Value to rank by; default: total")
        .optional(),
        Arg::string("region").after("REGION").says("Only nodes of this region").optional(),
        Arg::string("sector").after("SECTOR").says("Only nodes of this sector").optional(),
        Arg::integer("limit").after("LIMIT").says("Most nodes to return; default: 10").optional(),
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
