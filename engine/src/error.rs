//! The one error type of the engine.
//!
//! Texts are ASCII. They consist of constants and numbers, and of words that were checked to be plain ASCII, so an
//! error can be sent over any protocol and written to a log. [`Place`] locates a fault in an input.

use std::borrow::Cow;
use std::fmt;

/// The engine's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The location of a fault in an input. Lines and columns count from 1; a column is a cell of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The role of the file inside the input (`"A.txt"`), empty when the input is one file.
    pub file: &'static str,
    /// The line, 0 where there is none.
    pub line: u64,
    /// The cell of the line, 0 where there is none.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::with_capacity(3);
        if !self.file.is_empty() {
            parts.push(self.file.to_owned());
        }
        if self.line > 0 {
            parts.push(format!("line {}", self.line));
        }
        if self.column > 0 {
            parts.push(format!("column {}", self.column));
        }
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

/// Every error of the engine.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// An input (table, indicator document) is not valid.
    #[error("{reason}{place}")]
    BadInput {
        /// The fault, and what the user can do about it.
        reason: Cow<'static, str>,
        /// The location of the fault.
        place: Place,
    },
    /// An option or argument has an invalid value.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// The subject is not in the model.
    #[error("{0}")]
    NoSubject(&'static str),
    /// The subject is malformed, whatever the model; the text names the faulty part, in ASCII.
    #[error("{0}")]
    BadSubject(Box<str>),
    /// The model has no such indicator.
    #[error("the model has no such indicator, see MODEL.LABELS key INDICATORS")]
    NoIndicator,
    /// The data derived from the model are not complete yet.
    #[error("model is deriving")]
    NotReady,
    /// A size exceeds a configured or built-in limit.
    #[error("{what} is over the limit of {limit}")]
    TooBig {
        /// The name of the size.
        what: &'static str,
        /// The limit, in the unit that `what` names.
        limit: u64,
    },
    /// The work needs more memory than is available, so it was not started.
    #[error("{what} needs {} MB of memory, {} MB are available", needed.div_ceil(1 << 20), available >> 20)]
    NoRoom {
        /// The consumer of the memory.
        what: &'static str,
        /// Bytes needed at the peak.
        needed: u64,
        /// Bytes that may be used.
        available: u64,
    },
    /// The work was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A frame of an encoded model is damaged, out of order or of an unknown version.
    #[error("damaged model data: {0}")]
    Corrupt(&'static str),
}

impl Error {
    /// An [`Error::BadInput`] at a place.
    pub fn bad(reason: impl Into<Cow<'static, str>>, place: Place) -> Self {
        Self::BadInput { reason: reason.into(), place }
    }

    /// An [`Error::BadInput`] that concerns the whole input.
    pub fn bad_whole(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::bad(reason, Place::default())
    }
}
