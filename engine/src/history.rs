//! What was assessed: a bounded log that a model keeps, asked newest first.
//!
//! Entries are kept in chunks that are shared and never changed once another holds them: a copy of the log, or a
//! question that a worker answers, takes the chunks and no entries. The oldest entries make room for the newest: there
//! are as many as the log was made for, and fewer where their documents are long.

pub mod codec;
mod filter;

pub use filter::Filter;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::codec::json_string;

/// The most entries that a log can be asked to hold.
pub const MAX_CAPACITY: u64 = 1_000_000;

/// Entries of a chunk: with the documents of 2 kB that are usual, half a megabyte that one entry may keep alive.
const CHUNK: usize = 256;

/// Bytes of a log for each entry that it may hold: those of long documents are fewer.
pub const BYTES_AN_ENTRY: u64 = 4096;

/// Entries that a log holds no more, to be let go of where nobody waits.
pub type Dropped = Vec<Arc<Vec<Entry>>>;

/// What the history says of an assessment, beside the document: what questions to the history filter by. Empty where a
/// kind of model has no such thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// The subject as people write it: `USA:C10T12`, `847130:MX:US`.
    pub subject: String,
    /// The agreement that was applied.
    pub agreement: String,
    /// The product's code, six digits.
    pub hs: String,
    /// Country of origin.
    pub origin: String,
    /// Country of destination.
    pub destination: String,
    /// What came out: a verdict, a band, a class.
    pub status: String,
    /// How sure the model is, 0 to 1.
    pub confidence: Option<f64>,
}

/// An assessment that was computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Grows from entry to entry: Unix milliseconds, or more.
    pub id: u64,
    /// When it was computed, in Unix milliseconds.
    pub time: u64,
    /// On whose behalf, as the question said; empty when it did not.
    pub tenant: String,
    /// 128 bits that stand for the question: equal questions have equal ones.
    pub hash: [u8; 16],
    /// What it was about and what came out.
    pub record: Record,
    /// The assessment document.
    pub document: Box<[u8]>,
}

impl Entry {
    /// Bytes of memory held, about.
    fn bytes(&self) -> u64 {
        let Record { subject, agreement, hs, origin, destination, status, confidence: _ } = &self.record;
        let texts = [&self.tenant, subject, agreement, hs, origin, destination, status];
        (texts.iter().map(|text| text.len()).sum::<usize>() + self.document.len() + size_of::<Self>()) as u64
    }

    /// The entry as a JSON document; fields that are empty are left out, the assessment comes last.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.document.len() + 256);
        out.extend_from_slice(format!("{{\"id\":{},\"time\":{},\"hash\":\"", self.id, self.time).as_bytes());
        out.extend(self.hash.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()));
        out.push(b'"');
        let Record { subject, agreement, hs, origin, destination, status, confidence } = &self.record;
        let texts = [
            ("tenant", &self.tenant),
            ("subject", subject),
            ("agreement", agreement),
            ("hs", hs),
            ("origin", origin),
            ("destination", destination),
            ("status", status),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            json_string(text, &mut out);
        }
        if let Some(confidence) = confidence {
            out.extend_from_slice(format!(",\"confidence\":{confidence}").as_bytes());
        }
        out.extend_from_slice(b",\"assessment\":");
        out.extend_from_slice(&self.document);
        out.push(b'}');
        out
    }
}

/// The fields of a document before one of them, so that what follows, which may be long, need not be read.
pub(crate) fn fields_before(document: &[u8], field: &str) -> serde_json::Value {
    // Inside of a string its quotes would be escaped, so only the field itself begins so.
    let begins = format!(",\"{field}\":");
    let end = memchr::memmem::find(document, begins.as_bytes()).unwrap_or(document.len().saturating_sub(1));
    let mut fields = document[..end].to_vec();
    fields.push(b'}');
    serde_json::from_slice(&fields).unwrap_or_default()
}

/// The bytes that a hash is written as: 32 hex digits.
pub fn parse_hash(text: &[u8]) -> Option<[u8; 16]> {
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != 16 || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut hash = [0; 16];
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// The hash of a question by its canonical name (what follows the tag in a cache key). A name that is a hash already
/// stands for itself, so that it can be asked for as it is seen in the key.
pub fn hash_of(canonical: &[u8]) -> [u8; 16] {
    let is_hash = canonical.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte));
    parse_hash(canonical).filter(|_| is_hash).unwrap_or_else(|| {
        let hash = blake3::hash(canonical);
        hash.as_bytes().first_chunk().copied().unwrap_or_default()
    })
}

/// The log of a model.
#[derive(Debug, Clone, Default)]
pub struct History {
    capacity: usize,
    chunks: VecDeque<Arc<Vec<Entry>>>,
    /// Entries of the first chunk that have made room already.
    gone: usize,
    len: usize,
    /// Bytes of the entries that are in the log: the same wherever the same entries were added.
    live: u64,
    /// Bytes of all entries that its chunks hold.
    bytes: u64,
}

impl History {
    /// An empty log of at most `capacity` entries, at most [`MAX_CAPACITY`]; 0 keeps nothing.
    pub fn new(capacity: u64) -> Self {
        Self { capacity: capacity.min(MAX_CAPACITY) as usize, ..Self::default() }
    }

    /// How many entries it may hold.
    pub fn capacity(&self) -> u64 {
        self.capacity as u64
    }

    /// Changes how many entries it may hold; the oldest go if there are more.
    #[must_use = "many entries take long to free"]
    pub fn set_capacity(&mut self, capacity: u64) -> Dropped {
        self.capacity = capacity.min(MAX_CAPACITY) as usize;
        if self.capacity == 0 {
            let all = std::mem::replace(self, Self::new(0));
            return all.chunks.into();
        }
        self.make_room()
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory held, about.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds the newest entry.
    pub fn push(&mut self, entry: Entry) {
        if self.capacity == 0 {
            return;
        }
        self.live += entry.bytes();
        self.bytes += entry.bytes();
        self.len += 1;
        let open = self.chunks.back_mut().filter(|chunk| chunk.len() < CHUNK).and_then(Arc::get_mut);
        match open {
            Some(chunk) => chunk.push(entry),
            None => {
                // Without room for more: there may be many short ones, where the log is read while it is written.
                self.chunks.push_back(Arc::new(vec![entry]));
            }
        }
        // A chunk at most, as a rule none.
        drop(self.make_room());
    }

    /// Takes entries off the end that is older. Their memory is given back by the chunk.
    fn make_room(&mut self) -> Dropped {
        let mut dropped = Vec::new();
        // The newest stays, however long it is.
        while self.len > self.capacity || self.len > 1 && self.live > self.capacity as u64 * BYTES_AN_ENTRY {
            let Some(chunk) = self.chunks.front() else { return dropped };
            self.live -= chunk.get(self.gone).map_or(0, Entry::bytes);
            self.len -= 1;
            self.gone += 1;
            if self.gone >= chunk.len() {
                self.bytes -= chunk.iter().map(Entry::bytes).sum::<u64>();
                dropped.extend(self.chunks.pop_front());
                self.gone = 0;
            }
        }
        dropped
    }

    /// Entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        let gone = self.gone;
        let of_chunk = move |(i, chunk): (usize, &'_ Arc<Vec<Entry>>)| if i == 0 { gone.min(chunk.len()) } else { 0 };
        self.chunks.iter().enumerate().flat_map(move |(i, chunk)| chunk[of_chunk((i, chunk))..].iter())
    }

    /// The newest entries that a filter lets through, newest first.
    pub fn find(&self, filter: &Filter) -> Vec<&Entry> {
        self.iter().rev().filter(|entry| filter.matches(entry)).take(filter.limit).collect()
    }
}

#[cfg(test)]
mod tests;
