//! The byte form of a nomenclature: records of at most 60 KiB.
//!
//! All numbers are little-endian. The first record holds the title and the sections, each as `u16` length and bytes.
//! Every other record holds complete rows in the order of codes. A row is `u8` number of digits, the digits, `u8`
//! digits of the parent (0 for none; the code begins with the parent), `u16` section, `u16` length of the description,
//! the description.

use super::section::section_number;
use super::{Code, Nomenclature};
use crate::{Error, Result};

/// Maximum size of a record, in bytes.
const MAX_RECORD: usize = 60 << 10;

/// Bytes of a row, at least those of a row with six digits.
pub(super) fn row_bytes(digits: u8, description: &str) -> usize {
    // Shorter codes count as six digits, so that records end where they always did.
    1 + usize::from(digits.max(6)) + 1 + 2 + 2 + description.len()
}

impl Nomenclature {
    /// The number of records of [`Nomenclature::record`].
    pub(in crate::origin) fn record_count(&self) -> usize {
        // The last entry of `cuts` is the end of a record; rows after it are in one more record.
        1 + self.cuts.len() + usize::from(self.cuts.last().map_or(0, |&cut| cut as usize) < self.rows.len())
    }

    /// Record `index`, computed without the other records. Empty beyond the last record.
    pub(in crate::origin) fn record(&self, index: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let Some(piece) = index.checked_sub(1) else {
            write_text(&self.title, &mut out);
            self.sections.iter().for_each(|id| write_text(id, &mut out));
            return out;
        };
        let place = |cut: usize| self.cuts.get(cut).map_or(self.rows.len(), |&row| row as usize);
        let start = piece.checked_sub(1).map_or(0, place);
        for row in start..place(piece) {
            let (text, row) = (self.description_of(row), &self.rows[row]);
            out.push(row.code.level());
            out.extend_from_slice(row.code.as_str().as_bytes());
            out.push(row.parent.map_or(0, |parent| self.rows[parent as usize].code.level()));
            out.extend_from_slice(&row.section.to_le_bytes());
            write_text(text, &mut out);
        }
        out
    }

    /// All records.
    pub(in crate::origin) fn records(&self) -> Vec<Vec<u8>> {
        (0..self.record_count()).map(|index| self.record(index)).collect()
    }

    /// Begins another record before the newest row if the row does not fit into the current one.
    pub(super) fn cut(&mut self, bytes: usize) {
        if self.open + bytes > MAX_RECORD {
            self.cuts.push((self.rows.len() - 1) as u32);
            self.open = 0;
        }
        self.open += bytes;
    }
}

/// Builds a nomenclature from its records, which are not trusted.
#[derive(Debug, Default)]
pub(in crate::origin) struct NomenclatureDecoder {
    made: Option<Nomenclature>,
}

impl NomenclatureDecoder {
    /// Reads the next record.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; the decoder must not be used afterwards.
    pub(in crate::origin) fn push(&mut self, record: &[u8]) -> Result<()> {
        let mut reader = Reader(record);
        let Some(made) = &mut self.made else {
            let title = reader.text()?.into();
            let mut sections = Vec::new();
            while !reader.0.is_empty() {
                let number = section_number(&mut sections, reader.text()?).map_err(Error::Corrupt)?;
                if usize::from(number) + 1 != sections.len() {
                    return Err(Error::Corrupt("a section occurs twice"));
                }
            }
            self.made = Some(Nomenclature::empty(title, sections));
            return Ok(());
        };
        while !reader.0.is_empty() {
            let digits = usize::from(reader.byte()?);
            let code = reader.bytes(digits)?;
            let parent = match usize::from(reader.byte()?) {
                0 => None,
                length => Some(read_code(code.get(..length).unwrap_or_default())?),
            };
            let section = reader.number()?;
            made.push(section, read_code(code)?, reader.text()?, parent).map_err(Error::Corrupt)?;
        }
        Ok(())
    }

    /// Returns the nomenclature, after every record was read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when there are no codes.
    pub(in crate::origin) fn finish(self) -> Result<Nomenclature> {
        self.made.filter(|made| !made.rows.is_empty()).ok_or(Error::Corrupt("a nomenclature has no codes"))
    }

    /// Bytes of memory in use.
    pub(in crate::origin) fn bytes(&self) -> u64 {
        self.made.as_ref().map_or(0, Nomenclature::bytes)
    }
}

fn read_code(digits: &[u8]) -> Result<Code> {
    Code::parse(digits).ok_or(Error::Corrupt("a code is not made of 2 to 12 digits, an even number of them"))
}

/// Appends a text of at most 64 KiB.
pub(in crate::origin) fn write_text(text: &str, out: &mut Vec<u8>) {
    let length = u16::try_from(text.len()).expect("texts are limited when they are read");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The bytes of a record that are not yet read.
pub(in crate::origin) struct Reader<'a>(pub(in crate::origin) &'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::origin) fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Error::Corrupt("a record is too short"))?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(in crate::origin) fn byte(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?[0])
    }

    pub(in crate::origin) fn number(&mut self) -> Result<u16> {
        let bytes = self.bytes(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// Reads a text without control characters.
    pub(in crate::origin) fn text(&mut self) -> Result<&'a str> {
        let length = usize::from(self.number()?);
        let text = std::str::from_utf8(self.bytes(length)?).map_err(|_| Error::Corrupt("a text is not UTF-8"))?;
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Error::Corrupt("a text holds a control character"));
        }
        Ok(text)
    }
}
