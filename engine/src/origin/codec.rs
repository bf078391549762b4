//! The byte form of an origin model.
//!
//! The first frame is the preamble and `u32` number of parts. Every other frame belongs to a part: `u8` kind of part,
//! `u8` 1 if it is the last frame of the part, then records, each as `u32` length and bytes (little-endian). The order
//! of the parts is:
//!
//! | parts | kind | records |
//! | --- | --- | --- |
//! | 0 or 1 | 1 | a nomenclature (its own format) |
//! | 0 or 1 | 2 | names of sections (their own format) |
//! | 0 or 1 | 3 | synonyms (their own format) |
//! | 0.. | 4 | an agreement: a letter and JSON as in `roo/1`: `H` its own data, `P` party and members, `C` kind of cumulation and countries, `M` name and expression of a macro, `R` a rule; `T` a text, not as JSON |
//! | 0.. | 5 | overrides: `H` the agreement's id, `T` a text, `R` the changes of a rule |
//!
//! A part is divided into frames when it is read, so a request for a frame only copies it.

mod decode;
mod held;
mod records;

pub use self::decode::OriginDecoder;
pub(super) use self::held::Held;
