//! Access to files below `assess.data-dir`, and to no others.
//!
//! `cap_std` resolves every path relative to the open folder. So `..`, absolute paths and links cannot lead out of it,
//! even if a link is replaced during the access.

use std::fs::File;
use std::io;

use assess_engine::io::{Folder, Input};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};

use crate::error::{Code, Failure, Outcome};
use crate::settings;

/// The most files that the folder of a table may contain, so that a listing is bounded.
const MAX_FILES: usize = 10_000;
/// The deepest nesting of folders.
const MAX_DEPTH: usize = 8;

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The stamp of a regular file; `None` for a folder, whose files may change unseen, and for what cannot be opened.
pub(crate) fn stamp(path: &[u8]) -> Option<Stamp> {
    let meta = root().ok()?.metadata(allowed(path).ok()?).ok().filter(Metadata::is_file)?;
    Some(Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        bytes: meta.size(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

/// A path that names something below the folder.
fn allowed(path: &[u8]) -> Outcome<&str> {
    let path = std::str::from_utf8(path).map_err(|_| Failure::new(Code::BadFile, "a path must be UTF-8"))?;
    // `..` inside the folder would be safe, but no client needs it, so it is refused.
    if path.is_empty() || path.contains('\0') || path.split('/').any(|part| part == "..") || path.starts_with('/') {
        return Err(outside());
    }
    Ok(path)
}

/// Opens a file or a folder for reading.
pub(crate) fn open(path: &[u8]) -> Outcome<Input<'static>> {
    let root = root()?;
    let path = allowed(path)?;
    let meta = root.metadata(path).map_err(refused)?;
    if meta.is_dir() {
        let dir = root.open_dir(path).map_err(refused)?;
        return Ok(Input::Folder(Box::new(DataFolder { dir })));
    }
    Ok(Input::File(open_file(&root, path).map_err(refused)?))
}

/// Reads a whole file of at most `most` bytes.
pub(crate) fn read(path: &[u8], most: u64) -> Outcome<Vec<u8>> {
    match open(path)? {
        Input::File(file) => {
            let mut bytes = Vec::new();
            let mut bounded = io::Read::take(file, most + 1);
            io::Read::read_to_end(&mut bounded, &mut bytes).map_err(refused)?;
            if bytes.len() as u64 > most {
                return Err(Failure::new(Code::TooBig, "the file is over assess.max-payload"));
            }
            Ok(bytes)
        }
        Input::Folder(_) | Input::Bytes(_) => Err(Failure::new(Code::BadFile, "the path is a folder, not a file")),
    }
}

fn root() -> Outcome<Dir> {
    let path = settings::data_dir();
    if path.is_empty() {
        return Err(Failure::err("reading files is off: set assess.data-dir"));
    }
    Dir::open_ambient_dir(path, ambient_authority())
        .map_err(|_| Failure::new(Code::BadFile, "assess.data-dir cannot be opened"))
}

/// Opens a regular file. Opens it non-blocking, because the opening of a pipe may block without limit.
fn open_file(dir: &Dir, path: &str) -> io::Result<File> {
    let file = dir.open_with(path, OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK))?;
    if file.metadata()?.is_file() { Ok(file.into_std()) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

fn outside() -> Failure {
    Failure::new(Code::BadFile, "the path must be relative to assess.data-dir and stay below it")
}

fn refused(error: io::Error) -> Failure {
    let text = match error.kind() {
        io::ErrorKind::NotFound => "no such file below assess.data-dir",
        // cap-std returns this kind also for a path that leads out of the folder.
        io::ErrorKind::PermissionDenied => "the path leads out of assess.data-dir, or may not be read",
        io::ErrorKind::InvalidInput => "not a regular file",
        _ => "the file cannot be read",
    };
    Failure::new(Code::BadFile, text)
}

/// The folder of a table.
struct DataFolder {
    dir: Dir,
}

impl Folder for DataFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        list(&self.dir, "", 0, &mut names)?;
        names.sort();
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        open_file(&self.dir, name)
    }
}

fn list(dir: &Dir, prefix: &str, depth: usize, names: &mut Vec<String>) -> io::Result<()> {
    for entry in dir.entries()? {
        let entry = entry?;
        // The files of a table have UTF-8 names.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < MAX_DEPTH {
            list(&entry.open_dir()?, &format!("{path}/"), depth + 1, names)?;
        } else if !kind.is_dir() {
            names.push(path);
        }
        if names.len() > MAX_FILES {
            return Err(io::Error::other("too many files"));
        }
    }
    Ok(())
}
