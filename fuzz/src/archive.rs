//! Archives that are made of named files.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The piece that names a member or a folder, as the option `MEMBER`, instead of a file.
pub const MEMBER: &[u8] = b"MEMBER";

/// An archive of files without compression, so that a change of the input is a change of a file; and the member that
/// the input chooses. Names and contents alternate, with a zero byte between them. `None` if two files have one name.
pub fn of(bytes: &[u8]) -> Option<(Vec<u8>, Option<Box<str>>)> {
    let pieces: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    let (mut archive, mut member) = (ZipWriter::new(Cursor::new(Vec::new())), None);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for piece in pieces.chunks(2) {
        let &[name, content] = piece else { break };
        if name == MEMBER {
            member = Some(String::from_utf8_lossy(content).into());
            continue;
        }
        archive.start_file(String::from_utf8_lossy(name), options).ok()?;
        archive.write_all(content).ok()?;
    }
    Some((archive.finish().ok()?.into_inner(), member))
}

/// The input of an archive of these files.
pub fn joined<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    files.into_iter().flat_map(|(name, content)| [name.as_bytes(), content]).collect::<Vec<_>>().join(&0)
}
