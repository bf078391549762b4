//! A request of one assessment, and the model that answers it.

use std::io::Write;

use crate::Day;
use crate::json::json_string;

/// What a query asks besides its subject. [`Model::options`](super::Model::options) are the options that a kind
/// knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// The indicator by name; `None` is the model's default.
    pub indicator: Option<&'a [u8]>,
    /// The deepest production layer K, 0..=[`Query::MAX_LAYERS`]; K gives K + 1 values.
    pub layers: u32,
    /// The bound of every list in the document.
    pub top: u32,
    /// The day that a subject is asked about that names none.
    pub today: Day,
}

impl Query<'_> {
    /// The deepest production layer that is precomputed.
    pub const MAX_LAYERS: u32 = 32;
}

impl Default for Query<'_> {
    fn default() -> Self {
        Self { indicator: None, layers: 5, top: 10, today: Day::default() }
    }
}

/// Who answers: what a document says of its origin.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The model's name; any bytes, shown with replacement characters where they are not UTF-8.
    pub name: &'a [u8],
    /// The version of the model's content.
    pub version: u64,
}

impl Identity<'_> {
    /// Writes `{"model":"NAME","version":V,`: the beginning of every document, by which a cached document of
    /// another version is told apart without parsing it.
    pub fn open_document(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"model\":");
        json_string(&String::from_utf8_lossy(self.name), out);
        out.extend_from_slice(b",\"version\":");
        write!(out, "{},", self.version).expect("writing to memory cannot fail");
    }
}
