//! The form of a message: a list of words, each with its length, behind a mark.
//!
//! The bus of a cluster is shared: every module whose name is not nine letters long receives the messages of the others of
//! the same type. The mark tells them apart, and its last byte is the version of the form.

/// The first bytes of every message of this module.
const MARK: &[u8; 8] = b"assess\0\x01";

/// The most words of a message.
pub const MAX_WORDS: usize = 100_000;

/// The largest message in bytes: more than the largest request, 100 clauses of 1 KB, and than [`MAX_BATCH`].
///
/// [`MAX_BATCH`]: super::tiers::MAX_BATCH
pub const MAX_BYTES: usize = 8 << 20;

/// Encodes words as a message.
pub fn encode<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Vec<u8> {
    let mut message = MARK.to_vec();
    for word in words {
        let word = word.as_ref();
        message.extend((word.len() as u32).to_le_bytes());
        message.extend(word);
    }
    message
}

/// The words of a message; `None` if it is damaged, too large, or not one of this module and this version.
pub fn decode(message: &[u8]) -> Option<Vec<&[u8]>> {
    if message.len() > MAX_BYTES {
        return None;
    }
    let mut rest = message.strip_prefix(MARK)?;
    let mut words = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (word, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        if words.len() == MAX_WORDS {
            return None;
        }
        words.push(word);
        rest = after;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_survive(words in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20)) {
            let message = encode(&words);
            prop_assert_eq!(decode(&message).unwrap(), words);
        }

        #[test]
        fn damaged_messages_are_refused_or_have_other_words(
            words in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..9),
            at in any::<prop::sample::Index>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let message = encode(&words);
            let mut flipped = message.clone();
            flipped[at.index(message.len())] ^= 0x55;
            prop_assert_ne!(decode(&flipped).unwrap_or_default(), words.clone());
            prop_assert_ne!(decode(&message[..cut.index(message.len())]).unwrap_or_default(), words);
        }
    }

    #[test]
    fn messages_of_other_modules_are_refused() {
        for message in [&b""[..], b"assess", b"assess\0\x02", b"anything else"] {
            assert_eq!(decode(message), None);
        }
        assert_eq!(decode(MARK), Some(Vec::new()));
        let large = encode([vec![0; MAX_BYTES]]);
        assert_eq!(decode(&large), None);
        let many = encode(vec![b""; MAX_WORDS + 1]);
        assert_eq!(decode(&many), None);
    }
}
