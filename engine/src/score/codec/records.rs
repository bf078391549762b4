//! Records, and the frames that hold them.

use super::FRAME;
use crate::{Error, Result};

/// Collects records into frames.
#[derive(Debug, Default)]
pub(in crate::score) struct Records {
    pub(super) frames: Vec<Box<[u8]>>,
    pub(super) open: Vec<u8>,
    pub(super) count: u32,
}

impl Records {
    /// Appends a record of at most 60 KiB.
    pub(in crate::score) fn push(&mut self, record: &[u8]) {
        if self.open.len() + 2 + record.len() > FRAME {
            self.frames.push(std::mem::take(&mut self.open).into());
        }
        let length = u16::try_from(record.len()).expect("records are shorter than 60 KiB");
        self.open.extend_from_slice(&length.to_le_bytes());
        self.open.extend_from_slice(record);
        self.count += 1;
    }
}

/// Appends a text of less than 64 KiB.
pub(in crate::score) fn put_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The records of a frame after the first.
pub(in crate::score) fn records_of(frame: &[u8]) -> impl Iterator<Item = Result<&[u8]>> {
    let mut rest = frame;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let split = rest
            .split_first_chunk()
            .and_then(|(&length, after)| after.split_at_checked(usize::from(u16::from_le_bytes(length))));
        let (record, after) = split.unwrap_or_default();
        rest = after;
        Some(split.map(|_| record).ok_or(Error::Corrupt("a record is cut")))
    })
}

/// A frame that holds one record.
pub(in crate::score) fn alone(record: &[u8]) -> Vec<u8> {
    let length = u16::try_from(record.len()).expect("records are shorter than 60 KiB");
    [&length.to_le_bytes()[..], record].concat()
}

/// The bytes of a record that are not yet read.
pub(in crate::score) struct Reader<'a>(pub(in crate::score) &'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Corrupt("a record is too short"))?;
        self.0 = rest;
        Ok(*bytes)
    }

    pub(in crate::score) fn byte(&mut self) -> Result<u8> {
        let [byte] = self.take()?;
        Ok(byte)
    }

    pub(in crate::score) fn count(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(in crate::score) fn number(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.take()?))
    }

    pub(in crate::score) fn coded<T: Copy>(&mut self, all: &[T]) -> Result<T> {
        let [code] = self.take()?;
        all.get(usize::from(code)).copied().ok_or(Error::Corrupt("an option is unknown"))
    }

    pub(in crate::score) fn text(&mut self) -> Result<&'a str> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let (text, rest) = self.0.split_at_checked(length).ok_or(Error::Corrupt("a text is too short"))?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Error::Corrupt("a text is not UTF-8"))
    }

    pub(in crate::score) fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Corrupt("a record is too long")) }
    }
}
