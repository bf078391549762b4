//! The options of one assessment, and the identity of the model in its document.

use std::io::Write;

use crate::Day;
use crate::json::json_string;

/// The options of a query, without its subject. [`Model::options`](super::Model::options) lists the options that a kind
/// of model accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// The indicator by name; `None` is the model's default.
    pub indicator: Option<&'a [u8]>,
    /// The deepest production layer K, 0..=[`Query::MAX_LAYERS`]; the document has K + 1 values.
    pub layers: u32,
    /// The largest length of every list in the document.
    pub top: u32,
    /// The current day: the day of a subject that does not name one.
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

/// The model as a document names it.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The model's name, of any bytes. Bytes that are not UTF-8 are written as replacement characters.
    pub name: &'a [u8],
    /// The version of the model's content.
    pub version: u64,
}

impl Identity<'_> {
    /// Writes `{"model":"NAME","version":V,`, the beginning of every document. A cached document of another version is
    /// detected by it, without parsing.
    pub fn open_document(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"model\":");
        json_string(&String::from_utf8_lossy(self.name), out);
        out.extend_from_slice(b",\"version\":");
        write!(out, "{},", self.version).expect("writing to memory cannot fail");
    }
}
