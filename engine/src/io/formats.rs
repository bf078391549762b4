//! Reading tables.
//!
//! The layout of a table is detected from its structure, not from file names. The exception is EXIOBASE: it is a set of
//! files whose names (`A.txt`, `x.txt`, ..) are its structure. Compressed streams are detected by their first bytes. A
//! table is read in two passes over streams that can be reopened. The first pass reads labels and the data that
//! determine total output. Then the number of nodes and the memory needed are known, and the second pass divides by
//! output and stores coefficients. So no memory is allocated based on a declared size, and the peak is one matrix.

mod coverage;
mod detect;
mod eora;
mod exiobase;
mod fill;
mod gzip;
mod icio;
mod input;
mod job;
mod members;
mod notes;
mod output;
mod purchases;
mod read;
mod source;
mod sums;
mod total_names;
mod triples;
mod zstd;

pub use self::input::{Folder, Input, Loaded};
use self::job::Job;
pub use self::read::{load, read_whole};
