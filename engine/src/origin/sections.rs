//! Names of the sections of a nomenclature.

use super::nomenclature::codec::{Reader, write_text};
use super::nomenclature::csv::{Table, at};
use crate::{Error, Progress, Result};

/// Maximum number of sections, so that they fit into one record.
const MAX_SECTIONS: usize = 100;

/// Maximum length of an id, in bytes.
const MAX_ID: usize = 16;

/// Maximum length of a name, in bytes.
const MAX_NAME: usize = 512;

/// The names of sections by their ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sections {
    /// Id and name, ordered by id.
    names: Vec<(Box<str>, Box<str>)>,
}

impl Sections {
    /// Reads csv with the columns `section,name`.
    ///
    /// # Errors
    /// [`Error::BadInput`] with the line.
    pub(super) fn read(bytes: &[u8], progress: &Progress) -> Result<Self> {
        let mut table = Table::open(bytes, ["section", "name"], progress)?;
        let mut sections = Self::default();
        while let Some(row) = table.next()? {
            let [id, name] = row.cells;
            sections.insert(id, name).map_err(|reason| Error::bad(reason, at(row.line, 0)))?;
        }
        if sections.names.is_empty() { Err(Error::bad_whole("the file names no sections")) } else { Ok(sections) }
    }

    /// The name of a section.
    pub(super) fn name(&self, id: &str) -> Option<&str> {
        let at = self.names.binary_search_by(|(known, _)| (**known).cmp(id)).ok()?;
        Some(&self.names[at].1)
    }

    /// The number of sections.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        let texts: usize = self.names.iter().map(|(id, name)| id.len() + name.len()).sum();
        (texts + self.names.capacity() * size_of::<(Box<str>, Box<str>)>()) as u64
    }

    /// The byte form: one record with the id and the name of each section, as `u16` length and bytes.
    pub(super) fn records(&self) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        for (id, name) in &self.names {
            write_text(id, &mut out);
            write_text(name, &mut out);
        }
        vec![out]
    }

    /// Reads a record of [`Sections::records`].
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(super) fn from_record(record: &[u8]) -> Result<Self> {
        let mut reader = Reader(record);
        let mut sections = Self::default();
        while !reader.0.is_empty() {
            sections.insert(reader.text()?, reader.text()?).map_err(Error::Corrupt)?;
        }
        Ok(sections)
    }

    fn insert(&mut self, id: &str, name: &str) -> Result<(), &'static str> {
        if id.is_empty() || id.len() > MAX_ID {
            return Err("the id of a section is 1 to 16 bytes long");
        }
        if name.is_empty() || name.len() > MAX_NAME {
            return Err("the name of a section is 1 to 512 bytes long");
        }
        if self.names.len() == MAX_SECTIONS {
            return Err("there are more than 100 sections");
        }
        match self.names.binary_search_by(|(known, _)| (**known).cmp(id)) {
            Ok(_) => Err("the section occurs twice"),
            Err(at) => {
                self.names.insert(at, (id.into(), name.into()));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_id_and_survive_their_byte_form() {
        let text = "\u{feff}section,name\nI,live animals; animal products\nIV,\"Foods, drinks \"\n";
        let sections = Sections::read(text.as_bytes(), &Progress::default()).unwrap();
        assert_eq!(sections.name("IV"), Some("Foods, drinks"));
        assert_eq!(sections.name("V"), None);
        assert_eq!(Sections::from_record(&sections.records()[0]).unwrap(), sections);
    }

    #[test]
    fn errors_contain_the_line() {
        let read = |text: &str| Sections::read(text.as_bytes(), &Progress::default()).unwrap_err().to_string();
        assert_eq!(read("section,name\nI,a\nI,b\n"), "the section occurs twice (line 3)");
        assert_eq!(read("section,name\nI,\n"), "the name of a section is 1 to 512 bytes long (line 2)");
        assert_eq!(read("section,name\n"), "the file names no sections");
    }

    #[test]
    fn damaged_records_are_refused() {
        for record in [&b"\x01"[..], b"\x01\x00I", b"\x01\x00I\x00\x00", b"\x01\x00\xff\x01\x00a"] {
            assert!(Sections::from_record(record).is_err());
        }
    }
}
