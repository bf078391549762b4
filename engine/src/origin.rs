//! Nomenclatures and rules of origin.

#![expect(dead_code, reason = "the model that uses the parts is written beside them")]

mod find;
mod hs;
mod nomenclature;
mod sections;
mod synonyms;

pub use hs::Hs;
