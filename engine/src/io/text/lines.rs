//! The lines of a text, read from a stream of any length with memory for one line. Line ends inside quotes do not end a
//! line.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind, Read};

use memchr::memchr;

use super::dialect::{Dialect, Quotes};
use super::encoding::{self, Encoding};
use crate::{Error, Place, Progress, Result};

/// The maximum length of a line in bytes; enough for a row of [`crate::io::labels::MAX_NODES`] numbers.
const MAX_LINE: usize = 16 << 20;

/// The length of the beginning of a text from which its encoding is detected, in bytes.
const HEAD: u64 = 64 << 10;

/// The number of bytes per read: large enough to be fast, small enough that a cancellation takes effect within a
/// millisecond.
const CHUNK: usize = 256 << 10;

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A stream divided into lines. A byte order mark at the beginning and carriage returns before line ends are removed.
pub(in crate::io) struct Lines<'a> {
    input: Box<dyn Read + 'a>,
    file: &'static str,
    progress: &'a Progress,
    /// The number of bytes that may still be read: an archive may expand, but only up to a limit.
    allowance: u64,
    limit: u64,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The number of lines returned.
    number: u64,
    ended: bool,
    dialect: Dialect,
    encoding: Encoding,
}

/// One line, without its end.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Line<'a> {
    /// The bytes.
    pub(in crate::io) bytes: &'a [u8],
    /// The place of the line, without a column.
    pub(in crate::io) place: Place,
    /// The dialect in which its cells are written.
    pub(in crate::io) dialect: Dialect,
}

impl<'a> Lines<'a> {
    /// The lines of a stream of at most `limit` bytes. `file` is the name of the file in error messages.
    fn new(input: Box<dyn Read + 'a>, limit: u64, file: &'static str, progress: &'a Progress) -> Self {
        let (buffer, start, end, dialect) = (Vec::new(), 0, 0, Dialect::COMMAS);
        Self {
            input,
            file,
            progress,
            allowance: limit,
            limit,
            buffer,
            start,
            end,
            number: 0,
            ended: false,
            dialect,
            encoding: Encoding::Utf8,
        }
    }

    /// The lines of a text whose encoding and dialect are detected from its beginning.
    pub(in crate::io) fn of_text(
        mut stream: Box<dyn Read + 'a>,
        limit: u64,
        file: &'static str,
        progress: &'a Progress,
    ) -> Result<Self> {
        let mut head = Vec::new();
        let at_start = Place { file, line: 1, ..Place::default() };
        let read = stream.by_ref().take(HEAD).read_to_end(&mut head);
        read.map_err(|error| broken(&error, at_start, progress))?;
        let encoding = encoding::of(&head);
        let stream = encoding::decoded(encoding, Box::new(Cursor::new(head).chain(stream)));
        Self { encoding, ..Self::new(stream, limit, file, progress) }.with_detected_dialect()
    }

    /// The lines of bytes in memory.
    pub(in crate::io) fn of_bytes(bytes: &'a [u8], progress: &'a Progress) -> Result<Self> {
        Self::of_text(Box::new(bytes), u64::MAX, "", progress)
    }

    /// The encoding of the source.
    pub(in crate::io) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Detects the dialect from the first lines.
    fn with_detected_dialect(mut self) -> Result<Self> {
        while !self.ended && self.end - self.start < CHUNK {
            self.read_more()?;
        }
        self.dialect = Dialect::of(&self.buffer[self.start..self.end], self.ended);
        Ok(self)
    }

    /// The next line; `None` after the last. The last line may have no line end.
    pub(in crate::io) fn next(&mut self) -> Result<Option<Line<'_>>> {
        let Some(mut to) = self.line_end(0)? else { return Ok(None) };
        let first = self.number;
        self.number += 1;
        // Labels may contain line ends. Rows of numbers have no quotes, so one search for a quote suffices.
        let mut quotes = Quotes::Start;
        let mut seen =
            if first == 0 && self.buffer[self.start..self.start + to].starts_with(MARK) { MARK.len() } else { 0 };
        loop {
            let piece = &self.buffer[self.start + seen..self.start + to];
            if quotes == Quotes::Start && memchr(b'"', piece).is_none() {
                break;
            }
            quotes = quotes.after(piece, self.dialect.separator);
            if quotes != Quotes::Open {
                break;
            }
            seen = to;
            let place = Place { file: self.file, line: first + 1, column: 0 };
            let more = match self.buffer.get(self.start + to) {
                Some(b'\n') if self.start + to < self.end => self.line_end(to + 1)?,
                _ => None,
            };
            to = more.ok_or_else(|| Error::bad("a quote is not closed", place))?;
            self.number += 1;
        }
        let from = self.start;
        self.start = self.end.min(from + to + 1);
        let mut bytes = &self.buffer[from..from + to];
        if first == 0 {
            bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
        }
        bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let place = Place { file: self.file, line: first + 1, column: 0 };
        Ok(Some(Line { bytes, place, dialect: self.dialect }))
    }

    /// Whether the next line has only separators and blanks; `None` after the last line.
    pub(in crate::io) fn peek_is_blank(&mut self) -> Result<Option<bool>> {
        let separator = self.dialect.separator;
        let Some(to) = self.line_end(0)? else { return Ok(None) };
        let line = &self.buffer[self.start..self.start + to];
        Ok(Some(line.iter().all(|&byte| byte == separator || matches!(byte, b' ' | b'\r'))))
    }

    /// The position, relative to `start`, of the first line end at or after `from`; `None` if there is no more input.
    fn line_end(&mut self, from: usize) -> Result<Option<usize>> {
        let mut scanned = from;
        loop {
            if let Some(at) = memchr(b'\n', &self.buffer[self.start + scanned..self.end]) {
                return Ok(Some(scanned + at));
            }
            scanned = self.end - self.start;
            if self.ended {
                return Ok((scanned > from).then_some(scanned));
            }
            self.read_more()?;
        }
    }

    /// The place after the last line returned.
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
                Err(error) => return Err(broken(&error, self.place_after(), self.progress)),
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

/// The error for a failed read. A decompressing stream may fail because the operation was cancelled.
pub(in crate::io) fn broken(error: &std::io::Error, place: Place, progress: &Progress) -> Error {
    progress.check().err().unwrap_or_else(|| Error::bad(unreadable(error.kind()), place))
}

/// The message for a failed read. Messages of the system are left out, because they may contain file names.
pub(in crate::io) fn unreadable(kind: ErrorKind) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        ErrorKind::UnexpectedEof => "the compressed data are cut short",
        ErrorKind::Unsupported => {
            "after the end of the compressed data there are other bytes, which are not compressed"
        }
        ErrorKind::InvalidData | ErrorKind::InvalidInput => "the compressed data are damaged",
        ErrorKind::NotFound => "the file no longer exists",
        ErrorKind::PermissionDenied => "the file may not be read",
        _ => "the file cannot be read",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<String> {
        let progress = Progress::default();
        let mut lines = Lines::of_bytes(bytes, &progress).unwrap();
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(String::from_utf8(line.bytes.to_vec()).unwrap());
        }
        found
    }

    #[test]
    fn carriage_returns_byte_order_marks_and_a_missing_last_line_end_are_accepted() {
        assert_eq!(all(b"\xef\xbb\xbfa\r\nb\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(all(b""), [""; 0]);
        assert_eq!(all(b"a\n"), ["a"]);
    }

    #[test]
    fn a_label_of_the_first_line_may_contain_line_ends_after_a_byte_order_mark() {
        assert_eq!(all(b"\xef\xbb\xbf\"a\nb\",c\nd\n"), ["\"a\nb\",c", "d"]);
    }

    /// Scanning the whole line again at each of its line ends would take hours here.
    #[test]
    fn a_quote_that_is_never_closed_is_found_in_one_pass() {
        let progress = Progress::default();
        let text = format!("\"{}", "a\n".repeat(MAX_LINE / 4));
        let mut lines = Lines::of_bytes(text.as_bytes(), &progress).unwrap();
        assert_eq!(lines.next().unwrap_err().to_string(), "a quote is not closed (line 1)");
        let text = format!("\"{}", "a\n".repeat(MAX_LINE));
        let mut lines = Lines::of_bytes(text.as_bytes(), &progress).unwrap();
        assert!(lines.next().unwrap_err().to_string().starts_with("the line is longer than 16 MiB"));
    }

    #[test]
    fn lines_longer_than_a_chunk_are_returned_whole() {
        let long = "x".repeat(3 * CHUNK + 7);
        let text = format!("{long}\nshort\n{long}");
        assert_eq!(all(text.as_bytes()), [long.as_str(), "short", long.as_str()]);
    }

    #[test]
    fn a_line_without_end_is_rejected_before_it_fills_the_memory() {
        let progress = Progress::default();
        let mut lines = Lines::new(Box::new(std::io::repeat(b'x')), u64::MAX, "", &progress);
        let error = lines.next().unwrap_err();
        assert_eq!(error.to_string(), "the line is longer than 16 MiB (line 1)");
    }

    #[test]
    fn a_stream_longer_than_its_limit_is_rejected() {
        let progress = Progress::default();
        let mut lines = Lines::new(Box::new(std::io::repeat(b'\n')), 1 << 20, "", &progress);
        let error = loop {
            if let Err(error) = lines.next() {
                break error;
            }
        };
        assert_eq!(error, Error::TooBig { what: "the expanded size in bytes", limit: 1 << 20 });
    }

    /// Fails as a decompressing stream does if the operation was cancelled.
    struct Stopped<'p>(&'p Progress);

    impl Read for Stopped<'_> {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            self.0.cancel();
            Err(std::io::Error::other(Error::Cancelled))
        }
    }

    #[test]
    fn a_stream_that_fails_on_cancellation_is_not_reported_as_unreadable() {
        let progress = Progress::default();
        let read = Lines::of_text(Box::new(Stopped(&progress)), u64::MAX, "", &progress);
        assert_eq!(read.err(), Some(Error::Cancelled));
        let progress = Progress::default();
        let mut lines = Lines::new(Box::new(Stopped(&progress)), u64::MAX, "", &progress);
        assert_eq!(lines.next().err(), Some(Error::Cancelled));
    }

    #[test]
    fn cancellation_is_reported() {
        let progress = Progress::default();
        progress.cancel();
        assert_eq!(Lines::of_bytes(b"a", &progress).err(), Some(Error::Cancelled));
    }
}
