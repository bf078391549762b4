//! Reads the documents that a model consists of.

use std::sync::Arc;

use super::agreement::{self, Agreement};
use super::codec::Held;
use super::json::Json;
use super::nomenclature::items::Items;
use super::nomenclature::{Nomenclature, national};
use super::options::{Format, LoadOptions};
use super::overrides::Overrides;
use super::sections::Sections;
use crate::search::Synonyms;
use crate::{Error, Progress, Result};

/// Maximum size of a document, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// A document that was read, to be added to a model ([`super::OriginModel::with`]).
#[derive(Debug, Clone)]
pub struct Part(pub(super) Content);

#[derive(Debug, Clone)]
pub(super) enum Content {
    Nomenclature(Arc<Held<Nomenclature>>),
    /// The codes of a country, to be added to a nomenclature.
    National(Arc<Items>),
    Sections(Arc<Held<Sections>>),
    Agreement(Arc<Held<Agreement>>),
    Overrides(Arc<Held<Overrides>>),
    Synonyms(Arc<Held<Synonyms>>),
}

impl Part {
    /// The kind of the document.
    pub fn format(&self) -> Format {
        match self.0 {
            Content::Nomenclature(_) | Content::National(_) => Format::Hs,
            Content::Sections(_) => Format::Sections,
            Content::Agreement(_) => Format::Roo,
            Content::Overrides(_) => Format::Overrides,
            Content::Synonyms(_) => Format::Synonyms,
        }
    }

    /// The id of the agreement that the document contains or changes.
    pub fn agreement(&self) -> Option<&str> {
        match &self.0 {
            Content::Agreement(held) => Some(&held.value.head.id),
            Content::Overrides(held) => Some(&held.value.agreement),
            _ => None,
        }
    }

    /// The number of codes, sections, rules or words.
    pub fn entries(&self) -> u64 {
        let entries = match &self.0 {
            Content::Nomenclature(held) => held.value.rows(),
            Content::National(items) => items.len(),
            Content::Sections(held) => held.value.len(),
            Content::Agreement(held) => held.value.rules.len(),
            Content::Overrides(held) => held.value.rules.len(),
            Content::Synonyms(held) => held.value.len(),
        };
        entries as u64
    }
}

/// Reads a document.
///
/// # Errors
/// [`Error::BadInput`] with the line of the error, [`Error::TooBig`], [`Error::Cancelled`].
pub fn load(bytes: &[u8], options: &LoadOptions, progress: &Progress) -> Result<Part> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooBig { what: "the size of the document in bytes", limit: MAX_BYTES as u64 });
    }
    let format = match options.format {
        Some(format) => format,
        None => detect(bytes)?,
    };
    let content = match format {
        Format::Hs if !is_tree(bytes) => Content::National(Arc::new(national::read(bytes, progress)?)),
        Format::Hs => Content::Nomenclature(Arc::new(Held::new(Nomenclature::read(bytes, progress)?))),
        Format::Sections => Content::Sections(Arc::new(Held::new(Sections::read(bytes, progress)?))),
        Format::Roo => Content::Agreement(Arc::new(Held::new(agreement::read(bytes, progress)?))),
        Format::Overrides => Content::Overrides(Arc::new(Held::new(Overrides::read(bytes)?))),
        Format::Synonyms => Content::Synonyms(Arc::new(Held::new(Synonyms::read(bytes)?))),
    };
    Ok(Part(content))
}

/// Whether the header of a table names a parent and a level: it is a whole tree and not the table of a country.
fn is_tree(bytes: &[u8]) -> bool {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().to_ascii_lowercase();
    let has = |name: &[u8]| memchr::memmem::find(&header, name).is_some();
    has(b"hscode") && has(b"parent") && has(b"level") || bytes.is_empty()
}

/// Detects the kind of a document by its beginning: the fields of an object, or the header of a table.
fn detect(bytes: &[u8]) -> Result<Format> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if text.first() != Some(&b'{') {
        let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default().to_ascii_lowercase();
        let has = |name: &[u8]| memchr::memmem::find(&header, name).is_some();
        return match (has(b"hscode"), has(b"section")) {
            (true, _) => Ok(Format::Hs),
            (_, true) if has(b"name") => Ok(Format::Sections),
            _ if national::is_table(bytes) => Ok(Format::Hs),
            _ => Err(Error::bad_whole(
                "the document is neither roo/1 JSON nor csv of a nomenclature or of sections; give FORMAT",
            )),
        };
    }
    let (mut has_format, mut has_parties) = (false, false);
    let mut scan = || {
        let mut json = Json::new(bytes)?;
        json.object(|json, name| {
            has_format |= name == "format";
            has_parties |= name == "parties";
            json.skip()
        })?;
        json.end()
    };
    scan().map_err(|fault| fault.in_file(bytes))?;
    Ok(match (has_format, has_parties) {
        (true, true) => Format::Roo,
        (true, false) => Format::Overrides,
        (false, _) => Format::Synonyms,
    })
}
