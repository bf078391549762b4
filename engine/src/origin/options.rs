//! Formats of documents, and how a document is read.

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A nomenclature: csv `section,hscode,description,parent,level`.
    Hs,
    /// Names of its sections: csv `section,name`.
    Sections,
    /// An agreement: `roo/1` JSON.
    Roo,
    /// Changes of an agreement's rules: JSON of the same shape, without parties.
    Overrides,
    /// Words and the phrases that stand for them: JSON `{"word":["phrase",..]}`.
    Synonyms,
}

impl Format {
    const ALL: [Self; 5] = [Self::Hs, Self::Sections, Self::Roo, Self::Overrides, Self::Synonyms];

    /// The format of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|format| name.eq_ignore_ascii_case(format.name().as_bytes()))
    }

    /// The name used in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs => "hs",
            Self::Sections => "sections",
            Self::Roo => "roo",
            Self::Overrides => "overrides",
            Self::Synonyms => "synonyms",
        }
    }
}

/// What a document is, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// The kind of document; detected when absent.
    pub format: Option<Format>,
}
