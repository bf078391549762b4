//! Lines of a text, read from a stream of any length with memory for one line.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use memchr::memchr;

use crate::{Error, Place, Progress, Result};

/// The longest line, in bytes: a row of [`crate::io::labels::MAX_NODES`] numbers with room to spare.
const MAX_LINE: usize = 16 << 20;

/// How much is read at once: large enough to be fast, small enough that a cancellation is heard within a millisecond.
const CHUNK: usize = 256 << 10;

/// A stream cut into lines. A byte order mark before the first and carriage returns before line ends are dropped.
pub(in crate::io) struct Lines<'a> {
    input: Box<dyn Read + 'a>,
    file: &'static str,
    progress: &'a Progress,
    /// How many more bytes may come: an archive may expand, but not without bound.
    allowance: u64,
    limit: u64,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    number: u64,
    ended: bool,
}

/// One line, without its end.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Line<'a> {
    /// The bytes.
    pub(in crate::io) bytes: &'a [u8],
    /// Where the line is; no column.
    pub(in crate::io) place: Place,
}

impl<'a> Lines<'a> {
    /// The lines of a stream of at most `limit` bytes. `file` is the role that errors name.
    pub(in crate::io) fn new(
        input: Box<dyn Read + 'a>,
        limit: u64,
        file: &'static str,
        progress: &'a Progress,
    ) -> Self {
        let (buffer, start, end) = (Vec::new(), 0, 0);
        Self { input, file, progress, allowance: limit, limit, buffer, start, end, number: 0, ended: false }
    }

    /// The lines of bytes in memory.
    pub(in crate::io) fn of_bytes(bytes: &'a [u8], progress: &'a Progress) -> Self {
        Self::new(Box::new(bytes), u64::MAX, "", progress)
    }

    /// The next line, `None` after the last. The last line may lack its end.
    pub(in crate::io) fn next(&mut self) -> Result<Option<Line<'_>>> {
        let mut scanned = self.start;
        let (from, to) = loop {
            if let Some(at) = memchr(b'\n', &self.buffer[scanned..self.end]) {
                let from = self.start;
                self.start = scanned + at + 1;
                break (from, scanned + at);
            }
            if self.ended {
                if self.start == self.end {
                    return Ok(None);
                }
                let from = self.start;
                self.start = self.end;
                break (from, self.end);
            }
            let pending = self.end - self.start;
            self.read_more()?;
            scanned = self.start + pending;
        };
        self.number += 1;
        let mut bytes = &self.buffer[from..to];
        if self.number == 1 {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Ok(Some(Line { bytes, place: Place { file: self.file, line: self.number, column: 0 } }))
    }

    /// The place after the last line that was given.
    pub(in crate::io) fn place_after(&self) -> Place {
        Place { file: self.file, line: self.number + 1, column: 0 }
    }

    /// The place of the input as a whole.
    pub(in crate::io) fn place(&self) -> Place {
        Place { file: self.file, line: 0, column: 0 }
    }

    fn read_more(&mut self) -> Result<()> {
        self.progress.check()?;
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end > MAX_LINE {
            return Err(Error::bad("the line is longer than 16 MiB", self.place_after()));
        }
        if self.buffer.len() < self.end + CHUNK {
            self.buffer.resize((2 * self.end).max(CHUNK) + CHUNK, 0);
        }
        let room = &mut self.buffer[self.end..self.end + CHUNK];
        let read = loop {
            match self.input.read(room) {
                Ok(read) => break read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::bad(unreadable(error.kind()), self.place_after())),
            }
        };
        if read as u64 > self.allowance {
            return Err(Error::TooBig { what: "the expanded size in bytes", limit: self.limit });
        }
        self.allowance -= read as u64;
        self.end += read;
        self.ended = read == 0;
        Ok(())
    }
}

/// What to say of a stream that fails. Texts of the system are left out: they may hold names.
pub(in crate::io) fn unreadable(kind: ErrorKind) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        ErrorKind::UnexpectedEof => "the compressed data are cut short",
        ErrorKind::InvalidData | ErrorKind::InvalidInput => "the compressed data are damaged",
        ErrorKind::NotFound => "the file is gone",
        ErrorKind::PermissionDenied => "the file may not be read",
        _ => "the file cannot be read",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<String> {
        let progress = Progress::default();
        let mut lines = Lines::of_bytes(bytes, &progress);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(String::from_utf8(line.bytes.to_vec()).unwrap());
        }
        found
    }

    #[test]
    fn ends_marks_and_a_missing_last_end_are_tolerated() {
        assert_eq!(all(b"\xef\xbb\xbfa\r\nb\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(all(b""), [""; 0]);
        assert_eq!(all(b"a\n"), ["a"]);
    }

    #[test]
    fn lines_longer_than_a_chunk_are_whole() {
        let long = "x".repeat(3 * CHUNK + 7);
        let text = format!("{long}\nshort\n{long}");
        assert_eq!(all(text.as_bytes()), [long.as_str(), "short", long.as_str()]);
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let progress = Progress::default();
        let mut lines = Lines::new(Box::new(std::io::repeat(b'x')), u64::MAX, "", &progress);
        let error = lines.next().unwrap_err();
        assert_eq!(error.to_string(), "the line is longer than 16 MiB (line 1)");
    }

    #[test]
    fn a_stream_beyond_its_allowance_is_refused() {
        let progress = Progress::default();
        let mut lines = Lines::new(Box::new(std::io::repeat(b'\n')), 1 << 20, "", &progress);
        let error = loop {
            if let Err(error) = lines.next() {
                break error;
            }
        };
        assert_eq!(error, Error::TooBig { what: "the expanded size in bytes", limit: 1 << 20 });
    }

    #[test]
    fn cancellation_is_heard() {
        let progress = Progress::default();
        progress.cancel();
        assert_eq!(Lines::of_bytes(b"a", &progress).next().unwrap_err(), Error::Cancelled);
    }
}
