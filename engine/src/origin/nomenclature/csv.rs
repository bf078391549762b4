//! Reads the rows of a table by the names of its columns. Its cells are separated by commas, semicolons, tabs or bars.

use memchr::memchr_iter;

use crate::{Error, Place, Progress, Result};

/// Maximum length of a row without quotes and commas, in bytes: a description of 4 KiB and short cells.
const MAX_ROW: usize = 8 << 10;

/// Maximum number of cells of a row.
const MAX_CELLS: usize = 32;

/// Rows between two checks for cancellation.
const STRIDE: u64 = 1024;

/// The separators, in the order in which they are tried.
pub(in crate::origin) const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A file with a header. Cells may be quoted. Empty lines and a byte order mark are skipped.
pub(in crate::origin) struct Table<'a, const N: usize> {
    reader: csv_core::Reader,
    rest: &'a [u8],
    length: usize,
    progress: &'a Progress,
    line: u64,
    rows: u64,
    text: Box<[u8]>,
    ends: [usize; MAX_CELLS],
    /// The indices of the named columns.
    columns: [usize; N],
    /// Whether cells at the end of a row may be absent. They are empty.
    may_be_short: bool,
}

/// A row: its cells in the order of the requested names.
pub(in crate::origin) struct Row<'t, const N: usize> {
    /// The cells: UTF-8 without control characters.
    pub(in crate::origin) cells: [&'t str; N],
    /// The line on which the row begins.
    pub(in crate::origin) line: u64,
    /// The number of all cells, without empty cells at the end.
    pub(in crate::origin) count: usize,
}

impl<'a, const N: usize> Table<'a, N> {
    /// Reads the header, which must contain all of `names`, in any order and case. Other columns are ignored. The
    /// separator is the first with which the header has these columns.
    pub(in crate::origin) fn open(bytes: &'a [u8], names: [&'static str; N], progress: &'a Progress) -> Result<Self> {
        let opened = |separator| Self::separated(bytes, separator, names, progress);
        let [comma, others @ ..] = SEPARATORS;
        opened(comma).or_else(|error| others.into_iter().find_map(|separator| opened(separator).ok()).ok_or(error))
    }

    /// A file whose columns are known. Its first row is the next row.
    pub(in crate::origin) fn of_columns(
        bytes: &'a [u8],
        separator: u8,
        columns: [usize; N],
        progress: &'a Progress,
    ) -> Self {
        let rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        Self {
            reader: csv_core::ReaderBuilder::new().delimiter(separator).build(),
            rest,
            length: rest.len(),
            progress,
            line: 1,
            rows: 0,
            text: vec![0; MAX_ROW].into(),
            ends: [0; MAX_CELLS],
            columns,
            may_be_short: true,
        }
    }

    fn separated(bytes: &'a [u8], separator: u8, names: [&'static str; N], progress: &'a Progress) -> Result<Self> {
        let mut table = Self { may_be_short: false, ..Self::of_columns(bytes, separator, [0; N], progress) };
        let Some((line, cells)) = table.read()? else { return Err(Error::bad_whole("the file is empty")) };
        for (column, name) in names.iter().enumerate() {
            let is_named = |&cell: &usize| table.cell(cell).trim_ascii().eq_ignore_ascii_case(name.as_bytes());
            table.columns[column] = (0..cells).find(is_named).ok_or_else(|| {
                let reason = format!("the header lacks the column {name}; it is {}", names.join(","));
                Error::bad(reason, at(line, 0))
            })?;
        }
        Ok(table)
    }

    /// Passes over a row.
    pub(in crate::origin) fn skip(&mut self) -> Result<()> {
        self.read().map(|_| ())
    }

    /// All cells of the next row, with replacement characters for bytes that are not UTF-8; `None` after the last.
    pub(in crate::origin) fn whole_row(&mut self) -> Result<Option<Vec<String>>> {
        let Some((_, count)) = self.read()? else { return Ok(None) };
        Ok(Some((0..count).map(|cell| String::from_utf8_lossy(self.cell(cell)).trim().to_owned()).collect()))
    }

    /// The next row; `None` after the last.
    pub(in crate::origin) fn next(&mut self) -> Result<Option<Row<'_, N>>> {
        self.rows += 1;
        if self.rows.is_multiple_of(STRIDE) {
            self.progress.step(1.0 - self.rest.len() as f64 / self.length.max(1) as f64)?;
        }
        let Some((line, count)) = self.read()? else { return Ok(None) };
        let mut cells = [""; N];
        for (cell, &column) in cells.iter_mut().zip(&self.columns) {
            let place = at(line, column as u64 + 1);
            if column >= count && self.may_be_short {
                continue;
            }
            if column >= count {
                return Err(Error::bad("the row has fewer cells than the header", place));
            }
            let text = std::str::from_utf8(self.cell(column))
                .map_err(|_| Error::bad("not UTF-8; save the file as UTF-8", place))?;
            if text.bytes().any(|byte| byte.is_ascii_control()) {
                return Err(Error::bad("a control character or a line end; is a quote not closed?", place));
            }
            *cell = text.trim();
        }
        let count = (0..count).rev().find(|&cell| !self.cell(cell).trim_ascii().is_empty()).map_or(0, |last| last + 1);
        Ok(Some(Row { cells, line, count }))
    }

    /// Reads a record into `text` and `ends`. Returns its line and the number of its cells.
    fn read(&mut self) -> Result<Option<(u64, usize)>> {
        // Empty lines are skipped here and not in the reader, so that the line number is that of the beginning of a
        // record.
        while let Some((byte @ (b'\n' | b'\r'), rest)) = self.rest.split_first() {
            self.line += u64::from(*byte == b'\n');
            self.rest = rest;
        }
        let line = self.line;
        let (mut written, mut cells) = (0, 0);
        loop {
            let (result, taken, put, ended) =
                self.reader.read_record(self.rest, &mut self.text[written..], &mut self.ends[cells..]);
            let (record, rest) = self.rest.split_at(taken);
            self.line += memchr_iter(b'\n', record).count() as u64;
            (self.rest, written, cells) = (rest, written + put, cells + ended);
            match result {
                csv_core::ReadRecordResult::Record => return Ok(Some((line, cells))),
                csv_core::ReadRecordResult::End => return Ok(None),
                // The next call has no input left, which tells the reader that the file has ended.
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull => {
                    return Err(Error::bad("the row is longer than 8 KiB; is a quote not closed?", at(line, 0)));
                }
                csv_core::ReadRecordResult::OutputEndsFull => {
                    return Err(Error::bad("the row has more than 32 cells", at(line, 0)));
                }
            }
        }
    }

    fn cell(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }
}

/// A position in a file.
pub(in crate::origin) fn at(line: u64, column: u64) -> Place {
    Place { line, column, ..Place::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(u64, [String; 2])>> {
        let progress = Progress::default();
        let mut table = Table::open(text.as_bytes(), ["a", "b"], &progress)?;
        let mut rows = Vec::new();
        while let Some(row) = table.next()? {
            rows.push((row.line, row.cells.map(str::to_owned)));
        }
        Ok(rows)
    }

    fn row(line: u64, a: &str, b: &str) -> (u64, [String; 2]) {
        (line, [a.to_owned(), b.to_owned()])
    }

    #[test]
    fn columns_are_found_by_name() {
        let text = "\u{feff}B,x,\"a\"\r\n\r\n1,,\"2, \"\"3\"\"\"\r\n4,5,6";
        assert_eq!(read(text).unwrap(), [row(3, "2, \"3\"", "1"), row(4, "6", "4")]);
    }

    #[test]
    fn errors_contain_the_line() {
        let cases = [
            ("", "the file is empty"),
            ("a,c\n", "the header lacks the column b; it is a,b (line 1)"),
            ("a,b\n1,2\n3\n", "the row has fewer cells than the header (line 3, column 2)"),
            ("a,b\n1,\"2\n3,4\n", "a control character or a line end; is a quote not closed? (line 2, column 2)"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err().to_string(), expected);
        }
        let long = format!("a,b\n1,\"{}", "x\n".repeat(9000));
        assert_eq!(
            read(&long).unwrap_err().to_string(),
            "the row is longer than 8 KiB; is a quote not closed? (line 2)"
        );
        let wide = format!("a,b\n{}", ",".repeat(64));
        assert_eq!(read(&wide).unwrap_err().to_string(), "the row has more than 32 cells (line 2)");
        assert!(Table::open(b"a,b\n1,\xff\n", ["a", "b"], &Progress::default()).unwrap().next().is_err());
    }
}
