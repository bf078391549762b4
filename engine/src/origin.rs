//! Preferential rules of origin: whether a good of a code, made in one country and shipped to another, qualifies under
//! an agreement.

mod agreement;
mod codes;
mod country;
mod decimal;
mod expr;
mod hs;
mod json;

pub use hs::Hs;
