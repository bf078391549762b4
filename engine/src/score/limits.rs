//! The bounds of a model.

/// The most features of a model.
pub const MAX_FEATURES: usize = 4096;

/// The most classes of a model.
pub const MAX_CLASSES: usize = 1024;

/// The longest name of a feature and the longest label, in bytes.
pub const MAX_NAME: usize = 256;
