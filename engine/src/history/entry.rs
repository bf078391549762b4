//! An assessment that was computed, as the history keeps it.

use super::record::Record;
use crate::json::json_string;

/// An assessment that was computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Grows from entry to entry: Unix milliseconds, or more.
    pub id: u64,
    /// When it was computed, in Unix milliseconds.
    pub time: u64,
    /// On whose behalf, as the query said; empty when it did not.
    pub tenant: String,
    /// 128 bits that stand for the query: equal queries have equal ones.
    pub hash: [u8; 16],
    /// What it was about and what came out.
    pub record: Record,
    /// The assessment document.
    pub document: Box<[u8]>,
}

impl Entry {
    /// Bytes of memory held, about.
    pub(super) fn bytes(&self) -> u64 {
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
