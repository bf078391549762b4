//! Formats of documents, and the options for reading a document.

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A nomenclature: csv `section,hscode,description,parent,level`, or a table of codes and descriptions as countries
    /// publish them.
    Hs,
    /// Names of the sections of a nomenclature: csv `section,name`.
    Sections,
    /// An agreement: `roo/1` JSON.
    Roo,
    /// Changes of an agreement's rules: JSON of the same shape, without parties.
    Overrides,
    /// Words and the phrases that they stand for: JSON `{"word":["phrase",..]}`.
    Synonyms,
}

impl Format {
    const ALL: [Self; 5] = [Self::Hs, Self::Sections, Self::Roo, Self::Overrides, Self::Synonyms];

    /// The format with this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|format| name.eq_ignore_ascii_case(format.name().as_bytes()))
    }

    /// The name in options.
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

/// Options for reading a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// The kind of document; detected if it is `None`.
    pub format: Option<Format>,
}
