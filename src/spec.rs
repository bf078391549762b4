//! The command table as data.
//!
//! One constant for each command describes everything except its execution: name, arguments, keys, flags, categories
//! and texts. Registration, `COMMAND DOCS`, `HELP`, docs/commands and the tests read these constants, so they agree.
//! Nothing here depends on the server: no FFI, no allocation.

pub(crate) mod assess;
pub(crate) mod cache;
pub(crate) mod configuration;
pub(crate) mod job;
pub(crate) mod model;
#[cfg(test)]
mod permissions;
pub(crate) mod render;
#[cfg(test)]
mod tests;
pub(crate) mod tier;

/// Every command, in the order in which the documents and `HELP` show them.
pub(crate) const COMMANDS: &[&Command] = &[
    &model::LOAD,
    &model::SET,
    &model::ABORT,
    &model::INDICATOR,
    &model::INDICATORDEL,
    &model::INFO,
    &model::LABELS,
    &model::LIST,
    &model::COEF,
    &model::MCOEF,
    &model::HS,
    &model::RULES,
    &model::FIND,
    &model::DROP,
    &model::HELP,
    &model::REPLAY,
    &assess::GET,
    &assess::MGET,
    &assess::WARM,
    &assess::KEY,
    &assess::BATCH,
    &assess::HISTORY,
    &assess::RANK,
    &assess::WHATIF,
    &assess::DEPENDENTS,
    &assess::PROFILE,
    &assess::COMPARE,
    &assess::FOOTPRINT,
    &assess::HELP,
    &tier::SET,
    &tier::DEL,
    &tier::LIST,
    &tier::INFO,
    &tier::HELP,
    &cache::GET,
    &cache::MGET,
    &cache::SET,
    &cache::MSET,
    &cache::FETCH,
    &cache::FILL,
    &cache::RENEW,
    &cache::FAIL,
    &cache::INVALIDATE,
    &cache::TTL,
    &cache::STATS,
    &cache::METRICS,
    &cache::HOT,
    &cache::HEALTH,
    &cache::EXPORT,
    &cache::HELP,
    &cache::REPLAY,
    &job::SUBMIT,
    &job::SUBMITMANY,
    &job::CLAIM,
    &job::HEARTBEAT,
    &job::COMPLETE,
    &job::FAIL,
    &job::CANCEL,
    &job::RETRY,
    &job::STATUS,
    &job::WAIT,
    &job::LIST,
    &job::INFO,
    &job::CONFIG,
    &job::PAUSE,
    &job::RESUME,
    &job::PURGE,
    &job::SCHEDULE,
    &job::UNSCHEDULE,
    &job::SCHEDULES,
    &job::HELP,
    &job::REPLAY,
];

/// The ACL category of the module. Servers before 7.4 cannot add categories, see `ffi::command_info`.
pub(crate) const ACL_CATEGORY: &str = "assess";

pub(crate) struct Command {
    /// The full name in upper case: `MODEL.LOAD`. The server ignores the case of names.
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) since: &'static str,
    pub(crate) complexity: &'static str,
    pub(crate) group: Family,
    /// Flags in the spelling of `RM_CreateCommand`.
    pub(crate) flags: &'static str,
    /// All ACL categories. They replace the categories that the server derives from the flags.
    pub(crate) acl: &'static str,
    /// The number of arguments including the name of the command; negative: a minimum.
    pub(crate) arity: i32,
    pub(crate) args: &'static [Arg],
    pub(crate) keys: &'static [KeySpec],
    /// Hints for clients and proxies, see <https://redis.io/docs/latest/develop/reference/command-tips/>.
    pub(crate) tips: &'static [&'static str],
    /// The reply in one line.
    pub(crate) reply: &'static str,
    /// Sent only by the module, through replication. Not shown in `HELP` and the documents.
    pub(crate) internal: bool,
}

impl Command {
    /// The first key, the last key and the step between keys for `RM_CreateCommand`; zeros without keys.
    ///
    /// The server finds keys with the key specs. It shows this range to clients that do not use key specs.
    pub(crate) const fn key_range(&self) -> (i32, i32, i32) {
        match self.keys {
            [KeySpec { begin, find: Find::Range { last, step }, .. }, ..] if *last < 0 => (*begin, *last, *step),
            [KeySpec { begin, find: Find::Range { last, step }, .. }, ..] => (*begin, *begin + *last, *step),
            // A counted number of keys is not a range; only the key spec can describe it.
            _ => (0, 0, 0),
        }
    }
}

/// The word before the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Model,
    Assess,
    Tier,
    Cache,
    Job,
}

#[cfg(test)]
impl Family {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Model => "MODEL",
            Self::Assess => "ASSESS",
            Self::Tier => "TIER",
            Self::Cache => "CACHE",
            Self::Job => "JOB",
        }
    }
}

/// One argument, or a group of arguments, with the token that introduces it.
///
/// Built by the constructors below and refined by chaining: `Arg::integer("seconds").after("TTL").optional()`.
pub(crate) struct Arg {
    pub(crate) name: &'static str,
    pub(crate) kind: ArgKind,
    pub(crate) token: Option<&'static str>,
    pub(crate) summary: Option<&'static str>,
    pub(crate) optional: bool,
    pub(crate) multiple: bool,
    /// If the argument is repeated, its token is repeated too.
    pub(crate) multiple_token: bool,
    /// The alternatives of a `OneOf` or the members of a `Block`; empty for every other kind.
    pub(crate) args: &'static [Arg],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgKind {
    String,
    Integer,
    Double,
    /// A key, with the index of its key spec.
    Key(usize),
    Pattern,
    UnixTime,
    PureToken,
    OneOf,
    Block,
}

impl Arg {
    const fn new(name: &'static str, kind: ArgKind) -> Self {
        Self {
            name,
            kind,
            token: None,
            summary: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            args: &[],
        }
    }

    pub(crate) const fn string(name: &'static str) -> Self {
        Self::new(name, ArgKind::String)
    }

    pub(crate) const fn integer(name: &'static str) -> Self {
        Self::new(name, ArgKind::Integer)
    }

    pub(crate) const fn double(name: &'static str) -> Self {
        Self::new(name, ArgKind::Double)
    }

    pub(crate) const fn pattern(name: &'static str) -> Self {
        Self::new(name, ArgKind::Pattern)
    }

    pub(crate) const fn unix_time(name: &'static str) -> Self {
        Self::new(name, ArgKind::UnixTime)
    }

    /// A key that the key spec with this index finds.
    pub(crate) const fn key(name: &'static str, key_spec: usize) -> Self {
        Self::new(name, ArgKind::Key(key_spec))
    }

    /// A literal word.
    pub(crate) const fn token(name: &'static str, token: &'static str) -> Self {
        Self::new(name, ArgKind::PureToken).after(token)
    }

    /// Exactly one of the alternatives.
    pub(crate) const fn one_of(name: &'static str, alternatives: &'static [Arg]) -> Self {
        let mut arg = Self::new(name, ArgKind::OneOf);
        arg.args = alternatives;
        arg
    }

    /// All members, one after the other.
    pub(crate) const fn block(name: &'static str, members: &'static [Arg]) -> Self {
        let mut arg = Self::new(name, ArgKind::Block);
        arg.args = members;
        arg
    }

    /// Sets the token before the argument.
    pub(crate) const fn after(mut self, token: &'static str) -> Self {
        self.token = Some(token);
        self
    }

    pub(crate) const fn says(mut self, summary: &'static str) -> Self {
        self.summary = Some(summary);
        self
    }

    pub(crate) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(crate) const fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    /// Repeatable together with its token: `PATTERN a PATTERN b`.
    pub(crate) const fn multiple_with_token(mut self) -> Self {
        self.multiple = true;
        self.multiple_token = true;
        self
    }
}

/// The positions of keys among the arguments, and the access to them.
pub(crate) struct KeySpec {
    pub(crate) flags: KeyFlags,
    /// The index where the search begins; the command's name has index 0.
    pub(crate) begin: i32,
    pub(crate) find: Find,
}

/// Which arguments are keys, counted from the begin of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Find {
    /// The first argument, and every `step`th one up to `last`. `last` is relative to the first; if negative, relative
    /// to the end: -1 is the last argument.
    Range { last: i32, step: i32 },
    /// The first argument is the number of keys. The keys follow it, at every `step`th argument.
    Count { step: i32 },
}

impl KeySpec {
    /// One key, the first argument.
    pub(crate) const fn first_argument(flags: KeyFlags) -> Self {
        Self { flags, begin: 1, find: Find::Range { last: 0, step: 1 } }
    }
}

/// The access of a command to a key, in the bits of `REDISMODULE_CMD_KEY_*` (`ffi::command_info` asserts that they
/// agree).
///
/// Exactly one of `RO RW OW RM` describes the access to the value. `ACCESS` and at most one of `UPDATE INSERT DELETE`
/// describe the access to the user's data; key permissions (`%R~`, `%W~`) are checked against these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyFlags(u64);

impl KeyFlags {
    pub(crate) const RO: Self = Self(1 << 0);
    pub(crate) const RW: Self = Self(1 << 1);
    pub(crate) const OW: Self = Self(1 << 2);
    pub(crate) const RM: Self = Self(1 << 3);
    pub(crate) const ACCESS: Self = Self(1 << 4);
    pub(crate) const UPDATE: Self = Self(1 << 5);
    pub(crate) const INSERT: Self = Self(1 << 6);
    pub(crate) const DELETE: Self = Self(1 << 7);
    /// The key spec may not find all keys; the server then calls the command to get them (`getkeys-api`).
    pub(crate) const INCOMPLETE: Self = Self(1 << 9);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }
}
