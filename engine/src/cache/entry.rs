//! A cache entry that a plain string cannot represent: it has tags, or its value is compressed, or both.
//!
//! The byte form is used to save and replicate an entry: the version (1 byte), whether the value is compressed (1
//! byte), the length of the uncompressed value (8 bytes), the number of tags (1 byte), each tag with its length (2
//! bytes), then the stored value. Numbers are little-endian.

use std::borrow::Cow;

use crate::{Error, Result};

/// The largest number of tags of an entry.
pub const MAX_TAGS: usize = 64;
/// The length of the longest tag, in bytes.
pub const MAX_TAG: usize = 256;
/// The length of the longest value, in bytes: the limit of the server's own strings.
const MAX_VALUE: usize = 512 << 20;
/// The largest ratio of LZ4: a block expands to at most this many times its own length.
const BEST_RATIO: usize = 255;

const VERSION: u8 = 1;

/// A value with its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    tags: Box<[Box<[u8]>]>,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    Plain(Box<[u8]>),
    /// An LZ4 block, and the length of the uncompressed value.
    Compressed {
        block: Box<[u8]>,
        length: usize,
    },
}

fn corrupt() -> Error {
    Error::Corrupt("this is no cache entry")
}

impl Entry {
    /// A new entry. A value of at least `compress_at` bytes is compressed, if that makes it smaller. Duplicate tags are
    /// removed.
    pub fn new(value: &[u8], tags: &[&[u8]], compress_at: Option<u64>) -> Self {
        let mut tags: Vec<Box<[u8]>> = tags.iter().map(|&tag| tag.into()).collect();
        tags.sort_unstable();
        tags.dedup();
        let compressed = compress_at
            .filter(|&least| value.len() as u64 >= least)
            .map(|_| lz4_flex::block::compress(value))
            .filter(|block| block.len() < value.len());
        let body = match compressed {
            Some(block) => Body::Compressed { block: block.into(), length: value.len() },
            None => Body::Plain(value.into()),
        };
        Self { tags: tags.into(), body }
    }

    /// The tags, in ascending order.
    pub fn tags(&self) -> impl Iterator<Item = &[u8]> {
        self.tags.iter().map(AsRef::as_ref)
    }

    /// Whether the value is compressed.
    pub fn is_compressed(&self) -> bool {
        matches!(self.body, Body::Compressed { .. })
    }

    /// The uncompressed value.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the compressed block is damaged. [`Entry::decode`] has checked that already.
    pub fn value(&self) -> Result<Cow<'_, [u8]>> {
        match &self.body {
            Body::Plain(value) => Ok(Cow::Borrowed(value)),
            Body::Compressed { block, length } => {
                let value = lz4_flex::block::decompress(block, *length).map_err(|_| corrupt())?;
                if value.len() == *length { Ok(Cow::Owned(value)) } else { Err(corrupt()) }
            }
        }
    }

    /// The length of the stored value, compressed or not, in bytes.
    pub fn stored_len(&self) -> usize {
        match &self.body {
            Body::Plain(value) => value.len(),
            Body::Compressed { block, .. } => block.len(),
        }
    }

    /// The memory that the entry occupies, in bytes.
    pub fn bytes(&self) -> u64 {
        let tags: usize = self.tags.iter().map(|tag| tag.len() + size_of::<Box<[u8]>>()).sum();
        (size_of::<Self>() + tags + self.stored_len()) as u64
    }

    /// The byte form.
    pub fn encode(&self) -> Vec<u8> {
        let (stored, compressed, length) = match &self.body {
            Body::Plain(value) => (value, 0, value.len()),
            Body::Compressed { block, length } => (block, 1, *length),
        };
        let tags: usize = self.tags.iter().map(|tag| tag.len() + 2).sum();
        let mut form = Vec::with_capacity(stored.len() + tags + 16);
        form.extend_from_slice(&[VERSION, compressed]);
        form.extend_from_slice(&(length as u64).to_le_bytes());
        form.push(self.tags.len() as u8);
        for tag in &self.tags {
            form.extend_from_slice(&(tag.len() as u16).to_le_bytes());
            form.extend_from_slice(tag);
        }
        form.extend_from_slice(stored);
        form
    }

    /// Reads the byte form. A compressed value is decompressed once, so that reading it later cannot fail.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for anything that [`Entry::encode`] does not write.
    pub fn decode(form: &[u8]) -> Result<Self> {
        let (head, mut rest) = form.split_first_chunk::<11>().ok_or_else(corrupt)?;
        let [version, compressed, length @ .., tag_count] = head;
        let mut eight = [0; 8];
        eight.copy_from_slice(length);
        let length = usize::try_from(u64::from_le_bytes(eight)).map_err(|_| corrupt())?;
        let tag_count = usize::from(*tag_count);
        if *version != VERSION || *compressed > 1 || length > MAX_VALUE || tag_count > MAX_TAGS {
            return Err(corrupt());
        }
        let mut tags: Vec<Box<[u8]>> = Vec::with_capacity(tag_count);
        for _ in 0..tag_count {
            let (len, after) = rest.split_first_chunk::<2>().ok_or_else(corrupt)?;
            let len = usize::from(u16::from_le_bytes(*len));
            let tag = after.get(..len).filter(|tag| (1..=MAX_TAG).contains(&tag.len())).ok_or_else(corrupt)?;
            if tags.last().is_some_and(|last| **last >= *tag) {
                return Err(corrupt());
            }
            tags.push(tag.into());
            rest = &after[len..];
        }
        let body = if *compressed == 0 {
            if rest.len() != length {
                return Err(corrupt());
            }
            Body::Plain(rest.into())
        } else {
            // Checked before memory for the value is allocated: no valid block has a higher ratio.
            if length > rest.len().saturating_mul(BEST_RATIO) {
                return Err(corrupt());
            }
            Body::Compressed { block: rest.into(), length }
        };
        let entry = Self { tags: tags.into(), body };
        entry.value()?;
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_compressed_only_from_its_length_on_and_when_that_makes_it_smaller() {
        assert!(!Entry::new(b"short", &[], Some(1)).is_compressed());
        assert!(!Entry::new(&[7; 1000], &[], None).is_compressed());
        assert!(!Entry::new(&[7; 1000], &[], Some(1001)).is_compressed());
        let compressed = Entry::new(&[7; 1000], &[], Some(1000));
        assert!(compressed.is_compressed() && compressed.stored_len() < 100);
        assert_eq!(compressed.value().unwrap(), &[7; 1000][..]);
    }

    #[test]
    fn tags_are_a_set() {
        let entry = Entry::new(b"", &[b"b", b"a", b"b"], None);
        assert_eq!(entry.tags().collect::<Vec<_>>(), [b"a", b"b"]);
    }

    #[test]
    fn a_length_over_the_ratio_of_lz4_is_refused_before_memory_is_allocated() {
        let mut form = Entry::new(&[7; 1000], &[], Some(1)).encode();
        form[2..10].copy_from_slice(&(400_u64 << 20).to_le_bytes());
        assert_eq!(Entry::decode(&form), Err(corrupt()));
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let tag = || proptest::collection::vec(any::<u8>(), 1..20);
        let value = proptest::collection::vec(0..4u8, 0..300);
        (value, proptest::collection::vec(tag(), 0..6), proptest::option::of(0..200u64)).prop_map(
            |(value, tags, compress)| {
                let tags: Vec<&[u8]> = tags.iter().map(Vec::as_slice).collect();
                Entry::new(&value, &tags, compress)
            },
        )
    }

    proptest! {
        #[test]
        fn an_encoded_entry_can_be_decoded(entry in entry()) {
            prop_assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
        }

        #[test]
        fn a_damaged_form_is_refused_or_decodes_to_a_valid_entry(
            entry in entry(), at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
        ) {
            let mut form = entry.encode();
            let at = at.index(form.len());
            if cut { form.truncate(at) } else { form[at] = byte }
            if let Ok(read) = Entry::decode(&form) {
                prop_assert!(read.value().is_ok());
                prop_assert_eq!(Entry::decode(&read.encode()), Ok(read));
            }
        }
    }
}
