//! The byte form of a score model.
//!
//! All numbers are little-endian. The first frame is the preamble and the header: `u8` format, `u8` machine, then `u32`
//! number of features, of warnings and of records of the machine. From version 3 on also `u32` number of records of
//! categories, `u8` kind of the number for missing values (0 none, 1 compared as `f64`, 2 as `f32`) and that number.
//! From version 4 on also `u32` number of names of classes from the load, and of records of the
//! calibration.
//! Every other frame holds complete records, each with a `u16` length and its bytes: features in order (`u8` decimals,
//! 255 if there are none, and the name), warnings (text), categories ([`mod@categories`]), names of classes (text), the calibration, then
//! the records of the machine.
//!
//! A model is written in the first version from 2 on that is enough for it.
//!
//! The frames are made once, when a model is loaded, or kept as received when it is read from frames, so a request for
//! a frame only copies it. A forest and an ONNX graph are exceptions: they have many frames, one record each, and make each
//! when it is requested.
//!
//! The machines of an ONNX graph and of a program are decoded later ([`source`](super::source)).

mod categories;
mod decode;
mod encode;
mod records;

pub use self::decode::ScoreDecoder;
pub(super) use self::encode::encode;
pub(super) use self::records::{Reader, Records, alone, put_text, records_of};

/// Maximum size of a frame, in bytes.
const FRAME: usize = 1 << 16;

/// Maximum number of warnings, and maximum length of one, in bytes.
const MAX_WARNINGS: usize = 100;
const LONGEST_WARNING: usize = 1024;

/// Size of the header in versions 1 and 2, in bytes.
const HEADER: usize = 2 + 3 * 4;

/// Size of what version 3 appends to the header, in bytes.
const MORE: usize = 4 + 1 + 8;

/// Size of what version 4 appends to that, in bytes.
const GIVEN: usize = 2 * 4;

/// The version that models without categories and without a number for missing values are written in.
const PLAIN: u8 = 2;

/// The version that has these.
const NAMED: u8 = 3;

const GLM: u8 = 0;
const SCORECARD: u8 = 1;
const FOREST: u8 = 2;
const ONNX: u8 = 4;
/// Not in files of versions before 3.
const PROGRAM: u8 = 3;
