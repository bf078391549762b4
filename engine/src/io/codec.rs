//! The binary encoding of an input-output model.
//!
//! All numbers are little-endian. The first frame holds the preamble and the header. Every other frame begins with its
//! tag:
//!
//! | frames | tag | content |
//! | --- | --- | --- |
//! | 1 | | `u32` nodes, regions, sectors; `u8` precision, format, output source, requested `LEONTIEF` mode, output present; `u32` warnings, indicators; `u64` bytes of text; since version 2 `u32` purchasing regions, categories and columns of final demand |
//! | 1.. | 1 | a part of the text: names of regions, of sectors, then warnings, then names of purchasing regions and of categories, each as `u32` length and bytes |
//! | 1 | 2 | for each node `u32` region, `u32` sector |
//! | 0 or 1 | 3 | output, `f64` for each node |
//! | 1.. | 4 | coefficients: some whole columns, in order, in the precision of the header |
//! | 0 or 1 | 6 | for each column of final demand `u32` purchasing region, `u32` category |
//! | 0.. | 7 | final demand: some whole columns, in order, in the precision of the header |
//! | one each | 5 | an indicator: name and unit, each as `u32` length and bytes, and `f64` for each node |
//!
//! Frames 6 and 7 exist if the table has final demand. The encoder cuts matrices at the block limits of [`Matrix`](super::matrix::Matrix), so that a frame becomes a
//! block with one copy. The decoder accepts any cut at whole columns.

mod decode;
mod encode;
mod gathering;
mod plan;

pub use decode::IoDecoder;
pub(super) use encode::frame;
pub(super) use plan::{Plan, text_of};

use super::options::{Format, LeontiefMode, OutputRule, Precision};
use super::table::OutputSource;
use crate::io::leontief::number::Number;

const TEXT: u8 = 1;
const NODES: u8 = 2;
const OUTPUT: u8 = 3;
const COLUMNS: u8 = 4;
const INDICATOR: u8 = 5;
const PAIRS: u8 = 6;
const DEMAND: u8 = 7;

/// The version of the byte form since which a header has the counts of final demand.
const WITH_DEMAND: u8 = 2;

/// Bytes of the header without the counts of final demand.
const HEADER: usize = 3 * 4 + 5 + 2 * 4 + 8;

/// Bytes of the counts of final demand.
const DEMAND_COUNTS: usize = 3 * 4;

/// Lists of options; the code of an option is its index in the list.
const PRECISIONS: [Precision; 2] = [Precision::F64, Precision::F32];
const FORMATS: [Format; 4] = [Format::Icio, Format::Exiobase, Format::Triples, Format::Eora];
const SOURCES: [OutputSource; 4] = [
    OutputSource::None,
    OutputSource::Rule(OutputRule::Reported),
    OutputSource::Rule(OutputRule::RowSum),
    OutputSource::Solved,
];
const MODES: [Option<LeontiefMode>; 3] = [None, Some(LeontiefMode::Full), Some(LeontiefMode::Lazy)];

/// A number type with its binary encoding.
trait Wire: Number {
    /// Bytes of one number.
    const BYTES: usize;

    /// Appends the numbers.
    fn write(numbers: &[Self], out: &mut Vec<u8>);

    /// Reads numbers; the length of `bytes` is a multiple of [`Wire::BYTES`].
    fn read(bytes: &[u8]) -> Box<[Self]>;
}

macro_rules! wire {
    ($number:ty) => {
        impl Wire for $number {
            const BYTES: usize = size_of::<Self>();

            fn write(numbers: &[Self], out: &mut Vec<u8>) {
                let start = out.len();
                out.resize(start + numbers.len() * Self::BYTES, 0);
                let (places, _) = out[start..].as_chunks_mut::<{ size_of::<$number>() }>();
                for (place, number) in places.iter_mut().zip(numbers) {
                    *place = number.to_le_bytes();
                }
            }

            fn read(bytes: &[u8]) -> Box<[Self]> {
                let (places, _) = bytes.as_chunks::<{ size_of::<$number>() }>();
                places.iter().map(|&place| Self::from_le_bytes(place)).collect()
            }
        }
    };
}
wire!(f32);
wire!(f64);
