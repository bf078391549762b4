//! What a search in a model looks for.

/// Where to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindIn {
    /// Regions and sectors of an input-output model.
    Sectors,
    /// The nomenclature of an origin model.
    Hs,
    /// The texts of rules of an origin model.
    Rules,
}

/// What to find, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindFilter {
    /// Where; `None` is the kind's own default.
    pub place: Option<FindIn>,
    /// Only codes of this section.
    pub section: Option<Vec<u8>>,
    /// Only codes of this chapter.
    pub chapter: Option<Vec<u8>>,
    /// Only codes of so many digits.
    pub level: Option<u8>,
    /// The most hits, 1 to 1000.
    pub limit: usize,
}

impl Default for FindFilter {
    fn default() -> Self {
        Self { place: None, section: None, chapter: None, level: None, limit: 10 }
    }
}
