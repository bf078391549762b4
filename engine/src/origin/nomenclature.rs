//! A nomenclature: the tree of codes that classify goods.
//!
//! Codes are stored in the order of a printed nomenclature, each before the codes below it, so all codes below a code
//! are one range. A parent is a shorter code that its child begins with. A chain of parents therefore cannot contain a
//! cycle, and it has at most six codes. A national nomenclature has codes of 8 to 12 digits under the six digits that all
//! countries have in common.

mod build;
pub(super) mod code;
pub(super) mod codec;
pub(super) mod csv;
mod document;
mod find;
pub(super) mod items;
pub(super) mod national;
mod section;

use self::build::Builder;
pub(super) use self::code::Code;
pub(super) use self::codec::NomenclatureDecoder;
pub(super) use self::find::{CodeHit, Filter, find, index_of};
use crate::{Progress, Result};

/// Maximum number of codes.
const MAX_ROWS: usize = 100_000;

/// Maximum length of a description, in bytes.
const MAX_DESCRIPTION: usize = 4 << 10;

/// Maximum length of the id of a section, in bytes.
const MAX_SECTION: usize = 16;

/// Maximum number of sections.
const MAX_SECTIONS: usize = 1_000;

/// The reason why a row is refused.
type Refused = &'static str;

/// Codes with descriptions, in their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nomenclature {
    rows: Vec<Row>,
    /// All descriptions, concatenated.
    text: String,
    /// Ids of sections, in the order of their first occurrence.
    sections: Vec<Box<str>>,
    /// The description of the row above all chapters.
    title: Box<str>,
    /// For each record of the byte form except the last, the index of the row after it.
    cuts: Vec<u32>,
    /// Size of the record that is being filled, in bytes.
    open: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    code: Code,
    section: u16,
    parent: Option<u32>,
    /// The number of rows whose parent is this row.
    children: u32,
    /// The end of the description; it begins at the end of the previous one.
    end: u32,
}

/// A row of the tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Described<'a> {
    /// The digits of the code.
    pub(super) code: &'a str,
    /// The description.
    pub(super) description: &'a str,
    /// The index of the parent row.
    pub(super) parent: Option<usize>,
}

impl Nomenclature {
    /// Reads csv with the columns `section,hscode,description,parent,level`, with any separator.
    ///
    /// A row whose code is not a number and that is its own parent is the title (`TOTAL`), not a code. The parent of a
    /// chapter is the title, or empty.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] with the line, [`crate::Error::Cancelled`].
    pub(super) fn read(bytes: &[u8], progress: &Progress) -> Result<Self> {
        let mut table = csv::Table::open(bytes, ["section", "hscode", "description", "parent", "level"], progress)?;
        let mut builder = Builder::default();
        while let Some(row) = table.next()? {
            let [_, code, description, parent, _] = row.cells;
            if code == parent && !code.is_empty() && !code.bytes().any(|byte| byte.is_ascii_digit()) {
                builder.set_title(code, description, row.line)?;
            } else {
                builder.push(row.cells, row.line)?;
            }
        }
        builder.finish()
    }

    /// Whether the nomenclature contains the code.
    pub(super) fn knows(&self, code: &Code) -> bool {
        self.row(code).is_some()
    }

    /// The code that is meant: the code itself, or the longest code of at least six digits that it begins with. `None`
    /// if the nomenclature has none of them.
    pub(super) fn meant(&self, code: &Code) -> Option<Code> {
        std::iter::once(*code).chain(code.shorter(6)).find(|code| self.knows(code))
    }

    /// The number of codes.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The edition, if the title contains its year: `HS 2022`, else `HS`.
    pub(super) fn version(&self) -> String {
        let year = |at: usize| self.title.get(at..at + 4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
        let named = |(at, _)| year(at + 2).or_else(|| year(at + 3));
        self.title.match_indices("HS").find_map(named).map_or_else(|| "HS".to_owned(), |year| format!("HS {year}"))
    }

    /// The description of a code.
    #[cfg(test)]
    pub(super) fn description(&self, code: &Code) -> Option<&str> {
        self.row(code).map(|row| self.description_of(row))
    }

    /// The id of the section of a code.
    pub(super) fn section(&self, code: &Code) -> Option<&str> {
        self.row(code).map(|row| self.section_of(row))
    }

    /// The codes directly below a code, in order; for `None` the chapters. Empty for an unknown code.
    pub(super) fn children(&self, code: Option<&Code>) -> Vec<Code> {
        let parent = match code.map(|code| self.row(code)) {
            None => None,
            Some(Some(row)) => Some(row as u32),
            Some(None) => return Vec::new(),
        };
        let below = match code {
            None => &self.rows[..],
            Some(code) => self.below(code),
        };
        below.iter().filter(|row| row.parent == parent).map(|row| row.code).collect()
    }

    /// The codes above a code, its parent first. Empty for a chapter and for an unknown code.
    pub(super) fn parents(&self, code: &Code) -> Vec<Code> {
        let mut parents = Vec::new();
        let mut row = self.row(code);
        while let Some(parent) = row.and_then(|row| self.rows[row].parent) {
            parents.push(self.rows[parent as usize].code);
            row = Some(parent as usize);
        }
        parents
    }

    /// All codes, in order.
    #[cfg(test)]
    pub(super) fn codes(&self) -> impl ExactSizeIterator<Item = Code> {
        self.rows.iter().map(|row| row.code)
    }

    /// The code of the row with this index.
    pub(super) fn code_of(&self, row: usize) -> Option<Code> {
        self.rows.get(row).map(|row| row.code)
    }

    /// The codes that begin with `digits`, in order.
    pub(super) fn codes_from(&self, digits: &str) -> impl ExactSizeIterator<Item = Code> {
        let start = self.rows.partition_point(|row| row.code.as_str() < digits);
        let rows = &self.rows[start..];
        rows[..rows.partition_point(|row| row.code.as_str().starts_with(digits))].iter().map(|row| row.code)
    }

    /// All rows in order, with the index of their parents.
    pub(super) fn tree(&self) -> impl Iterator<Item = Described<'_>> {
        self.rows.iter().enumerate().map(|(row, Row { code, parent, .. })| Described {
            code: code.as_str(),
            description: self.description_of(row),
            parent: parent.map(|parent| parent as usize),
        })
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        let rows = self.rows.capacity() * size_of::<Row>();
        let sections: usize = self.sections.iter().map(|id| id.len() + size_of::<Box<str>>()).sum();
        (rows + self.text.capacity() + sections + self.title.len() + self.cuts.capacity() * size_of::<u32>()) as u64
    }

    fn row(&self, code: &Code) -> Option<usize> {
        self.rows.binary_search_by_key(code, |row| row.code).ok()
    }

    /// The rows whose codes begin with `code`.
    fn below(&self, code: &Code) -> &[Row] {
        let start = self.rows.partition_point(|row| row.code < *code);
        let rows = &self.rows[start..];
        &rows[..rows.partition_point(|row| code.covers(&row.code))]
    }

    fn description_of(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(0, |before| self.rows[before].end);
        &self.text[start as usize..self.rows[row].end as usize]
    }

    fn section_of(&self, row: usize) -> &str {
        &self.sections[usize::from(self.rows[row].section)]
    }
}

#[cfg(test)]
pub(super) mod tests;
