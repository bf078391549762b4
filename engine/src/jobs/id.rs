//! The id of a job.

use std::borrow::Cow;

/// The id of a job: a UUID in 16 bytes, or the text that the client chose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobId {
    /// A UUID in its canonical form (lower case, with hyphens).
    Uuid([u8; 16]),
    /// Any other text.
    Text(Box<[u8]>),
}

/// The places of the hyphens in the text of a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl JobId {
    /// The id with this text.
    pub fn of(text: &[u8]) -> Self {
        uuid(text).map_or_else(|| Self::Text(text.into()), Self::Uuid)
    }

    /// A new id: a UUID of version 7, whose first 48 bits are the time. Ids of one time are near each other, so that
    /// a search tree of them is filled from one side.
    pub(super) fn new(now: u64, random: &mut dyn FnMut() -> u64) -> Self {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&random().to_be_bytes());
        bytes[6..8].copy_from_slice(&(random() as u16).to_be_bytes());
        bytes[..6].copy_from_slice(&now.to_be_bytes()[2..]);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self::Uuid(bytes)
    }

    /// The text.
    pub fn text(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Uuid(bytes) => {
                let mut text = Vec::with_capacity(36);
                for byte in bytes {
                    if HYPHENS.contains(&text.len()) {
                        text.push(b'-');
                    }
                    text.extend([byte >> 4, byte & 0x0f].map(|half| b"0123456789abcdef"[usize::from(half)]));
                }
                Cow::Owned(text)
            }
        }
    }

    /// The bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Uuid(_) => 0,
            Self::Text(text) => text.len(),
        }
    }
}

fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 || HYPHENS.iter().any(|&at| text[at] != b'-') {
        return None;
    }
    let mut bytes = [0; 16];
    let mut halves = text.iter().enumerate().filter(|(at, _)| !HYPHENS.contains(at)).map(|(_, &byte)| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    });
    for byte in &mut bytes {
        *byte = halves.next()?? << 4 | halves.next()??;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_keeps_its_text_and_other_texts_stay_as_they_are() {
        for text in ["0192f0c1-2b3c-7d4e-8f5a-6b7c8d9e0f1a", "0192F0C1-2b3c-7d4e-8f5a-6b7c8d9e0f1a", "job:1", ""] {
            assert_eq!(&*JobId::of(text.as_bytes()).text(), text.as_bytes());
        }
        let mut seed = 7u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed
        };
        let id = JobId::new(1_764_000_000_000, &mut random);
        let text = String::from_utf8(id.text().into_owned()).unwrap();
        assert_eq!((text.len(), &text[14..15]), (36, "7"));
        assert!("89ab".contains(&text[19..20]), "{text}");
        assert_eq!(JobId::of(text.as_bytes()), id);
        assert!(matches!(id, JobId::Uuid(_)));
    }
}
