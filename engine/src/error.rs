//! The one error type of the engine.
//!
//! Texts are ASCII and built from constants and numbers only: what a user sent is never echoed, so an error can be
//! sent on any protocol and logged without thought. Where an input is at fault, [`Place`] says where.

use std::borrow::Cow;
use std::fmt;

/// The engine's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where in an input something is wrong; lines and columns count from 1, a column is a cell of the line.
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

/// Everything that can go wrong in the engine.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// An input (table, indicator document) cannot be used as it is.
    #[error("{reason}{place}")]
    BadInput {
        /// What is wrong, and what to do.
        reason: Cow<'static, str>,
        /// Where it is wrong.
        place: Place,
    },
    /// An option or argument has a value that cannot be used.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// The subject is not in the model.
    #[error("{0}")]
    NoSubject(&'static str),
    /// The subject cannot be one of any model; the text names what of it, in ASCII.
    #[error("{0}")]
    BadSubject(Box<str>),
    /// The model has no such indicator.
    #[error("the model has no such indicator, see MODEL.LABELS key INDICATORS")]
    NoIndicator,
    /// Data derived from the model are not there yet.
    #[error("model is deriving")]
    NotReady,
    /// A size is over a configured or built-in limit.
    #[error("{what} is over the limit of {limit}")]
    TooBig {
        /// What is too big.
        what: &'static str,
        /// The limit, in the unit that `what` names.
        limit: u64,
    },
    /// Memory would not suffice for the work, which was therefore not begun.
    #[error("{what} needs {} MB of memory, {} MB are available", needed.div_ceil(1 << 20), available >> 20)]
    NoRoom {
        /// What needs the memory.
        what: &'static str,
        /// Bytes needed at the peak.
        needed: u64,
        /// Bytes that may be used.
        available: u64,
    },
    /// Somebody asked the work to stop.
    #[error("cancelled")]
    Cancelled,
    /// A frame of an encoded model is damaged, out of order or of an unknown version.
    #[error("damaged model data: {0}")]
    Corrupt(&'static str),
}

impl Error {
    /// A [`Error::BadInput`] at a place.
    pub fn bad(reason: impl Into<Cow<'static, str>>, place: Place) -> Self {
        Self::BadInput { reason: reason.into(), place }
    }

    /// A [`Error::BadInput`] that concerns the input as a whole.
    pub fn bad_whole(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::bad(reason, Place::default())
    }
}
