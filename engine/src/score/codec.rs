//! The byte form of a score model.
//!
//! All numbers are little-endian. The first frame is the preamble and the header: `u8` format, `u8` machine, `u32`
//! features, warnings and records of the machine. Every other frame holds whole records, each a `u16` length and bytes:
//! features in order (`u8` decimals, 255 without, and the name), warnings (text), then what the machine writes.
//!
//! The frames are made once, when a model is loaded, and kept, as they come when it is read: a frame costs no more than
//! its copy. Only those of a forest, one record each, are made by it when they are asked for: they are many.

mod decode;
mod encode;
mod records;

pub use self::decode::ScoreDecoder;
pub(super) use self::encode::encode;
pub(super) use self::records::{Reader, Records, alone, put_text};

/// The largest frame that is written and read, in bytes.
const FRAME: usize = 1 << 16;

/// The most warnings, and the longest, in bytes.
const MAX_WARNINGS: usize = 100;
const LONGEST_WARNING: usize = 1024;

/// Bytes of the header.
const HEADER: usize = 2 + 3 * 4;

const GLM: u8 = 0;
const SCORECARD: u8 = 1;
const FOREST: u8 = 2;
