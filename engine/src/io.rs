//! Input-output models: tables of deliveries between nodes, indicators, and assessments of nodes.
//!
//! This module holds everything that is specific to this kind of model, from reading tables to writing documents. It
//! does not depend on other kinds of models, on search or on caching.

pub mod assess;
pub mod codec;
pub mod demand;
pub mod dependents;
pub mod footprint;
pub mod formats;
pub mod indicator;
pub mod labels;
pub mod leontief;
pub mod options;
pub mod profile;
pub mod rank;
pub mod sample;
pub mod table;

mod answer;
mod compare;
mod digest;
mod document;
mod find;
mod info;
mod load;
mod model;
mod paths;
mod printed;
mod select;
mod shown;
mod stage;
mod subject;
mod text;
mod whatif;

pub use demand::FinalDemand;
pub use formats::{Folder, Input, Loaded, load, read_whole};
pub use indicator::{By, Indicator};
pub use labels::Labels;
pub use leontief::spectral::spectral_check;
pub use leontief::{matrix, solve, spectral};
pub(crate) use load::load_model;
pub use model::{IoModel, MAX_NAME, OUTPUT};
pub use options::{
    Demand, Duplicates, Format, LeontiefMode, LoadOptions, Negative, Order, OutputRule, Precision, Split,
};
pub use rank::Ranking;
pub use table::Table;
