//! The byte form of a rules-of-origin model.
//!
//! The first frame is the preamble and `u32` parts. Every other belongs to a part: `u8` kind of part, `u8` whether it is
//! the part's last, then records, each as `u32` length and bytes (little-endian). Parts come in this order:
//!
//! | parts | kind | records |
//! | --- | --- | --- |
//! | 0 or 1 | 1 | a nomenclature, as it writes itself |
//! | 0 or 1 | 2 | names of sections, as they write themselves |
//! | 0 or 1 | 3 | synonyms, as they write themselves |
//! | 0.. | 4 | an agreement: a letter and JSON as in `roo/1`: `H` what it says of itself, `P` party and members, `C` kind of cumulation and countries, `M` name and expression of a macro, `R` a rule; `T` is followed by the text itself |
//! | 0.. | 5 | overrides: `H` the agreement's id, `T` a text, `R` what is changed of a rule |
//!
//! A part is cut into frames when it is read, so that a frame is given away by one copy.

mod decode;
mod held;
mod records;

pub use self::decode::OriginDecoder;
pub(super) use self::held::Held;
