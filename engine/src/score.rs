//! Score models: they compute a number, a class or a band from named features. A model is a generalised linear model, a
//! scorecard or a forest.
//!
//! This module holds everything that only score models need, from reading files to writing documents. It does not
//! contain code of the other kinds of models, of search or of the cache.

mod answer;
mod batch;
mod calibration;
mod categories;
mod classes;
mod coarse;
mod codec;
mod decimals;
mod descent;
mod document;
mod features;
mod foreign;
mod forest;
mod given;
mod glm;
mod info;
mod json;
mod limits;
mod load;
mod machine;
mod model;
mod number;
mod onnx;
mod options;
mod pmml;
mod row;
mod scorecard;
mod source;
mod subject;

#[cfg(test)]
mod tests;

pub use batch::Rows;
pub use calibration::Calibration;
pub use classes::Classes;
pub use codec::ScoreDecoder;
pub use decimals::Decimals;
pub use limits::{MAX_CLASSES, MAX_FEATURES, MAX_NAME};
pub use load::load;
pub use model::ScoreModel;
pub use options::{Format, LoadOptions, MissingValue, Trees};
