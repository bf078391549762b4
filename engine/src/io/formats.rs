//! Reading tables.
//!
//! A layout is recognised by its structure, never by the name of a file; only EXIOBASE is a set of files whose names
//! (`A.txt`, `x.txt`, ..) *are* its structure. Compressed streams are known by their first bytes. Every table is read
//! in passes over streams that can be opened again: a first pass over labels (and over whatever tells total output),
//! then, with the number of nodes and the memory known, one that divides and stores. So nothing is allocated on the
//! word of a declared size, and the peak is one matrix.

mod detect;
mod eora;
mod exiobase;
mod fill;
mod icio;
mod input;
mod job;
mod members;
mod notes;
mod output;
mod read;
mod roll;
mod source;
mod sums;
mod total_names;
mod triples;
mod zstd;

pub use self::input::{Folder, Input, Loaded};
use self::job::Job;
pub use self::read::{load, read_whole};
