//! Which users may run a command: the permissions of its key specs, and the rules that key specs cannot express, which
//! the handlers check. docs/security.md shows the table, and `tests/server/acl` compares it with a server.

use super::{Command, KeyFlags};

/// The permission that a form of a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The command alone.
    Nothing,
    /// `%R~` for every key that it names.
    Read,
    /// `%W~` for every key that it names.
    Write,
    /// Both, in one pattern.
    ReadAndWrite,
    /// `~*`.
    EveryKey,
    /// It is internal: no user may run it.
    Refused,
}

/// A user of the table, by the pattern of its keys.
pub(crate) const USERS: [&str; 5] = ["another key", "`%R~key`", "`%W~key`", "`~key`", "`~*`"];

impl Needs {
    /// What the server checks by the key specs of a command.
    pub(crate) fn of(command: &Command) -> Self {
        let has = |flags: KeyFlags| command.keys.iter().any(|key| key.flags.bits() & flags.bits() != 0);
        let writes = has(KeyFlags::UPDATE.and(KeyFlags::INSERT).and(KeyFlags::DELETE));
        match (command.internal, has(KeyFlags::ACCESS), writes) {
            (true, ..) => Self::Refused,
            (false, false, false) => Self::Nothing,
            (false, true, false) => Self::Read,
            (false, false, true) => Self::Write,
            (false, true, true) => Self::ReadAndWrite,
        }
    }

    /// For each of the [`USERS`], whether it may run the command.
    pub(crate) fn allows(self) -> [bool; USERS.len()] {
        match self {
            Self::Nothing => [true; 5],
            Self::Read => [false, true, false, true, true],
            Self::Write => [false, false, true, true, true],
            Self::ReadAndWrite => [false, false, false, true, true],
            Self::EveryKey => [false, false, false, false, true],
            Self::Refused => [false; 5],
        }
    }
}

/// A form of a command with a rule of its own.
pub(crate) struct Form {
    pub(crate) command: &'static str,
    /// The words that make the form; empty: the whole command.
    pub(crate) words: &'static str,
    pub(crate) needs: Needs,
}

const fn form(command: &'static str, words: &'static str, needs: Needs) -> Form {
    Form { command, words, needs }
}

/// The rules that handlers check themselves, with `ffi::user`.
pub(crate) const FORMS: &[Form] = &[
    form("MODEL.LIST", "", Needs::EveryKey),
    form("TIER.SET", "", Needs::EveryKey),
    form("TIER.DEL", "", Needs::EveryKey),
    form("CACHE.INVALIDATE", "KEY", Needs::Write),
    form("CACHE.INVALIDATE", "MODEL", Needs::Write),
    form("CACHE.INVALIDATE", "PATTERN", Needs::EveryKey),
    form("CACHE.INVALIDATE", "TAG", Needs::EveryKey),
    form("CACHE.INVALIDATE", "TIER", Needs::EveryKey),
    form("CACHE.INVALIDATE", "ALL", Needs::EveryKey),
    form("CACHE.STATS", "", Needs::Nothing),
    form("CACHE.STATS", "RESET", Needs::EveryKey),
    form("CACHE.HOT", "", Needs::EveryKey),
    form("CACHE.EXPORT", "", Needs::EveryKey),
    form("JOB.SUBMIT", "", Needs::Write),
    form("JOB.SUBMIT", "import", Needs::EveryKey),
    form("JOB.SUBMITMANY", "", Needs::Write),
    form("JOB.SUBMITMANY", "import", Needs::EveryKey),
    form("JOB.SCHEDULE", "", Needs::Write),
    form("JOB.SCHEDULE", "import", Needs::EveryKey),
];

/// The forms of a command: those above, or the whole command with what its key specs say.
pub(crate) fn forms(command: &Command) -> Vec<(&'static str, Needs)> {
    let own: Vec<_> =
        FORMS.iter().filter(|form| form.command == command.name).map(|form| (form.words, form.needs)).collect();
    if own.is_empty() { vec![("", Needs::of(command))] } else { own }
}

#[test]
fn every_form_belongs_to_a_command_and_is_not_weaker_than_its_key_specs() {
    for form in FORMS {
        let command = super::COMMANDS.iter().find(|command| command.name == form.command);
        let command = command.unwrap_or_else(|| panic!("{} does not exist", form.command));
        let (by_keys, by_rule) = (Needs::of(command).allows(), form.needs.allows());
        assert!(by_keys.iter().zip(by_rule).all(|(keys, rule)| *keys || !rule), "{} {}", form.command, form.words);
    }
}
