//! Input-output models: who delivers how much to whom, and what that means for a risk, an emission or anything else
//! counted per unit of output.
//!
//! Terms follow the field: *region*, *sector*, *node* (a region-sector pair), *technical coefficient* `A[i,j]` (input
//! from node i per unit of output of node j), *Leontief inverse* `L = (I-A)^-1`, *indicator* `r` (stressor intensity,
//! one number per node), *multiplier* `m = r'L`, *production layer* k (tier-k suppliers).

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
mod canonical;
mod digest;
mod document;
mod leontief;
mod model;
mod neumann;
mod printed;
mod product;
mod select;
mod series;
mod stage;
mod threads;

pub use formats::{Folder, Input, Loaded, load, read_whole};
pub use indicator::{By, Indicator};
pub use labels::Labels;
pub use model::{IoModel, MAX_NAME, OUTPUT};
pub use options::{Duplicates, Format, LeontiefMode, LoadOptions, Negative, Order, OutputRule, Precision, Split};
pub use rank::Ranking;
pub use spectral::spectral_check;
pub use table::Table;
