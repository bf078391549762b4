//! The payload of `import`: entries of the cache, as one JSON document or as the JSON lines of `CACHE.EXPORT`; or codes
//! of a nomenclature.
//!
//! Items are parsed one by one, because a parsed document of all of them would need many times its memory.

use std::collections::VecDeque;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::cache::{export, tags};
use crate::error::{Failure, Outcome};

/// The payload of `import`.
#[derive(Debug, PartialEq)]
pub(super) enum Import {
    Entries(VecDeque<Entry>),
    /// Codes for the nomenclature of a model with this key.
    Codes(Vec<u8>),
}

/// An entry to store.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    /// `None`: `CACHE.EXPORT` left out a large value.
    pub(super) value: Option<Vec<u8>>,
    /// How long the entry is fresh; without it, as its tier says.
    pub(super) ttl_ms: Option<u64>,
    pub(super) tags: Vec<Vec<u8>>,
}

/// The most tags of an entry.
const MOST_TAGS: usize = 64;
/// The longest time to live: a hundred years.
const LONGEST_MS: u64 = 100 * 365 * 86_400_000;

/// Reads a payload. `check` fails when the job was cancelled.
pub(super) fn read(payload: &[u8], check: &dyn Fn() -> Outcome<()>) -> Outcome<Import> {
    let first_line = payload.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    if top_of(first_line).is_ok_and(|top| top.has_key) {
        return lines(payload, check).map(Import::Entries);
    }
    let top = top_of(payload).map_err(|error| invalid(&error))?;
    if !top.has_items || top.has_others {
        return Err(Failure::err(
            "the payload must be an object with \"items\", and \"model\" for codes, or JSON lines with \"key\"",
        ));
    }
    match top.model {
        Some(model) => Ok(Import::Codes(model.into_bytes())),
        None => entries(payload, check).map(Import::Entries),
    }
}

fn invalid(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    Failure::err(format!("the payload is no JSON document of this type of job: see line {line}, column {column}"))
}

fn lines(payload: &[u8], check: &dyn Fn() -> Outcome<()>) -> Outcome<VecDeque<Entry>> {
    let mut entries = VecDeque::new();
    for (number, line) in payload.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        check()?;
        let entry = serde_json::from_slice(line).map_err(|_| "no JSON document").and_then(entry);
        entries.push_back(entry.map_err(|why| Failure::err(format!("line {}: {why}", number + 1)))?);
    }
    Ok(entries)
}

fn entries(payload: &[u8], check: &dyn Fn() -> Outcome<()>) -> Outcome<VecDeque<Entry>> {
    let mut items = Items { entries: VecDeque::new(), refused: None, check };
    let read = items.deserialize(&mut serde_json::Deserializer::from_slice(payload));
    match items.refused {
        Some(refused) => Err(refused),
        None => read.map(|()| items.entries).map_err(|error| invalid(&error)),
    }
}

/// The fields of a document.
#[derive(Default)]
struct Top {
    has_key: bool,
    has_items: bool,
    has_others: bool,
    model: Option<String>,
}

/// The fields of the only object in a document; their values are skipped.
fn top_of(document: &[u8]) -> Result<Top, serde_json::Error> {
    let mut top = Top::default();
    let mut parser = serde_json::Deserializer::from_slice(document);
    (&mut top).deserialize(&mut parser)?;
    parser.end()?;
    Ok(top)
}

impl<'de> DeserializeSeed<'de> for &mut Top {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Top {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "model" => {
                    self.model = Some(map.next_value()?);
                    continue;
                }
                "key" | "key_hex" => self.has_key = true,
                "items" => self.has_items = true,
                _ => self.has_others = true,
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The entries of a document. It is read up to the first entry that is refused.
struct Items<'c> {
    entries: VecDeque<Entry>,
    refused: Option<Failure>,
    check: &'c dyn Fn() -> Outcome<()>,
}

impl Items<'_> {
    fn deserialize<'de>(
        &mut self,
        parser: impl Deserializer<'de, Error = serde_json::Error>,
    ) -> serde_json::Result<()> {
        parser.deserialize_map(Object(self))
    }
}

/// The object around the list.
struct Object<'i, 'c>(&'i mut Items<'c>);
/// The list.
struct List<'i, 'c>(&'i mut Items<'c>);

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<String>()?.is_some() {
            map.next_value_seed(List(self.0))?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(item) = seq.next_element::<Value>()? {
            let number = self.0.entries.len();
            let read = (self.0.check)()
                .and_then(|()| entry(item).map_err(|why| Failure::err(format!("item {number}: {why}"))));
            match read {
                Ok(entry) => self.0.entries.push_back(entry),
                Err(failure) => {
                    self.0.refused = Some(failure);
                    return Err(A::Error::custom("refused"));
                }
            }
        }
        Ok(())
    }
}

/// An item as an entry, or why it is refused.
fn entry(item: Value) -> Result<Entry, &'static str> {
    let Value::Object(mut fields) = item else { return Err("an item must be an object") };
    let key = bytes(&mut fields, ["key", "key_hex"])?.ok_or("an item needs \"key\"")?;
    let value = bytes(&mut fields, ["value", "value_hex"])?;
    let is_left_out = fields.remove("value_bytes").is_some();
    if value.is_none() && !is_left_out {
        return Err("an item needs \"value\"");
    }
    let ttl_ms = match fields.remove("ttl_ms") {
        None | Some(Value::Null) => None,
        Some(ttl) => Some(
            ttl.as_u64()
                .filter(|ms| (1..=LONGEST_MS).contains(ms))
                .ok_or("\"ttl_ms\" must be a whole number of milliseconds, at least 1 and at most a hundred years")?,
        ),
    };
    let tags = tags_of(&mut fields)?;
    if !fields.is_empty() {
        return Err("an item has only key, value, ttl_ms and tags");
    }
    Ok(Entry { key, value, ttl_ms, tags })
}

/// A field as text, or as hexadecimal digits under its second name.
fn bytes(fields: &mut Map<String, Value>, [plain, hex]: [&str; 2]) -> Result<Option<Vec<u8>>, &'static str> {
    match (fields.remove(plain), fields.remove(hex)) {
        (None, None) => Ok(None),
        (Some(Value::String(text)), None) => Ok(Some(text.into_bytes())),
        (None, Some(Value::String(digits))) => from_hex(&digits).map(Some),
        _ => Err("keys and values must be texts, or hexadecimal digits in key_hex and value_hex"),
    }
}

fn from_hex(digits: &str) -> Result<Vec<u8>, &'static str> {
    export::from_hex(digits.as_bytes()).ok_or("an odd number of hexadecimal digits, or another character")
}

fn tags_of(fields: &mut Map<String, Value>) -> Result<Vec<Vec<u8>>, &'static str> {
    let (list, is_hex) = match (fields.remove("tags"), fields.remove("tags_hex")) {
        (None, None) => return Ok(Vec::new()),
        (Some(Value::Array(list)), None) => (list, false),
        (None, Some(Value::Array(list))) => (list, true),
        _ => return Err("\"tags\" must be an array of texts"),
    };
    if list.len() > MOST_TAGS {
        return Err("an entry has at most 64 tags");
    }
    let mut found: Vec<Vec<u8>> = Vec::with_capacity(list.len());
    for tag in list {
        let Value::String(tag) = tag else { return Err("\"tags\" must be an array of texts") };
        let tag = if is_hex { from_hex(&tag)? } else { tag.into_bytes() };
        tags::check(&tag).map_err(|_| "a tag must have 1 to 256 bytes")?;
        if !found.contains(&tag) {
            found.push(tag);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> Outcome<Import> {
        super::read(payload.as_bytes(), &|| Ok(()))
    }

    fn entry(key: &str, value: Option<&str>, ttl_ms: Option<u64>, tags: &[&str]) -> Entry {
        let tags = tags.iter().map(|tag| tag.as_bytes().to_vec()).collect();
        Entry { key: key.into(), value: value.map(Into::into), ttl_ms, tags }
    }

    #[test]
    fn a_document_and_json_lines_hold_the_same_entries() {
        let first = r#"{"key":"a","value":"1","ttl_ms":5,"tags":["t","t"]}"#;
        let second = r#"{"key_hex":"62","value_hex":"32"}"#;
        let third = r#"{"key":"c","value_bytes":70000}"#;
        let expected = || {
            let entries =
                [entry("a", Some("1"), Some(5), &["t"]), entry("b", Some("2"), None, &[]), entry("c", None, None, &[])];
            Ok(Import::Entries(entries.into()))
        };
        assert_eq!(read(&format!("{{\"items\":[{first},{second},{third}]}}")), expected());
        assert_eq!(read(&format!("{first}\n\n{second}\r\n{third}\n")), expected());
        assert_eq!(read(first), Ok(Import::Entries([entry("a", Some("1"), Some(5), &["t"])].into())));
        assert_eq!(read(r#"{"items":[]}"#), Ok(Import::Entries(VecDeque::new())));
    }

    #[test]
    fn codes_name_their_model() {
        let codes = Ok(Import::Codes(b"roo".to_vec()));
        assert_eq!(read(r#"{"model":"roo","items":[{"code":"84","description":"a"}]}"#), codes);
        assert_eq!(read(r#"{"items":[{"code":"84","description":"a"}],"model":"roo"}"#), codes);
    }

    #[test]
    fn one_wrong_item_refuses_the_payload() {
        for (payload, named) in [
            ("", "no JSON document of this type"),
            ("[]", "no JSON document of this type"),
            ("{\"items\":[\n1,}", "line 2"),
            ("{}", "must be an object with"),
            (r#"{"items":[],"more":1}"#, "must be an object with"),
            (r#"{"items":{}}"#, "no JSON document of this type"),
            (r#"{"items":[1]}"#, "item 0: an item must be an object"),
            (r#"{"items":[{"key":"a","value":"1"},{"value":"1"}]}"#, "item 1: an item needs \"key\""),
            (r#"{"items":[{"key":"a"}]}"#, "item 0: an item needs \"value\""),
            (r#"{"items":[{"key":"a","value":1}]}"#, "must be texts"),
            (r#"{"items":[{"key":"a","value_hex":"1"}]}"#, "hexadecimal"),
            (r#"{"items":[{"key":"a","value":"1","ttl_ms":0}]}"#, "\"ttl_ms\" must be"),
            (r#"{"items":[{"key":"a","value":"1","ttl_ms":-5}]}"#, "\"ttl_ms\" must be"),
            (r#"{"items":[{"key":"a","value":"1","tags":[""]}]}"#, "1 to 256 bytes"),
            (r#"{"items":[{"key":"a","value":"1","tag":"t"}]}"#, "only key, value, ttl_ms and tags"),
            ("{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"b\"", "line 2: no JSON document"),
        ] {
            let failure = read(payload).unwrap_err().to_string();
            assert!(failure.contains(named), "{payload}: {failure}");
        }
    }
}
