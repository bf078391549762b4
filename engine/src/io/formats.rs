//! Reading tables.
//!
//! A layout is recognised by its structure, never by the name of a file; only EXIOBASE is a set of files whose names
//! (`A.txt`, `x.txt`, ..) *are* its structure. Compressed streams are known by their first bytes. Every table is read
//! in passes over streams that can be opened again: a first pass over labels (and over whatever tells total output),
//! then, with the number of nodes and the memory known, one that divides and stores. So nothing is allocated on the
//! word of a declared size, and the peak is one matrix.

mod cells;
mod detect;
mod dialect;
mod encoding;
mod eora;
mod exiobase;
mod fill;
mod icio;
mod lines;
mod notes;
mod number;
mod output;
mod roll;
mod source;
mod sums;
mod triples;
mod zstd;

use std::fs::File;
use std::io;

use super::options::{Duplicates, Split};
use super::{Indicator, LoadOptions, Table};
use crate::{Budget, Error, Progress, Result};

pub(super) use cells::{Blank, Cells};
pub(super) use lines::{Line, Lines};
pub(super) use notes::{shown, shown_node};

/// Where a table is read from. Whoever makes one has already decided that it may be read.
pub enum Input<'a> {
    /// Bytes in memory: a csv, a gzip or a zip.
    Bytes(&'a [u8]),
    /// A regular file.
    File(File),
    /// A folder.
    Folder(Box<dyn Folder + 'a>),
}

/// A folder whose files can be listed and opened.
pub trait Folder {
    /// Names of all regular files in it and in its subfolders, with `/` between the parts.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Opens one of them.
    fn open(&self, name: &str) -> io::Result<File>;
}

/// What an input brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The table.
    pub table: Table,
    /// Indicators that came with it (stressors of an EXIOBASE satellite account), in the order of the file.
    pub indicators: Vec<Indicator>,
}

/// Reads a table and the indicators that come with it.
///
/// # Errors
/// [`crate::Error::BadInput`] with file, line and column, [`crate::Error::NoRoom`] before anything of size is
/// allocated, [`crate::Error::TooBig`] for more nodes than [`super::labels::MAX_NODES`] or an archive out of
/// proportion, [`crate::Error::Cancelled`].
pub fn load(input: Input<'_>, options: &LoadOptions, budget: &Budget, progress: &Progress) -> Result<Loaded> {
    let mut package = source::Package::open(input)?;
    let job = Job { options, budget, progress };
    let plain = |table| Loaded { table, indicators: Vec::new() };
    match detect::layout(&mut package, &job)? {
        detect::Layout::Icio(part) => icio::read(&mut package, part, &job)
            .map(plain)
            .map_err(|error| detect::instead_of_frame(&mut package, part, &job).unwrap_or(error)),
        detect::Layout::Triples(part) => triples::read(&mut package, part, &job).map(plain),
        detect::Layout::Exiobase(files) => {
            without_effect(options, true)?;
            exiobase::read(&mut package, &files, &job)
        }
        detect::Layout::Eora(files) => {
            without_effect(options, false)?;
            eora::read(&mut package, &files, &job).map(plain)
        }
    }
}

/// Refuses options that a package cannot heed: an option that is given has to act.
fn without_effect(options: &LoadOptions, has_order: bool) -> Result<()> {
    let given = [
        ("REGION", options.region.is_some()),
        ("SEPARATOR", options.separator.is_some()),
        ("ORDER", options.order.is_some() && !has_order),
        ("DUPLICATES", options.duplicates != Duplicates::default()),
        ("SPLIT", options.split != Split::default()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((name, _)) => Err(Error::Invalid(
            format!("{name} does not apply to this table, whose files have regions and sectors apart").into(),
        )),
    }
}

/// The bytes of an input that is one file, behind gzip or zstd or in an archive of its own or not.
///
/// # Errors
/// [`crate::Error::BadInput`] when it is several files or damaged, [`crate::Error::TooBig`] when it expands to more than
/// `limit` bytes, [`crate::Error::Cancelled`].
pub fn read_whole(input: Input<'_>, limit: u64, progress: &Progress) -> Result<Vec<u8>> {
    source::Package::open(input)?.whole(limit, progress)
}

/// What every reader is told.
#[derive(Clone, Copy)]
struct Job<'a> {
    options: &'a LoadOptions,
    budget: &'a Budget,
    progress: &'a Progress,
}
