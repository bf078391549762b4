//! Preferential rules of origin: whether a good that is made in one country and shipped to another qualifies under a
//! trade agreement.
//!
//! This module holds everything that only origin models need, from reading documents to verdicts. It does not contain
//! code of the other kinds of models, of search or of the cache.

mod agreement;
mod answer;
mod assess;
pub mod codec;
mod codes;
mod country;
mod decimal;
mod document;
mod editions;
mod expr;
mod facts;
mod find;
mod hs;
mod info;
mod json;
mod load;
mod lookup;
mod model;
mod nomenclature;
mod options;
mod overrides;
mod rules;
mod sections;
mod subject;

pub use codec::OriginDecoder;
pub use find::{FindFilter, FindKind};
pub use hs::Hs;
pub use load::{Part, load};
pub use lookup::Relation;
pub use model::OriginModel;
pub use nomenclature::items::Items;
pub use options::{Format, LoadOptions};
pub use rules::RuleFilter;
