//! Reading tables.

use std::fs::File;
use std::io;

use super::{IoModel, LoadOptions};
use crate::{Budget, Progress, Result};

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

/// Reads a model.
///
/// # Errors
/// [`crate::Error::BadInput`] with file, line and column, [`crate::Error::NoRoom`] before anything of size is
/// allocated, [`crate::Error::Cancelled`].
pub fn load(input: Input<'_>, options: &LoadOptions, budget: &Budget, progress: &Progress) -> Result<IoModel> {
    todo!()
}
