//! `CACHE.EXPORT`: entries with their remaining time to live, as JSON lines, one page at a time.

use assess_engine::cache::pattern;
use serde_json::{Map, Value};

use super::lookup::{self, look_up};
use super::with;
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::reply::Reply;
use crate::types::entry;
use assess_engine::cache::lease::Seen;

/// Bytes of lines after which a page ends early: a page is built in a single step.
const PAGE_BYTES: usize = 256 << 10;

/// A value longer than this many bytes is left out of its line, which says its size. `CACHE.GET` or `DUMP` of the key
/// returns it with a single copy.
const LARGE: usize = 64 << 10;

/// One page of the entries that match: the cursor of the next page (`0` at the end), and the lines.
pub(crate) fn page(ctx: Ctx<'_>, glob: &[u8], cursor: Option<&[u8]>, count: usize) -> Outcome<Reply> {
    let after = match cursor {
        None => None,
        Some(hex) => {
            Some(from_hex(hex).ok_or_else(|| Failure::err("CURSOR must be 0, or the cursor of the previous reply"))?)
        }
    };
    let (db, prefix) = (ctx.db(), pattern::literal_prefix(glob));
    let mut names: Vec<Box<[u8]>> = Vec::new();
    let mut next = with(|cache| {
        cache.index.walk(db, &prefix, after.as_deref(), count, |name, _, entry| {
            if entry.tier.is_some() && pattern::matches(glob, name) {
                names.push(name.into());
            }
        })
    });
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for name in names {
        if let Some(line) = line(ctx, &name) {
            bytes += line.len();
            lines.push(Reply::text(line));
        }
        if bytes > PAGE_BYTES {
            next = Some(name);
            break;
        }
    }
    let cursor = next.map_or_else(|| "0".to_owned(), |name| to_hex(&name));
    Ok(Reply::Array(vec![Reply::text(cursor), Reply::Array(lines)]))
}

/// An entry as a line; `None` if it is not fresh, or the key holds no value of the cache.
fn line(ctx: Ctx<'_>, name: &[u8]) -> Option<String> {
    let key = Key::open(ctx, name, Mode::Peek);
    if !matches!(look_up(ctx, &key, name).seen, Seen::Fresh | Seen::Ageing) {
        return None;
    }
    let value = lookup::value(&key).ok()??;
    let mut fields = Map::new();
    put(&mut fields, ["key", "key_hex"], name);
    if value.len() > LARGE {
        fields.insert("value_bytes".into(), value.len().into());
    } else {
        put(&mut fields, ["value", "value_hex"], &value);
    }
    // Without the grace: the importing server adds the grace of its own tier.
    if let Some(at) = lookup::fresh_until(ctx, &key, name) {
        fields.insert("ttl_ms".into(), at.saturating_sub(now_ms()).into());
    }
    if let Some(entry) = entry::find(&key) {
        let texts: Result<Vec<&str>, _> = entry.tags().map(std::str::from_utf8).collect();
        match texts {
            Ok(tags) => fields.insert("tags".into(), tags.into()),
            Err(_) => fields.insert("tags_hex".into(), entry.tags().map(to_hex).collect::<Vec<_>>().into()),
        };
    }
    Some(Value::Object(fields).to_string())
}

/// Adds a field: UTF-8 as text, other bytes as hexadecimal digits under the second name, because JSON has no byte
/// strings.
fn put(fields: &mut Map<String, Value>, [plain, hex]: [&str; 2], bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => fields.insert(plain.into(), text.into()),
        Err(_) => fields.insert(hex.into(), to_hex(bytes).into()),
    };
}

fn to_hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of hexadecimal digits.
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((digit(*high)? * 16 + digit(*low)?) as u8)).collect()
}
