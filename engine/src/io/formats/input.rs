//! Where a table is read from, and what an input brought.

use std::fs::File;
use std::io;

use crate::io::{Indicator, Table};

/// Where a table is read from. The caller has decided that it may be read.
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
