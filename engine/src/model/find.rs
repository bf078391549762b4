//! The options of a search in a model.

/// The texts to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindIn {
    /// Regions and sectors of an input-output model.
    Sectors,
    /// The nomenclature of an origin model.
    Hs,
    /// The texts of the rules of an origin model.
    Rules,
}

/// The restrictions of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindFilter {
    /// The texts to search; `None` means the default of the kind of model.
    pub place: Option<FindIn>,
    /// Only codes of this section.
    pub section: Option<Vec<u8>>,
    /// Only codes of this chapter.
    pub chapter: Option<Vec<u8>>,
    /// Only codes with this number of digits.
    pub level: Option<u8>,
    /// The largest number of results, 1 to 1000.
    pub limit: usize,
}

impl Default for FindFilter {
    fn default() -> Self {
        Self { place: None, section: None, chapter: None, level: None, limit: 10 }
    }
}
