//! Errors of commands: a code from a closed list, and a sentence that says what to do.
//!
//! Texts consist of constants and numbers. They never contain bytes that a client sent.

use std::borrow::Cow;
use std::fmt;

use assess_engine::Error as EngineError;

/// The error codes. Clients may depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Err,
    WrongType,
    NoModel,
    NoSubject,
    NoIndicator,
    NotReady,
    BadFile,
    Busy,
    TooBig,
    NoRoom,
    ReadOnly,
    NoPerm,
    LeaseLost,
    NoAck,
    Moved,
    #[expect(dead_code, reason = "a code of the closed list that no command of this release returns")]
    Unblocked,
}

impl Code {
    const fn text(self) -> &'static str {
        match self {
            Self::Err => "ERR",
            Self::WrongType => "WRONGTYPE",
            Self::NoModel => "NOMODEL",
            Self::NoSubject => "NOSUBJECT",
            Self::NoIndicator => "NOINDICATOR",
            Self::NotReady => "NOTREADY",
            Self::BadFile => "BADFILE",
            Self::Busy => "BUSY",
            Self::TooBig => "TOOBIG",
            Self::NoRoom => "NOROOM",
            Self::ReadOnly => "READONLY",
            Self::NoPerm => "NOPERM",
            Self::LeaseLost => "LEASELOST",
            Self::NoAck => "NOACK",
            Self::Moved => "MOVED",
            Self::Unblocked => "UNBLOCKED",
        }
    }
}

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) text: Cow<'static, str>,
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    pub(crate) fn err(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Err, text)
    }

    pub(crate) fn no_model() -> Self {
        Self::new(Code::NoModel, "no model at this key, see MODEL.LOAD")
    }

    pub(crate) fn wrong_type() -> Self {
        Self::new(Code::WrongType, "Operation against a key holding the wrong kind of value")
    }

    pub(crate) fn cannot_block() -> Self {
        Self::new(Code::Busy, "this takes long, and the client cannot wait inside MULTI, a script or a module call")
    }

    pub(crate) fn no_tier() -> Self {
        Self::err("there is no such tier, see TIER.LIST")
    }

    pub(crate) fn slot_lost() -> Self {
        Self::new(
            Code::Busy,
            "the cluster does not let this node write the key: its slot has moved or the cluster is down",
        )
    }

    /// A form of an internal command that this release does not know.
    pub(crate) fn unknown_form() -> Self {
        Self::err("unknown form of an internal command: another release of the module wrote it")
    }

    /// Whether data or a command of a later release is the cause.
    pub(crate) fn is_of_later_release(&self) -> bool {
        // The text of the engine's decoder.
        *self == Self::unknown_form() || self.text.ends_with("written by a newer version of redis-assess")
    }

    pub(crate) fn internal() -> Self {
        Self::err("internal error, see the server's log")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code.text(), self.text)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::BadInput { .. } | EngineError::Corrupt(_) => Code::BadFile,
            EngineError::Invalid(_) | EngineError::Cancelled => Code::Err,
            EngineError::NoSubject(_) | EngineError::BadSubject(_) => Code::NoSubject,
            EngineError::NoIndicator => Code::NoIndicator,
            EngineError::NotReady => Code::NotReady,
            EngineError::TooBig { .. } => Code::TooBig,
            EngineError::NoRoom { .. } => Code::NoRoom,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_begins_with_its_code_and_is_ascii() {
        let failures = [
            Failure::no_model(),
            Failure::wrong_type(),
            Failure::cannot_block(),
            Failure::internal(),
            EngineError::NoIndicator.into(),
            EngineError::NoRoom { what: "the table", needed: 3 << 20, available: 1 << 20 }.into(),
        ];
        for failure in failures {
            let text = failure.to_string();
            assert!(text.is_ascii() && text.starts_with(failure.code.text()), "{text}");
        }
    }
}
