//! The source of bytes: memory, a file, or the members of an archive or a folder, each optionally compressed by gzip or
//! zstd. Every part can be read again from its beginning.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};

use zip::ZipArchive;

use super::gzip::Gzip;
use super::zstd::Zstd;
use super::{Folder, Input, Job};
use crate::io::text::{Lines, broken, unreadable};
use crate::{Error, Place, Progress, Result};

/// The maximum number of members of an archive or a folder.
const MAX_PARTS: usize = 10_000;

/// The limit on the expanded size of an input is [`EXPANSION`] times its size plus `EXPANDED_FREE`, and at most
/// `EXPANDED_MAX`. Compressed tables have a fifth to a twentieth of their size; deflate reaches a thousandth for input
/// that is all zeros.
const EXPANDED_FREE: u64 = 1 << 30;
const EXPANDED_MAX: u64 = 64 << 30;
const EXPANSION: u64 = 200;

/// The message for a file that has changed when it is read again.
pub(super) const CHANGED: &str = "the file changed while it was read";

/// The number of bytes read between two checks for cancellation.
const PIECE: u64 = 1 << 20;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const ZIPS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Seekable bytes.
enum Raw<'a> {
    Bytes(Cursor<&'a [u8]>),
    File(File),
}

impl Read for Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bytes(bytes) => bytes.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

impl Seek for Raw<'_> {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => bytes.seek(position),
            Self::File(file) => file.seek(position),
        }
    }
}

enum Store<'a> {
    One(Raw<'a>),
    Archive(ZipArchive<io::BufReader<Raw<'a>>>),
    Folder(Box<dyn Folder + 'a>),
}

/// An input as a set of parts.
pub(super) struct Package<'a> {
    store: Store<'a>,
    /// Names of the parts; `""` for the only part of a plain file.
    names: Vec<String>,
    /// The maximum expanded size of a part, in bytes.
    limit: u64,
}

impl<'a> Package<'a> {
    /// Opens an input. A folder with a single file is treated as that file.
    pub(super) fn open(input: Input<'a>) -> Result<Self> {
        match input {
            Input::Bytes(bytes) => Self::single(Raw::Bytes(Cursor::new(bytes))),
            Input::File(file) => Self::single(Raw::File(file)),
            Input::Folder(folder) => {
                let mut names = folder.names().map_err(failed)?;
                too_many(names.len())?;
                names.sort();
                if let [name] = names.as_slice() {
                    return Self::single(Raw::File(folder.open(name).map_err(failed)?));
                }
                Ok(Self { store: Store::Folder(folder), names, limit: EXPANDED_MAX })
            }
        }
    }

    fn single(mut raw: Raw<'a>) -> Result<Self> {
        let size = raw.seek(io::SeekFrom::End(0)).map_err(failed)?;
        let limit = EXPANDED_FREE.saturating_add(size.saturating_mul(EXPANSION)).min(EXPANDED_MAX).max(size);
        let magic = peek(&mut raw)?;
        if !ZIPS.contains(&magic.as_slice()) {
            return Ok(Self { store: Store::One(raw), names: vec![String::new()], limit });
        }
        let archive = ZipArchive::new(io::BufReader::new(raw)).map_err(damaged)?;
        too_many(archive.len())?;
        // A member whose name is not text has no role, but it may be a table.
        let name = |i| {
            let name = archive.name_for_index(i).and_then(Result::ok).map(Cow::into_owned).unwrap_or_default();
            // Some Windows programs write backslashes, against the rules of the format.
            name.replace('\\', "/")
        };
        let names = (0..archive.len()).map(name).collect();
        Ok(Self { store: Store::Archive(archive), names, limit })
    }

    /// Names of the parts.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Restricts the package to one member, or to the members of one folder. `member` may lack the folders above it.
    ///
    /// # Errors
    /// [`Error::BadInput`], which lists the members.
    pub(super) fn restrict(&mut self, member: &str) -> Result<()> {
        let folder = format!("{}/", member.trim_end_matches('/'));
        let is_it = |name: &str| name == member || name.starts_with(&folder);
        let inside = |name: &str| name.ends_with(&format!("/{member}"));
        let exact = self.names.iter().any(|name| is_it(name));
        let wanted = |name: &str| if exact { is_it(name) } else { inside(name) };
        if !self.names.iter().any(|name| wanted(name)) {
            let names = self.names.iter().map(|name| &**name).filter(|name| !super::members::is_metadata(name));
            return Err(Error::bad_whole(format!("no such MEMBER; there are {}", super::members::listed(names))));
        }
        // Parts are identified by their index, so the other parts stay in the list but lose their names.
        self.names.iter_mut().filter(|name| !wanted(name)).for_each(|name| *name = ".".to_owned());
        Ok(())
    }

    /// All bytes of the only part, at most `limit`.
    pub(super) fn whole(&mut self, limit: u64, progress: &Progress) -> Result<Vec<u8>> {
        if self.names.len() != 1 {
            return Err(Error::bad_whole("expected one file, not a folder or an archive of several"));
        }
        let (stream, _) = self.stream(0, "", progress)?;
        let mut stream = stream.take(limit.saturating_add(1));
        let mut bytes = Vec::new();
        loop {
            progress.check()?;
            let before = bytes.len();
            let read = stream.by_ref().take(PIECE).read_to_end(&mut bytes);
            read.map_err(|error| broken(&error, Place::default(), progress))?;
            if bytes.len() as u64 > limit {
                return Err(Error::TooBig { what: "the number of bytes of the file, unpacked,", limit });
            }
            if bytes.len() == before {
                return Ok(bytes);
            }
        }
    }

    /// The lines of a part, from its beginning; the separator is detected from the text. `file` is the name of the file
    /// in error messages.
    pub(super) fn lines<'s>(&'s mut self, part: usize, file: &'static str, job: &Job<'s>) -> Result<Lines<'s>> {
        let (stream, limit) = self.stream(part, file, job.progress)?;
        Lines::of_text(stream, limit, file, job.progress)
    }

    /// A part from its beginning, decompressed, and its maximum expanded size in bytes.
    fn stream<'s>(
        &'s mut self,
        part: usize,
        file: &'static str,
        progress: &'s Progress,
    ) -> Result<(Box<dyn Read + 's>, u64)> {
        let mut limit = self.limit;
        let mut stream: Box<dyn Read + 's> = match &mut self.store {
            Store::One(raw) => {
                raw.rewind().map_err(failed)?;
                Box::new(raw)
            }
            Store::Archive(archive) => Box::new(archive.by_index(part).map_err(damaged)?),
            Store::Folder(folder) => {
                let file = folder.open(&self.names[part]).map_err(failed)?;
                let size = file.metadata().map_err(failed)?.len();
                limit = EXPANDED_FREE.saturating_add(size.saturating_mul(EXPANSION)).min(EXPANDED_MAX).max(size);
                Box::new(file)
            }
        };
        let mut magic = [0; 4];
        let at_start = |error: io::Error| Error::bad(unreadable(error.kind()), Place { file, ..Place::default() });
        let got = fill(&mut stream, &mut magic).map_err(at_start)?;
        let start = &magic[..got];
        let (gzip, zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
        let stream = Cursor::new(magic).take(got as u64).chain(stream);
        let stream: Box<dyn Read + 's> = match (gzip, zstd) {
            (true, _) => Box::new(Gzip::new(stream)),
            (_, true) => Box::new(Zstd::new(stream, progress)),
            _ => Box::new(stream),
        };
        Ok((stream, limit))
    }
}

fn peek(raw: &mut Raw<'_>) -> Result<Vec<u8>> {
    raw.rewind().map_err(failed)?;
    let mut magic = [0; 4];
    let got = fill(raw, &mut magic).map_err(failed)?;
    raw.rewind().map_err(failed)?;
    Ok(magic[..got].to_vec())
}

/// Reads until `buffer` is full or the stream ends.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match stream.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(read) => got += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

fn too_many(parts: usize) -> Result<()> {
    if parts > MAX_PARTS {
        return Err(Error::TooBig { what: "the number of files in the input", limit: MAX_PARTS as u64 });
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err requires")]
fn failed(error: io::Error) -> Error {
    Error::bad_whole(unreadable(error.kind()))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err requires")]
fn damaged(error: zip::result::ZipError) -> Error {
    use zip::result::ZipError;
    Error::bad_whole(match error {
        ZipError::UnsupportedArchive(_) => "the archive uses a method that is not read; use deflate, no password",
        _ => "the archive is damaged or cut short",
    })
}
