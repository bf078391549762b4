//! Preferential rules of origin: whether a good, made in one country and shipped to another, qualifies under an agreement.
//!
//! Here is what only this kind needs, from reading documents to verdicts. Never here: the other kinds, search, caching.

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
pub use options::{Format, LoadOptions};
pub use rules::RuleFilter;
