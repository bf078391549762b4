//! Score models: a number, a class or a band from named features, by linear models, scorecards or forests.
//!
//! Here is what only this kind needs, from reading files to documents. Never here: the other kinds, search, caching.

mod answer;
mod batch;
mod coarse;
mod codec;
mod decimals;
mod document;
mod features;
mod foreign;
mod forest;
mod glm;
mod info;
mod json;
mod limits;
mod load;
mod machine;
mod model;
mod number;
mod options;
mod pmml;
mod row;
mod scorecard;
mod subject;

#[cfg(test)]
mod tests;

pub use batch::Rows;
pub use codec::ScoreDecoder;
pub use decimals::Decimals;
pub use limits::{MAX_CLASSES, MAX_FEATURES, MAX_NAME};
pub use load::load;
pub use model::ScoreModel;
pub use options::{Format, LoadOptions};
