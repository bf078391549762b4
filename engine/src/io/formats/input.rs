//! The source of a table, and the result of loading it.

use std::fs::File;
use std::io;

use crate::io::{Indicator, Table};

/// The source from which a table is read. The caller has checked that it may be read.
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
    /// Names of all regular files in the folder and its subfolders, with `/` between the parts.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Opens one of them.
    fn open(&self, name: &str) -> io::Result<File>;
}

/// The result of loading an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The table.
    pub table: Table,
    /// Indicators in the input (stressors of EXIOBASE accounts), in the order of the files.
    pub indicators: Vec<Indicator>,
}
