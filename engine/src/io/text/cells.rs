//! The cells of a line.

use std::borrow::Cow;

use memchr::memchr;

use super::dialect::Dialect;
use super::lines::Line;
use super::number::{finite, is_number, lenient, short_decimal};
use crate::io::labels::MAX_NAME;
use crate::{Error, Place, Result};

/// The meaning of an empty cell among numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) enum Blank {
    /// The number 0.
    Zero,
    /// An error.
    Refused,
    /// NaN, like any number that is not finite.
    NotANumber,
}

/// The cells of one line, read from left to right. Quotes around a cell are removed; a doubled quote inside stands for
/// one quote.
pub(in crate::io) struct Cells<'a> {
    /// The unread part of the line; `None` after the last cell, because an empty rest is one more (empty) cell.
    rest: Option<&'a [u8]>,
    dialect: Dialect,
    place: Place,
}

impl<'a> Cells<'a> {
    /// The cells of a line.
    pub(in crate::io) fn new(line: Line<'a>) -> Self {
        Self { rest: Some(line.bytes), dialect: line.dialect, place: line.place }
    }

    /// The place of the cell that was read last.
    pub(in crate::io) fn place(&self) -> Place {
        self.place
    }

    /// Whether there are no more cells.
    pub(in crate::io) fn at_end(&self) -> bool {
        self.rest.is_none()
    }

    /// Whether all remaining cells are empty.
    pub(in crate::io) fn all_empty(&self) -> bool {
        self.rest
            .is_none_or(|rest| rest.iter().all(|&byte| byte == self.dialect.separator || matches!(byte, b' ' | b'\r')))
    }

    /// The next cell unchanged; `None` after the last.
    #[inline]
    pub(in crate::io) fn raw(&mut self) -> Result<Option<Cow<'a, [u8]>>> {
        let Some(rest) = self.rest else { return Ok(None) };
        self.place.column += 1;
        if rest.first() == Some(&b'"') {
            return self.quoted(&rest[1..]).map(Some);
        }
        let end = memchr(self.dialect.separator, rest);
        self.rest = end.map(|end| &rest[end + 1..]);
        Ok(Some(Cow::Borrowed(&rest[..end.unwrap_or(rest.len())])))
    }

    fn quoted(&mut self, mut rest: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        let mut text = Cow::Borrowed(&rest[..0]);
        loop {
            let Some(quote) = memchr(b'"', rest) else {
                return Err(Error::bad("a quote is not closed", self.place));
            };
            if text.is_empty() {
                text = Cow::Borrowed(&rest[..quote]);
            } else {
                text.to_mut().extend_from_slice(&rest[..quote]);
            }
            rest = &rest[quote + 1..];
            match rest.first() {
                None => self.rest = None,
                Some(&byte) if byte == self.dialect.separator => self.rest = Some(&rest[1..]),
                Some(b'"') => {
                    text.to_mut().push(b'"');
                    rest = &rest[1..];
                    continue;
                }
                Some(_) => return Err(Error::bad("text follows a closing quote", self.place)),
            }
            return Ok(text);
        }
    }

    /// The next cell as a label: UTF-8 without control characters, at most 2 x [`MAX_NAME`] + 1 bytes (the label of a
    /// node joins two names), without blanks around it. A line end inside quotes becomes a blank. May be empty. `None`
    /// after the last cell.
    pub(in crate::io) fn label(&mut self) -> Result<Option<Cow<'a, str>>> {
        let Some(raw) = self.raw()? else { return Ok(None) };
        if raw.len() > 2 * MAX_NAME + 1 {
            return Err(Error::bad("the label is too long", self.place));
        }
        let text = match raw {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
        };
        match text {
            None => Err(Error::bad("the label is not UTF-8", self.place)),
            Some(text) => {
                let text = trimmed(text);
                match text.bytes().any(|byte| byte.is_ascii_control()) {
                    true => Err(Error::bad("the label holds a control character", self.place)),
                    false => Ok(Some(text)),
                }
            }
        }
    }

    /// The next cell as the name of a region or a sector: a label of 1 to [`MAX_NAME`] bytes.
    pub(in crate::io) fn name(&mut self) -> Result<Cow<'a, str>> {
        match self.name_or_empty()? {
            name if name.is_empty() => Err(Error::bad("the label is empty", self.place)),
            name => Ok(name),
        }
    }

    /// The next cell as a label of at most [`MAX_NAME`] bytes.
    pub(in crate::io) fn name_or_empty(&mut self) -> Result<Cow<'a, str>> {
        match self.label()?.ok_or_else(|| self.missing())? {
            name if name.len() > MAX_NAME => Err(Error::bad("the label is longer than 512 bytes", self.place)),
            name => Ok(name),
        }
    }

    /// The next cell as a finite number.
    #[inline]
    pub(in crate::io) fn number(&mut self, blank: Blank) -> Result<f64> {
        let Some(rest) = self.rest else { return Err(self.missing()) };
        if let Some((value, used)) = short_decimal(rest, self.dialect) {
            self.place.column += 1;
            self.rest = rest.get(used + 1..);
            return Ok(value);
        }
        self.other_number(blank)
    }

    #[inline(never)]
    fn other_number(&mut self, blank: Blank) -> Result<f64> {
        let text = self.raw()?.ok_or_else(|| self.missing())?;
        let text = text.trim_ascii();
        let plain = if self.dialect.decimal == b'.' { finite(text) } else { None };
        match (plain, blank) {
            (Some(value), _) => Ok(value),
            (None, Blank::Zero) if text.is_empty() => Ok(0.0),
            (None, Blank::NotANumber) if text.is_empty() || is_number(text) && finite(text).is_none() => Ok(f64::NAN),
            (None, _) if text.is_empty() => {
                Err(Error::bad("a number is missing: write 0 where there is none", self.place))
            }
            (None, _) => lenient(text, self.dialect).map_err(|what| Error::bad(what, self.place)),
        }
    }

    /// Reads all remaining cells as finite numbers; there must be exactly as many as `out` holds.
    pub(in crate::io) fn numbers(&mut self, blank: Blank, out: &mut [f64]) -> Result<()> {
        for slot in out.iter_mut() {
            *slot = self.number(blank)?;
        }
        self.end()
    }

    /// Fails unless the line has no more cells.
    pub(in crate::io) fn end(&self) -> Result<()> {
        match self.rest {
            None => Ok(()),
            Some(_) => Err(Error::bad("the row has more cells than the header", self.next_place())),
        }
    }

    /// The error for a line with too few cells.
    pub(in crate::io) fn missing(&self) -> Error {
        Error::bad("the row has fewer cells than the header", self.next_place())
    }

    fn next_place(&self) -> Place {
        Place { column: self.place.column + 1, ..self.place }
    }
}

/// A label without blanks around it, with line ends replaced by blanks.
fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        text if text.contains(['\n', '\r']) => Cow::Owned(
            text.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        ),
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Cells<'_> {
        let place = Place { line: 1, ..Place::default() };
        Cells::new(Line { bytes: text.as_bytes(), place, dialect: Dialect::COMMAS })
    }

    #[test]
    fn quotes_are_not_part_of_a_cell() {
        let mut cells = cells("\"a,b\",\"say \"\"hi\"\"\",,\"\",\"\"\"\",end");
        for expected in ["a,b", "say \"hi\"", "", "", "\"", "end"] {
            assert_eq!(cells.label().unwrap().unwrap(), expected);
        }
        assert_eq!(cells.label().unwrap(), None);
    }

    #[test]
    fn errors_name_their_column() {
        let cases = [
            ("a,\"b", "a quote is not closed (line 1, column 2)"),
            ("a,\"b\"c", "text follows a closing quote (line 1, column 2)"),
            ("a,b\u{7}", "the label holds a control character (line 1, column 2)"),
        ];
        for (text, expected) in cases {
            let mut cells = cells(text);
            cells.label().unwrap();
            assert_eq!(cells.label().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_row_must_have_the_requested_count_of_numbers() {
        let read = |text: &str, blank| {
            let mut out = [f64::NAN; 3];
            cells(text).numbers(blank, &mut out).map(|()| out).map_err(|error| error.to_string())
        };
        assert_eq!(read("1,,\"-2e1\"", Blank::Zero), Ok([1.0, 0.0, -20.0]));
        assert_eq!(
            read("1,2,3,", Blank::Zero),
            Err("the row has more cells than the header (line 1, column 4)".into())
        );
        assert_eq!(read("1,2", Blank::Zero), Err("the row has fewer cells than the header (line 1, column 3)".into()));
        assert_eq!(
            read("1,,3", Blank::Refused),
            Err("a number is missing: write 0 where there is none (line 1, column 2)".into())
        );
        assert_eq!(
            read("1,2,NaN", Blank::Zero),
            Err("the value is marked as missing: write 0 where there is none (line 1, column 3)".into())
        );
    }
}
