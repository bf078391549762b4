//! `MODEL.*`: models and their data.

mod io;
mod origin;

pub(crate) use io::{COEF, INDICATOR, INDICATORDEL, MCOEF};
pub(crate) use origin::{DROP, FIND, HS, RULES};

use super::{Arg, Command, Family, KeyFlags, KeySpec};

/// Reads the model at the first argument.
const READS: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RO.and(KeyFlags::ACCESS))];

/// Changes the model at the first argument. `RW` and not `OW`, because `KEEP` copies parts of the old value to the new
/// one.
const CHANGES: &[KeySpec] = &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::UPDATE))];

/// The same, and the reply or an error describes what the model has: parts that `KEEP` and loads of ORIGIN models leave
/// in place, labels that a document of an indicator lacks.
const CHANGES_AND_DESCRIBES: &[KeySpec] =
    &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::ACCESS).and(KeyFlags::UPDATE))];

const KEY: Arg = Arg::key("key", 0);
const KIND: Arg = Arg::one_of(
    "kind",
    &[
        Arg::token("io", "IO").says("Input-output model"),
        Arg::token("score", "SCORE").says("Score model: regression, scorecard, forest"),
        Arg::token("origin", "ORIGIN").says("Rules of origin; the data are added to the model of the key"),
    ],
);

const FORMAT: Arg = Arg::one_of(
    "format",
    &[
        Arg::token("icio", "icio").says("OECD ICIO and tables of the same layout (csv)"),
        Arg::token("exiobase", "exiobase").says("EXIOBASE 3, folder or zip"),
        Arg::token("triples", "triples").says("from_region,from_sector,to_region,to_sector,value (csv)"),
        Arg::token("eora", "eora").says("EORA26, folder or zip"),
        Arg::token("glm", "glm").says("SCORE: glm/1, a generalized linear model (JSON)"),
        Arg::token("scorecard", "scorecard").says("SCORE: scorecard/1 (JSON)"),
        Arg::token("xgboost", "xgboost").says("SCORE: XGBoost model (JSON)"),
        Arg::token("lightgbm", "lightgbm").says("SCORE: LightGBM model (text)"),
        Arg::token("catboost", "catboost").says("SCORE: CatBoost model (JSON)"),
        Arg::token("onnx", "onnx").says("SCORE: ONNX model (protobuf)"),
        Arg::token("pmml", "pmml").says("SCORE: PMML model (XML)"),
        Arg::token("hs", "hs").says("ORIGIN: nomenclature with columns section,hscode,description,parent,level, or a national table of codes and descriptions (csv)"),
        Arg::token("sections", "sections").says("ORIGIN: names of sections with columns section,name (csv)"),
        Arg::token("roo", "roo").says("ORIGIN: roo/1, an agreement with its rules (JSON)"),
        Arg::token("overrides", "overrides")
            .says("ORIGIN: other validity or alternatives for rules of an agreement (JSON)"),
        Arg::token("synonyms", "synonyms").says("ORIGIN: synonyms of words in descriptions, for MODEL.FIND (JSON)"),
    ],
)
.after("FORMAT")
.says("Format of the data; default: detected from their structure")
.optional();
const OUTPUT: Arg = Arg::one_of(
    "output",
    &[
        Arg::token("reported", "reported").says("Use the output row or column of the file"),
        Arg::token("rowsum", "rowsum").says("Use the row sums of flows and final demand"),
    ],
)
.after("OUTPUT")
.says("IO: source of total output; default: reported if the file has it, else rowsum")
.optional();
const SPLIT: Arg = Arg::one_of(
    "split",
    &[
        Arg::token("merge", "merge").says("Merge split regions (CN1, CN2, MX1, ..) into their country"),
        Arg::token("keep", "keep").says("Keep split regions separate"),
    ],
)
.after("SPLIT")
.says("IO: treatment of regions that a table splits; default: merge")
.optional();
const PRECISION: Arg = Arg::one_of("precision", &[Arg::token("f64", "f64"), Arg::token("f32", "f32")])
    .after("PRECISION")
    .says("IO: format of coefficients; f32 halves the memory, with a relative error of 3e-8; default: f64")
    .optional();
const LEONTIEF: Arg = Arg::one_of(
    "leontief",
    &[
        Arg::token("full", "full").says("Keep the inverse, which needs as much memory as the coefficients"),
        Arg::token("lazy", "lazy").says("Keep the factors of I - A; solve a column when a query needs it"),
    ],
)
.after("LEONTIEF")
.says("IO: whether the Leontief inverse is kept; default: full if it fits into memory, else lazy with a warning")
.optional();
const MEMBER: Arg = Arg::string("member")
    .after("MEMBER")
    .says("IO: file or folder to load from an archive or a folder with several tables")
    .optional();
const REGION: Arg = Arg::string("region")
    .after("REGION")
    .says("IO: region of a national table whose labels are only sectors")
    .optional();
const SEPARATOR: Arg = Arg::string("separator")
    .after("SEPARATOR")
    .says("IO: separator between region and sector in a label; default: _ or | or /, detected from the labels")
    .optional();
const ORDER: Arg = Arg::one_of(
    "order",
    &[
        Arg::token("region-first", "region-first").says("The region ends at the first separator"),
        Arg::token("sector-first", "sector-first").says("The region begins after the last separator"),
    ],
)
.after("ORDER")
.says("IO: whether a label begins with the region or the sector; default: detected from the labels")
.optional();
const NEGATIVE: Arg = Arg::one_of(
    "negative",
    &[
        Arg::token("error", "error").says("The load fails and names the node"),
        Arg::token("zero", "zero").says("The output of the node counts as 0, with a warning"),
    ],
)
.after("NEGATIVE")
.says("IO: treatment of a node whose output is negative; default: error")
.optional();
const DUPLICATES: Arg = Arg::one_of(
    "duplicates",
    &[
        Arg::token("error", "error").says("The load fails and names the lines"),
        Arg::token("sum", "sum").says("The values of the lines are added, with a warning"),
    ],
)
.after("DUPLICATES")
.says("IO: treatment of several lines for one cell in long data; default: error")
.optional();
const DEMAND: Arg = Arg::one_of(
    "demand",
    &[
        Arg::token("yes", "yes").says("Keep final demand with the table, if it has any"),
        Arg::token("no", "no").says("Use final demand to determine output only"),
    ],
)
.after("DEMAND")
.says("IO: whether final demand is kept, for footprints; default: yes")
.optional();
const KEEP: Arg =
    Arg::token("keep", "KEEP").says("IO: keep the indicators of the replaced model whose labels all exist").optional();
const DECIMALS: Arg = Arg::string("decimals")
    .after("DECIMALS")
    .says("SCORE: decimals to round inputs to, 0 to 9, or a JSON object by feature; default: those of the model")
    .optional();
const TREES: Arg = Arg::one_of(
    "trees",
    &[
        Arg::token("best", "best").says("Those up to the best iteration, as scikit-learn's predict"),
        Arg::token("all", "all").says("All of the file, as Booster.predict"),
    ],
)
.after("TREES")
.says("SCORE: the trees of an XGBoost model that stopped early; default: all, with a warning")
.optional();
const MISSING: Arg = Arg::string("missing")
    .after("MISSING")
    .says("SCORE: the number that stands for a missing value in rows, as in the training; nan: none; default: none, with a warning where the file leaves it open")
    .optional();
const CLASSES: Arg = Arg::string("classes")
    .after("CLASSES")
    .says("SCORE: names of the classes between commas, or a JSON array, in the order of the library's class numbers; default: those of the file, else numbers")
    .optional();
const CALIBRATION: Arg = Arg::string("calibration")
    .after("CALIBRATION")
    .says("SCORE: a calibration of two classes or of one number as JSON, fitted after the model: sigmoid with a and b, or isotonic with x and y")
    .optional();
const HISTORY: Arg = Arg::integer("history")
    .after("HISTORY")
    .says("Number of assessments to log, at most assess.history-max; default: that of the old model, else 0")
    .optional();
const NOREPLACE: Arg = Arg::token("noreplace", "NOREPLACE").says("Fail if the key holds a model").optional();

const SUMMARY_REPLY: &str = "map that describes the model, with state deriving or ready";

pub(crate) const LOAD: Command = Command {
    name: "MODEL.LOAD",
    summary: "Loads a model from a file, folder or archive below assess.data-dir on a worker; the key changes only if \
              the whole load succeeds",
    since: "0.1.0",
    complexity: "O(B) on a worker, with B bytes read; then the model is derived in O(N^3), with N nodes",
    group: Family::Model,
    flags: "write deny-oom blocking",
    acl: "assess write slow blocking",
    arity: -5,
    args: &[
        KEY,
        KIND,
        Arg::string("path").after("FILE").says("Path below assess.data-dir"),
        FORMAT,
        OUTPUT,
        SPLIT,
        PRECISION,
        LEONTIEF,
        MEMBER,
        REGION,
        SEPARATOR,
        ORDER,
        NEGATIVE,
        DUPLICATES,
        DEMAND,
        DECIMALS,
        TREES,
        MISSING,
        CLASSES,
        CALIBRATION,
        HISTORY,
        KEEP,
        NOREPLACE,
    ],
    keys: CHANGES_AND_DESCRIBES,
    tips: &[],
    reply: SUMMARY_REPLY,
    internal: false,
};

pub(crate) const SET: Command = Command {
    name: "MODEL.SET",
    summary: "Loads a model from bytes of a file sent by the client; the key changes only if the whole load succeeds",
    since: "0.1.0",
    complexity: "O(B) on a worker, with B bytes sent; then the model is derived in O(N^3), with N nodes",
    group: Family::Model,
    flags: "write deny-oom blocking",
    acl: "assess write slow blocking",
    arity: -4,
    args: &[
        KEY,
        KIND,
        Arg::string("payload").says("The bytes of the file or archive, at most assess.max-payload"),
        FORMAT,
        OUTPUT,
        SPLIT,
        PRECISION,
        LEONTIEF,
        MEMBER,
        REGION,
        SEPARATOR,
        ORDER,
        NEGATIVE,
        DUPLICATES,
        DEMAND,
        DECIMALS,
        TREES,
        MISSING,
        CLASSES,
        CALIBRATION,
        HISTORY,
        KEEP,
        NOREPLACE,
    ],
    keys: CHANGES_AND_DESCRIBES,
    tips: &[],
    reply: SUMMARY_REPLY,
    internal: false,
};

/// Neither `readonly` nor `write`. It changes no data, and it frees memory, so it must work when the server refuses
/// writes (out of memory, a failed save, too few replicas, a paused client). With `readonly`, a cluster client could
/// send it to a replica, where no load runs; and it would be in `@read`, so that a user with only read permission could
/// stop the loads of others. The key spec requires write permission for the key, like the load itself.
pub(crate) const ABORT: Command = Command {
    name: "MODEL.ABORT",
    summary: "Cancels the load in flight of a key on this server",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Model,
    flags: "fast",
    acl: "assess write fast",
    arity: 2,
    args: &[KEY],
    keys: CHANGES,
    tips: &[],
    reply: "OK, or an error when the key is not being loaded",
    internal: false,
};

pub(crate) const INFO: Command = Command {
    name: "MODEL.INFO",
    summary: "Describes a model: state, progress, version, size, options, indicators, warnings",
    since: "0.1.0",
    complexity: "O(I + W), with I indicators and W warnings",
    group: Family::Model,
    flags: "readonly",
    acl: "assess read slow",
    arity: 2,
    args: &[KEY],
    keys: READS,
    // State, progress, hits and misses change without a write to the key, so client-side caching would return old
    // replies.
    tips: &["nondeterministic_output", "dont_cache"],
    reply: "map of kind, state, progress, version, digest, fields of the kind (IO: nodes, regions, sectors, nonzeros, \
            precision, leontief, output, format, indicators; SCORE: format, features, outputs, decimals, ..; ORIGIN: \
            codes, agreements, rules, ..), bytes, warnings, source, hits, misses, history",
    internal: false,
};

pub(crate) const LABELS: Command = Command {
    name: "MODEL.LABELS",
    summary: "Lists the labels of a model",
    since: "0.1.0",
    complexity: "O(N), with N labels",
    group: Family::Model,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: 3,
    args: &[
        KEY,
        Arg::one_of(
            "which",
            &[
                Arg::token("regions", "REGIONS"),
                Arg::token("sectors", "SECTORS"),
                Arg::token("nodes", "NODES"),
                Arg::token("indicators", "INDICATORS"),
                Arg::token("demand", "DEMAND")
                    .says("Purchasing regions and categories of the final demand of an IO model"),
                Arg::token("features", "FEATURES").says("Inputs of a SCORE model, in the order of its rows"),
                Arg::token("classes", "CLASSES").says("Classes of a SCORE model, in the order of its probabilities"),
                Arg::token("outputs", "OUTPUTS")
                    .says("Names of the numbers of a SCORE model that answers several, in the order of a batch"),
                Arg::token("agreements", "AGREEMENTS").says("Agreements of an ORIGIN model"),
            ],
        ),
    ],
    keys: READS,
    tips: &[],
    reply: "array of strings",
    internal: false,
};

/// Returns names of keys that are not arguments. So the handler itself requires `~*`, which no key spec can express.
pub(crate) const LIST: Command = Command {
    name: "MODEL.LIST",
    summary: "Lists the keys that hold models, or are being loaded; needs permission for all keys",
    since: "0.1.0",
    complexity: "O(N), with N models",
    group: Family::Model,
    flags: "readonly",
    acl: "assess read slow",
    arity: -1,
    args: &[Arg::pattern("pattern").says("Glob-style pattern of keys; default: all").optional()],
    keys: &[],
    // The tips of KEYS: in a cluster the client sends the command to every shard and joins the arrays.
    tips: &["request_policy:all_shards", "nondeterministic_output_order", "dont_cache"],
    reply: "array of strings",
    internal: false,
};

pub(crate) const HELP: Command = Command {
    name: "MODEL.HELP",
    summary: "Explains the MODEL commands",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Model,
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

/// The only command that replicates models. No `deny-oom`, because replicas must accept the data of their master. No
/// slow log and no monitor, because the arguments are megabytes of binary data. `admin` puts the command into
/// `@dangerous`; the handler refuses it to clients in any case.
pub(crate) const REPLAY: Command = Command {
    name: "MODEL.REPLAY",
    summary: "Internal: carries models from a master to its replicas and the append-only file; refused to clients",
    since: "0.1.0",
    complexity: "O(B), with B bytes of arguments",
    group: Family::Model,
    flags: "write admin deny-script no-monitor no-slowlog",
    acl: "assess write admin dangerous slow",
    arity: -3,
    args: &[KEY, Arg::string("op"), Arg::string("argument").optional().multiple()],
    keys: CHANGES,
    tips: &[],
    reply: "OK",
    internal: true,
};
