//! Why a row has no result.

/// Why a row has no result. The model turns it into an error that names the feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::score) enum Fault {
    /// The value of this feature is one that the file declares invalid.
    Invalid(u32),
    /// This feature is missing, and the file says that it must not be.
    Missing(u32),
    /// The model predicts nothing for these values, in most cases because one is missing.
    Nothing,
    /// A computed field has no finite value, or none of its type.
    Computed,
}
