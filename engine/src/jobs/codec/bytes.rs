//! Numbers and texts as bytes.

use crate::{Error, Result};

/// The error for bytes that are not a sequence of changes.
pub(super) const CORRUPT: Error = Error::Corrupt("this is no change of a queue");

/// Appends a number.
pub(super) fn number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a text.
pub(super) fn text(text: &[u8], out: &mut Vec<u8>) {
    number(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// Appends a value that may be absent.
pub(super) fn optional<T>(value: Option<T>, out: &mut Vec<u8>, append: impl FnOnce(T, &mut Vec<u8>)) {
    out.push(value.is_some().into());
    if let Some(value) = value {
        append(value, out);
    }
}

/// Reads what the functions of this file append.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Result<u8> {
        let (&byte, rest) = self.0.split_first().ok_or(CORRUPT)?;
        self.0 = rest;
        Ok(byte)
    }

    pub(super) fn number(&mut self) -> Result<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                return Err(CORRUPT);
            }
            number |= part << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(CORRUPT)
    }

    pub(super) fn small(&mut self) -> Result<u32> {
        self.number()?.try_into().map_err(|_| CORRUPT)
    }

    /// A text; at most as long as the rest of the bytes, so nothing is allocated for a length that lies.
    pub(super) fn text(&mut self) -> Result<Box<[u8]>> {
        let length = usize::try_from(self.number()?).map_err(|_| CORRUPT)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(CORRUPT)?;
        self.0 = rest;
        Ok(text.into())
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CORRUPT),
        }
    }

    pub(super) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    /// The item of a table whose place is the next byte.
    pub(super) fn of<T: Copy>(&mut self, table: &[T]) -> Result<T> {
        table.get(usize::from(self.byte()?)).copied().ok_or(CORRUPT)
    }
}
