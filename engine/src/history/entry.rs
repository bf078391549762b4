//! A computed assessment as the history stores it.

use super::record::Record;
use crate::json::json_string;

/// A computed assessment in the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The id: greater than that of every earlier entry. Usually the time in Unix milliseconds.
    pub id: u64,
    /// The time of the computation, in Unix milliseconds.
    pub time: u64,
    /// The tenant that the query named; empty when it named none.
    pub tenant: String,
    /// A 128-bit hash of the query: equal queries have equal hashes.
    pub hash: [u8; 16],
    /// Subject and result, for filters.
    pub record: Record,
    /// The assessment document.
    pub document: Box<[u8]>,
}

impl Entry {
    /// The approximate memory that the entry occupies, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let Record { subject, agreement, hs, origin, destination, status, confidence: _ } = &self.record;
        let texts = [&self.tenant, subject, agreement, hs, origin, destination, status];
        (texts.iter().map(|text| text.len()).sum::<usize>() + self.document.len() + size_of::<Self>()) as u64
    }

    /// The entry as a JSON document. Empty fields are left out; the assessment is the last field.
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
