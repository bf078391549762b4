//! `ASSESS.*`: assessments through the cache.
//!
//! All of them are `readonly`, although what `GET` and `MGET` compute is stored: the module stores it afterwards, in its
//! own context. As write commands they would be refused, hits included, whenever the server refuses writes.

use super::{Arg, Command, Family, KeyFlags, KeySpec};

/// The model is read. The key that an assessment is cached at is derived, not an argument, and shares the model's slot.
const READS: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS))];

const MODEL: Arg = Arg::key("model", 0);
const NODE: Arg = Arg::block("node", &[Arg::string("region"), Arg::string("sector")]).says("Subject of an IO model");
const INPUTS: Arg = Arg::string("inputs").says("Subject of a SCORE model: a JSON object of features");
const GOODS: Arg = Arg::block(
    "goods",
    &[
        Arg::string("hs").says("HS code, 6 to 10 digits, with dots or without"),
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
const TENANT: Arg = Arg::string("tenant")
    .after("TENANT")
    .says("On whose behalf, for the model's history; not part of the key")
    .optional();

pub(crate) const GET: Command = Command {
    name: "ASSESS.GET",
    summary: "Returns the assessment of a subject: from the cache, or computed and cached",
    since: "0.1.0",
    complexity: "O(1) from the cache; else IO: O(N + T log T + K), with N nodes, T the lists' length and K layers, O(N^2) \
                 when a lazy model has to solve; SCORE: O(F + D), with F features and D the depths of all trees; \
                 ORIGIN: O(B * L), with B lines of the bill of materials and L leaves of the rule",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -3,
    args: &[MODEL, SUBJECT, INDICATOR, LAYERS, TOP, TENANT, LIFE, NOCACHE, REFRESH],
    keys: READS,
    tips: &[],
    reply: "bulk string, the assessment document (JSON)",
    internal: false,
};

pub(crate) const MGET: Command = Command {
    name: "ASSESS.MGET",
    summary: "Returns the assessments of several subjects in one pass",
    since: "0.1.0",
    complexity: "O(n) from the cache, with n subjects, at most assess.max-batch; for each computed one as ASSESS.GET",
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
        TENANT,
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
    complexity: "O(B), with B the bytes of the subject",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -3,
    args: &[MODEL, SUBJECT, INDICATOR, LAYERS, TOP],
    keys: READS,
    tips: &[],
    reply: "bulk string",
    internal: false,
};

pub(crate) const BATCH: Command = Command {
    name: "ASSESS.BATCH",
    summary: "Scores many rows at once with a SCORE model; nothing is cached or logged",
    since: "0.1.0",
    complexity: "O(n * (F + D)), with n rows, at most assess.max-batch, F features and D the depths of all trees",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -4,
    args: &[
        MODEL,
        Arg::integer("n").says("Number of rows"),
        Arg::string("rows").says(
            "JSON: an array of n objects, or of n arrays in the order of MODEL.LABELS FEATURES, null is missing; \
             f32, f64: n rows of numbers, little-endian, NaN is missing",
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
        .says("Form of rows and reply; default json")
        .optional(),
    ],
    keys: READS,
    tips: &[],
    reply: "json: array of bulk strings (JSON), an error in the place of a row that has one; f32, f64: bulk string, for each \
            row the score, or one probability for each class",
    internal: false,
};

pub(crate) const HISTORY: Command = Command {
    name: "ASSESS.HISTORY",
    summary: "Lists assessments that were computed, newest first, of a model that was loaded with HISTORY",
    since: "0.1.0",
    complexity: "O(N), with N entries of the history",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -2,
    args: &[
        MODEL,
        Arg::string("subject")
            .after("SUBJECT")
            .says("USA:C10T12, 847130:MX:US, a JSON of inputs or its hash")
            .optional(),
        Arg::string("tenant").after("TENANT").says("Computed on behalf of").optional(),
        Arg::string("agreement").after("AGREEMENT").says("Agreement that was applied").optional(),
        Arg::string("hs").after("HS").says("Beginning of the product's HS code").optional(),
        Arg::block("route", &[Arg::string("origin"), Arg::string("destination")])
            .after("ROUTE")
            .says("Country of origin and of destination")
            .optional(),
        Arg::string("status").after("STATUS").says("Verdict, band or class").optional(),
        Arg::double("confidence").after("CONFIDENCE").says("Least confidence, 0 to 1").optional(),
        Arg::string("hash")
            .after("HASH")
            .says("Hash of the question, 32 hex digits: has this very question been asked")
            .optional(),
        Arg::integer("id").after("ID").says("Number of the entry").optional(),
        Arg::integer("since").after("SINCE").says("Not before, in Unix milliseconds").optional(),
        Arg::integer("until").after("UNTIL").says("Not after, in Unix milliseconds").optional(),
        Arg::integer("limit").after("LIMIT").says("Number of entries, at most 1000; default 10").optional(),
    ],
    keys: READS,
    // What was computed a moment ago is there before it is written to the key.
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "array of bulk strings (JSON), newest first",
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
