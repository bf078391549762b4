//! The configuration parameters as data, in the order in which docs/configuration.md shows them.
//!
//! Names are without the prefix `assess.`, which the server adds.

pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Guarded like the server's own `dir`: `CONFIG SET` needs `enable-protected-configs`.
    pub(crate) protected: bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "shown in docs/configuration.md, which the tests write"))]
    pub(crate) summary: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `memory`: a number of bytes that may be given with a unit (`64mb`).
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
/// A hundred years of seconds: far from where milliseconds since 1970 would overflow.
const CENTURY: i64 = 100 * 365 * 86_400;
const HOUR_MS: i64 = 3_600_000;

pub(crate) const DATA_DIR: Parameter = Parameter {
    name: "data-dir",
    kind: Kind::Text { default: "" },
    // Whoever may set it chooses which files of the machine can be read.
    protected: true,
    summary: "Folder below which MODEL.LOAD and MODEL.INDICATOR read files; reading files is off when empty",
};

pub(crate) const THREADS: Parameter = Parameter {
    name: "threads",
    kind: Kind::Number { min: 0, max: 1024, default: 0, memory: false },
    protected: false,
    summary: "Worker threads; 0: one less than cores, at least 1. Workers run niced",
};

pub(crate) const MAX_BATCH: Parameter = Parameter {
    name: "max-batch",
    kind: Kind::Number { min: 1, max: 1_000_000, default: 100, memory: false },
    protected: false,
    summary: "Most subjects or coefficients that one command may ask for",
};

pub(crate) const MAX_PAYLOAD: Parameter = Parameter {
    name: "max-payload",
    kind: Kind::Number { min: 1, max: TB, default: 64 * MB, memory: true },
    protected: false,
    summary: "Largest payload of MODEL.SET and largest document of MODEL.INDICATOR",
};

pub(crate) const MAX_MODEL_MEMORY: Parameter = Parameter {
    name: "max-model-memory",
    kind: Kind::Number { min: 0, max: i64::MAX, default: 0, memory: true },
    protected: false,
    summary: "Most memory a model may take, derived data included; 0: maxmemory decides",
};

pub(crate) const DEFAULT_TTL: Parameter = Parameter {
    name: "default-ttl",
    kind: Kind::Number { min: 1, max: CENTURY, default: 3600, memory: false },
    protected: false,
    summary: "Seconds an assessment stays cached when the command does not say",
};

pub(crate) const DEFAULT_LEASE_MS: Parameter = Parameter {
    name: "default-lease-ms",
    kind: Kind::Number { min: 1, max: HOUR_MS, default: 5000, memory: false },
    protected: false,
    summary: "Milliseconds a lease of CACHE.FETCH lasts when neither the command nor the tier says",
};

pub(crate) const MAX_LEASES_PER_CLIENT: Parameter = Parameter {
    name: "max-leases-per-client",
    kind: Kind::Number { min: 1, max: 1_000_000, default: 10_000, memory: false },
    protected: false,
    summary: "Most leases of CACHE.FETCH that one connection may hold; beyond them it is answered busy",
};

pub(crate) const DEFAULT_WAIT_MS: Parameter = Parameter {
    name: "default-wait-ms",
    kind: Kind::Number { min: 0, max: HOUR_MS, default: 2000, memory: false },
    protected: false,
    summary: "Milliseconds an assessment waits for its model to become ready before it answers NOTREADY, and CACHE.FETCH \
              for a value when neither the command nor the tier says",
};

pub(crate) const SLICE_US: Parameter = Parameter {
    name: "slice-us",
    kind: Kind::Number { min: 50, max: 10_000, default: 500, memory: false },
    protected: false,
    summary: "Microseconds a command may compute on the main thread; what takes longer goes to a worker",
};

pub(crate) const HISTORY_MAX: Parameter = Parameter {
    name: "history-max",
    kind: Kind::Number { min: 0, max: MAX_ENTRIES, default: 10_000, memory: false },
    protected: false,
    summary: "Most assessments that a load may ask a model to log (HISTORY); 0: none",
};

/// The most that the engine can hold.
const MAX_ENTRIES: i64 = assess_engine::history::MAX_CAPACITY as i64;

pub(crate) const ENABLED: Parameter = Parameter {
    name: "enabled",
    kind: Kind::Bool { default: true },
    protected: false,
    summary: "Whether assessments are cached; no: every one is computed and nothing is stored",
};

pub(crate) const PARAMETERS: &[&Parameter] = &[
    &DATA_DIR,
    &THREADS,
    &MAX_BATCH,
    &MAX_PAYLOAD,
    &MAX_MODEL_MEMORY,
    &DEFAULT_TTL,
    &DEFAULT_LEASE_MS,
    &DEFAULT_WAIT_MS,
    &MAX_LEASES_PER_CLIENT,
    &SLICE_US,
    &HISTORY_MAX,
    &ENABLED,
];
