//! The kinds of models.

/// The kinds of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An input-output table ([`IoModel`](crate::io::IoModel)).
    Io,
    /// A score model: a regression, a scorecard, a forest.
    Score,
    /// A nomenclature and the rules of origin of agreements.
    Origin,
}

impl Kind {
    /// The kind's name in documents and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Score => "score",
            Self::Origin => "origin",
        }
    }
}
