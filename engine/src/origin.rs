//! Preferential rules of origin: whether a good of a code, made in one country and shipped to another, qualifies under
//! an agreement.
//!
//! A model ([`OriginModel`]) holds one nomenclature and any number of agreements, each read from its own document
//! ([`load`]). An assessment goes through the conditions of an agreement in their order, in three-valued logic: what
//! is not known matters only where the verdict depends on it, and a text that no machine can read is never guessed.

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
mod hs;
mod json;
mod load;
mod lookup;
mod model;
mod nomenclature;
mod overrides;
mod rules;
mod sections;
mod subject;

pub use codec::OriginDecoder;
pub use hs::Hs;
pub use load::{Format, LoadOptions, Part, load};
pub use lookup::{FindFilter, FindKind, Relation};
pub use model::OriginModel;
pub use rules::RuleFilter;
