//! The byte form of entries, for persistence, replication and digests.
//!
//! An entry is its length (`u32`) and then: id, time (`u64` each), hash (16 bytes), confidence (`f64`, NaN for none)
//! and eight texts, each as `u32` length and bytes: tenant, subject, agreement, hs, origin, destination, status,
//! document. Numbers are little-endian. A frame is a sequence of entries, the oldest first.

use super::{Entry, History, Record};
use crate::json::is_json;
use crate::model::codec::MAX_FRAME;
use crate::{Error, Result};

/// The target size of a frame in bytes, so that reading one does not block a server. A single entry can be longer.
const USUAL_FRAME: usize = 64 << 10;

/// The longest entry in bytes. It must fit into a frame.
pub const MAX_ENTRY: usize = MAX_FRAME / 2;

/// Appends an entry. When it is longer than [`MAX_ENTRY`], appends nothing and returns `false`.
pub fn encode(entry: &Entry, frame: &mut Vec<u8>) -> bool {
    let start = frame.len();
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&entry.id.to_le_bytes());
    frame.extend_from_slice(&entry.time.to_le_bytes());
    frame.extend_from_slice(&entry.hash);
    let Record { subject, agreement, hs, origin, destination, status, confidence } = &entry.record;
    frame.extend_from_slice(&confidence.unwrap_or(f64::NAN).to_le_bytes());
    let texts = [&entry.tenant, subject, agreement, hs, origin, destination, status];
    for text in texts.iter().map(|text| text.as_bytes()).chain([&*entry.document]) {
        frame.extend_from_slice(&(text.len() as u32).to_le_bytes());
        frame.extend_from_slice(text);
    }
    let len = frame.len() - start - 4;
    if len > MAX_ENTRY {
        frame.truncate(start);
        return false;
    }
    frame[start..start + 4].copy_from_slice(&(len as u32).to_le_bytes());
    true
}

/// All entries of a log as frames, the oldest first.
pub fn frames(history: &History) -> impl Iterator<Item = Vec<u8>> {
    let mut entries = history.iter().peekable();
    std::iter::from_fn(move || {
        entries.peek()?;
        let mut frame = Vec::new();
        while frame.len() < USUAL_FRAME
            && let Some(entry) = entries.next()
        {
            encode(entry, &mut frame);
        }
        Some(frame)
    })
}

/// The entries of a frame.
///
/// # Errors
/// [`Error::Corrupt`] for a damaged frame.
pub fn decode(mut frame: &[u8]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while !frame.is_empty() {
        let mut entry = text(&mut frame)?;
        entries.push(decode_one(&mut entry)?);
        if !entry.is_empty() {
            return Err(DAMAGED);
        }
    }
    Ok(entries)
}

const DAMAGED: Error = Error::Corrupt("an entry of the history is damaged");

fn decode_one(bytes: &mut &[u8]) -> Result<Entry> {
    let (id, time) = (u64::from_le_bytes(take(bytes)?), u64::from_le_bytes(take(bytes)?));
    let hash = take(bytes)?;
    let confidence = f64::from_le_bytes(take(bytes)?);
    let mut string = || String::from_utf8(text(bytes)?.to_vec()).map_err(|_| DAMAGED);
    let tenant = string()?;
    let record = Record {
        subject: string()?,
        agreement: string()?,
        hs: string()?,
        origin: string()?,
        destination: string()?,
        status: string()?,
        confidence: confidence.is_finite().then_some(confidence),
    };
    // A reply has the document within a JSON document of its own.
    let document = text(bytes)?;
    if !is_json(document) {
        return Err(DAMAGED);
    }
    Ok(Entry { id, time, tenant, hash, record, document: document.into() })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(DAMAGED)?;
    *bytes = rest;
    Ok(*taken)
}

fn text<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8]> {
    let len = u32::from_le_bytes(take(bytes)?) as usize;
    let (taken, rest) = bytes.split_at_checked(len).ok_or(DAMAGED)?;
    *bytes = rest;
    Ok(taken)
}
