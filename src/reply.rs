//! Replies as values: commands return them, workers build them, and `ffi::send` sends them.

use bytes::Bytes;

use crate::error::Failure;

/// A reply to a client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    Ok,
    Nil,
    Integer(i64),
    /// A double in RESP3; in RESP2 a bulk string with the shortest text that parses to the same number.
    Double(f64),
    Bulk(Bytes),
    Array(Vec<Reply>),
    /// A map in RESP3, a flat array in RESP2.
    Map(Vec<(&'static str, Reply)>),
    Error(Failure),
    /// The command has already replied, or replies when its client is unblocked.
    Sent,
}

impl Reply {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Bulk(Bytes::from(text.into()))
    }

    pub(crate) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Array(texts.into_iter().map(Self::text).collect())
    }

    pub(crate) fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Self::Error(failure)
    }
}

impl From<Result<Self, Failure>> for Reply {
    fn from(outcome: Result<Self, Failure>) -> Self {
        outcome.unwrap_or_else(Self::Error)
    }
}
