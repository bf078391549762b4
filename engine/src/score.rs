//! Score models: a number, a class or a band from named features.
//!
//! Three machines answer: generalised linear models, points scorecards, and forests of decision trees.
//! Files of five formats become them. What a format has and the machines do not evaluate exactly is refused at load,
//! never approximated.
//!
//! Terms follow the field: *feature* (an input by name), *margin* (what the link is applied to), *link*, *bin*, *points*,
//! *band*, *reason code*, *contribution* (the part of the margin or of the points that a feature brings).

mod answer;
mod batch;
mod codec;
mod decimals;
mod document;
mod features;
mod foreign;
mod forest;
mod glm;
mod load;
mod model;
mod number;
mod pmml;
mod row;
mod scorecard;
mod subject;

#[cfg(test)]
mod tests;

pub use batch::Rows;
pub use codec::ScoreDecoder;
pub use decimals::Decimals;
pub use load::{Format, LoadOptions, load};
pub use model::ScoreModel;

/// The most features of a model.
pub const MAX_FEATURES: usize = 4096;

/// The most classes of a model.
pub const MAX_CLASSES: usize = 1024;

/// The longest name of a feature and the longest label, in bytes.
pub const MAX_NAME: usize = 256;
