//! Limits of a model.

/// Maximum number of features of a model.
pub const MAX_FEATURES: usize = 4096;

/// Maximum number of classes of a model.
pub const MAX_CLASSES: usize = 1024;

/// Maximum number of contributions of an assessment of several numbers: numbers times features.
pub(super) const MAX_CONTRIBUTIONS: usize = 100_000;

/// Maximum length of a feature's name and of a label, in bytes.
pub const MAX_NAME: usize = 256;
