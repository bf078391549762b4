//! The configuration parameters as data, in the order in which docs/configuration.md shows them.
//!
//! The names do not include the prefix `assess.`, which the server adds.

pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Protected like the server's own `dir`: `CONFIG SET` needs `enable-protected-configs`.
    pub(crate) protected: bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "shown in docs/configuration.md, which the tests write"))]
    pub(crate) summary: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With `memory`, a number of bytes that may have a unit (`64mb`).
    Number {
        min: i64,
        max: i64,
        default: i64,
        memory: bool,
    },
    Text {
        default: &'static str,
    },
    Bool {
        default: bool,
    },
}

const MB: i64 = 1 << 20;
const TB: i64 = 1 << 40;
/// A hundred years in seconds. Times in Unix milliseconds do not overflow with it.
const CENTURY: i64 = 100 * 365 * 86_400;
const HOUR_MS: i64 = 3_600_000;

pub(crate) const DATA_DIR: Parameter = Parameter {
    name: "data-dir",
    kind: Kind::Text { default: "" },
    // A client that may set it can choose which files of the machine are readable.
    protected: true,
    summary: "Folder below which MODEL.LOAD and MODEL.INDICATOR read files; empty: reading files is disabled",
};

pub(crate) const THREADS: Parameter = Parameter {
    name: "threads",
    kind: Kind::Number { min: 0, max: 1024, default: 0, memory: false },
    protected: false,
    summary: "Number of worker threads; 0: the number of cores minus 1, at least 1. They run at low priority",
};

pub(crate) const MAX_BATCH: Parameter = Parameter {
    name: "max-batch",
    kind: Kind::Number { min: 1, max: 1_000_000, default: 100, memory: false },
    protected: false,
    summary: "Most subjects, rows or coefficients in one command",
};

pub(crate) const MAX_PAYLOAD: Parameter = Parameter {
    name: "max-payload",
    kind: Kind::Number { min: 1, max: TB, default: 64 * MB, memory: true },
    protected: false,
    summary: "Largest payload of MODEL.SET, document of MODEL.INDICATOR, and payload or result of a job",
};

pub(crate) const MAX_PATHS: Parameter = Parameter {
    name: "max-paths",
    kind: Kind::Number { min: 1, max: 1_000_000, default: 10_000, memory: false },
    protected: false,
    summary: "Most structural paths in one assessment (PATHS, CUTOFF)",
};

pub(crate) const MAX_MODEL_MEMORY: Parameter = Parameter {
    name: "max-model-memory",
    kind: Kind::Number { min: 0, max: i64::MAX, default: 0, memory: true },
    protected: false,
    summary: "Most memory of a model, derived data included; 0: only maxmemory limits it",
};

pub(crate) const DEFAULT_TTL: Parameter = Parameter {
    name: "default-ttl",
    kind: Kind::Number { min: 1, max: CENTURY, default: 3600, memory: false },
    protected: false,
    summary: "Time to live of a cached assessment in seconds, if the command gives none",
};

pub(crate) const DEFAULT_LEASE_MS: Parameter = Parameter {
    name: "default-lease-ms",
    kind: Kind::Number { min: 1, max: HOUR_MS, default: 5000, memory: false },
    protected: false,
    summary: "Duration of a lease of CACHE.FETCH in milliseconds, if neither the command nor the tier gives one",
};

pub(crate) const MAX_LEASES_PER_CLIENT: Parameter = Parameter {
    name: "max-leases-per-client",
    kind: Kind::Number { min: 1, max: 1_000_000, default: 10_000, memory: false },
    protected: false,
    summary: "Most leases of CACHE.FETCH that one connection may hold; further requests receive busy",
};

pub(crate) const MAX_WAITS_PER_USER: Parameter = Parameter {
    name: "max-waits-per-user",
    kind: Kind::Number { min: 1, max: 1_000_000, default: 10_000, memory: false },
    protected: false,
    summary: "Most commands of one user that wait or whose work continues, on all its connections; then BUSY, and busy of \
              CACHE.FETCH",
};

pub(crate) const MAX_UPLOADS_PER_USER: Parameter = Parameter {
    name: "max-uploads-per-user",
    kind: Kind::Number { min: 1, max: TB, default: 1024 * MB, memory: true },
    protected: false,
    summary: "Most bytes that commands of one user hold together while they wait: payloads, documents, rows; then BUSY. A \
              single command is limited by assess.max-payload only",
};

pub(crate) const DEFAULT_WAIT_MS: Parameter = Parameter {
    name: "default-wait-ms",
    kind: Kind::Number { min: 0, max: HOUR_MS, default: 2000, memory: false },
    protected: false,
    summary: "Longest wait in milliseconds: of a query for its model to become ready, before it replies NOTREADY; and \
              of CACHE.FETCH for a value, if neither the command nor the tier gives one",
};

pub(crate) const CLUSTER_TIMEOUT_MS: Parameter = Parameter {
    name: "cluster-timeout-ms",
    kind: Kind::Number { min: 1, max: HOUR_MS, default: 2000, memory: false },
    protected: false,
    summary: "How long a command with CLUSTER waits for a sign of life of each master, in milliseconds, before it replies \
              NOACK and names those that gave none",
};

pub(crate) const SLICE_US: Parameter = Parameter {
    name: "slice-us",
    kind: Kind::Number { min: 50, max: 10_000, default: 500, memory: false },
    protected: false,
    summary: "Microseconds that a command may compute on the main thread; longer computations run on a worker",
};

pub(crate) const HISTORY_MAX: Parameter = Parameter {
    name: "history-max",
    kind: Kind::Number { min: 0, max: MAX_ENTRIES, default: 10_000, memory: false },
    protected: false,
    summary: "Largest HISTORY of a load, the number of assessments that a model logs; 0: no history",
};

/// The largest capacity of a history in the engine.
const MAX_ENTRIES: i64 = assess_engine::history::MAX_CAPACITY as i64;

pub(crate) const HUGE_PAGES: Parameter = Parameter {
    name: "huge-pages",
    kind: Kind::Bool { default: true },
    protected: false,
    summary: "Whether tables loaded from now on ask Linux for huge pages, where transparent_hugepage is madvise (as \
              the server recommends): analyses that read a whole table are then about a fifth faster",
};

pub(crate) const ENABLED: Parameter = Parameter {
    name: "enabled",
    kind: Kind::Bool { default: true },
    protected: false,
    summary: "Whether assessments are cached; no: each assessment is computed and not stored",
};

pub(crate) const WARM_ON_START: Parameter = Parameter {
    name: "warm-on-start",
    kind: Kind::Text { default: "no" },
    protected: false,
    summary: "Which assessments are computed after the server has loaded its data set: no, hot (those requested most \
              often before), or all (of IO models)",
};

pub(crate) const PARAMETERS: &[&Parameter] = &[
    &DATA_DIR,
    &THREADS,
    &MAX_BATCH,
    &MAX_PAYLOAD,
    &MAX_PATHS,
    &MAX_MODEL_MEMORY,
    &DEFAULT_TTL,
    &DEFAULT_LEASE_MS,
    &DEFAULT_WAIT_MS,
    &MAX_LEASES_PER_CLIENT,
    &CLUSTER_TIMEOUT_MS,
    &MAX_WAITS_PER_USER,
    &MAX_UPLOADS_PER_USER,
    &SLICE_US,
    &HISTORY_MAX,
    &HUGE_PAGES,
    &ENABLED,
    &WARM_ON_START,
];
