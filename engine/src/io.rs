//! Input-output models: tables of deliveries between nodes, indicators, and assessments of nodes.
//!
//! This module holds everything that is specific to this kind of model, from reading tables to writing documents. It
//! does not depend on other kinds of models, on search or on caching.

pub mod assess;
pub mod codec;
pub mod formats;
pub mod indicator;
pub mod labels;
pub mod matrix;
pub mod options;
pub mod rank;
pub mod sample;
pub mod solve;
pub mod spectral;
pub mod table;

mod answer;
mod digest;
mod document;
mod find;
mod info;
mod leontief;
mod load;
mod model;
mod neumann;
mod printed;
mod product;
mod select;
mod series;
mod shown;
mod stage;
mod subject;
mod text;
mod threads;

pub use formats::{Folder, Input, Loaded, load, read_whole};
pub use indicator::{By, Indicator};
pub use labels::Labels;
pub(crate) use load::load_model;
pub use model::{IoModel, MAX_NAME, OUTPUT};
pub use options::{Duplicates, Format, LeontiefMode, LoadOptions, Negative, Order, OutputRule, Precision, Split};
pub use rank::Ranking;
pub use spectral::spectral_check;
pub use table::Table;
