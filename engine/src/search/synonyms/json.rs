//! A user's table of synonyms as JSON, and its byte form, which is JSON too: records of complete entries.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};

use super::{Phrase, Synonyms};
use crate::{Error, Place, Result};

/// Maximum size of a record, in bytes.
const MAX_RECORD: usize = 60 << 10;

/// Maximum size of a table, in bytes.
const MAX_TABLE: usize = 8 << 20;

/// Reads a table.
pub(super) fn read(bytes: &[u8]) -> Result<Synonyms> {
    if bytes.len() > MAX_TABLE {
        return Err(Error::TooBig { what: "the table of synonyms in bytes", limit: MAX_TABLE as u64 });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut synonyms = Synonyms::default();
    add(&mut synonyms, bytes).map_err(|(error, refused)| {
        let reason = refused.unwrap_or("a table of synonyms is a JSON object {\"word\":[\"phrase\",..],..}");
        Error::bad(reason, Place { line: error.line() as u64, column: error.column() as u64, ..Place::default() })
    })?;
    Ok(synonyms)
}

/// Reads a record.
pub(super) fn push(synonyms: &mut Synonyms, record: &[u8]) -> Result<()> {
    add(synonyms, record).map_err(|_| Error::Corrupt("a record of synonyms is not usable"))
}

/// Writes the entries as records.
pub(super) fn write(own: &BTreeMap<Box<str>, Box<[Phrase]>>) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    for (key, phrases) in own {
        let phrases: Vec<String> = phrases.iter().map(|phrase| phrase.join(" ")).collect();
        let entry = serde_json::to_vec(&BTreeMap::from([(&**key, phrases)])).expect("texts can be written to memory");
        if record.len() + entry.len() > MAX_RECORD {
            records.push(std::mem::take(&mut record));
        }
        if record.is_empty() {
            record = entry;
        } else {
            // Joins `{..}` and `{..}` to `{..,..}`.
            record.pop();
            record.push(b',');
            record.extend_from_slice(&entry[1..]);
        }
    }
    if !record.is_empty() {
        records.push(record);
    }
    records
}

fn add(synonyms: &mut Synonyms, bytes: &[u8]) -> Result<(), (serde_json::Error, Option<&'static str>)> {
    let mut refused = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let entries = Entries { synonyms, refused: &mut refused };
    let read = reader.deserialize_map(entries).and_then(|()| reader.end());
    read.map_err(|error| (error, refused))
}

/// Adds the entries of an object to a table.
struct Entries<'s> {
    synonyms: &'s mut Synonyms,
    refused: &'s mut Option<&'static str>,
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of lists of phrases")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, phrases)) = map.next_entry::<String, Vec<String>>()? {
            if let Err(reason) = self.synonyms.insert(&key, phrases.iter().map(String::as_str)) {
                *self.refused = Some(reason);
                return Err(A::Error::custom(reason));
            }
        }
        Ok(())
    }
}
