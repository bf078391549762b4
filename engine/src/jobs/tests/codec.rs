//! The byte form of every change.

use proptest::collection::vec;
use proptest::prelude::*;

use super::changes::change;
use crate::Error;
use crate::jobs::Queue;
use crate::jobs::change::Change;
use crate::jobs::codec::{decode, encode};

fn encoded(changes: &[Change]) -> Vec<u8> {
    let mut bytes = Vec::new();
    changes.iter().for_each(|change| encode(change, &mut bytes));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_change_is_decoded_as_it_was_encoded(changes in vec(change(), 1..4)) {
        let bytes = encoded(&changes);
        let mut rest = &*bytes;
        for change in changes {
            prop_assert_eq!(decode(&mut rest), Ok(Some(change)));
        }
        prop_assert_eq!(decode(&mut rest), Ok(None));
    }

    #[test]
    fn metadata_that_are_not_json_are_corrupt(change in change()) {
        let bytes = encoded(&[change]);
        // As long as the metadata that some changes have.
        for (json, other) in [(&b"\"a\""[..], &b"\"a'"[..]), (b"[1, null]", b"[1, nil ]")] {
            if let Some(at) = bytes.windows(json.len()).position(|part| part == json) {
                let mut crafted = bytes.clone();
                crafted[at..at + json.len()].copy_from_slice(other);
                prop_assert!(matches!(decode(&mut &*crafted), Err(Error::Corrupt(_))));
            }
        }
    }

    #[test]
    fn truncated_bytes_are_corrupt(change in change(), cut in any::<prop::sample::Index>()) {
        let bytes = encoded(&[change]);
        let mut part = &bytes[..cut.index(bytes.len())];
        let is_empty = part.is_empty();
        let decoded = decode(&mut part);
        let is_refused = if is_empty { decoded == Ok(None) } else { matches!(decoded, Err(Error::Corrupt(_))) };
        prop_assert!(is_refused);
    }

    #[test]
    fn changed_bits_are_another_change_or_corrupt(
        change in change(),
        flips in vec((any::<prop::sample::Index>(), 0..8u8), 1..4),
    ) {
        let mut bytes = encoded(&[change]);
        for (place, bit) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
        let mut rest = &*bytes;
        while let Ok(Some(change)) = decode(&mut rest) {
            prop_assert_eq!(decode(&mut &*encoded(std::slice::from_ref(&change))), Ok(Some(change)));
        }
    }

    #[test]
    fn any_bytes_take_little_memory(bytes in vec(any::<u8>(), 0..400)) {
        let mut queue = Queue::default();
        let _ = queue.apply(&bytes);
        prop_assert!(queue.bytes() - Queue::default().bytes() <= 64 * bytes.len() as u64);
    }
}

#[test]
fn a_length_beyond_the_end_allocates_nothing() {
    for length in [10, 1 << 20, u64::MAX >> 1, u64::MAX] {
        // A removal of a schedule with a name of that length.
        let mut bytes = encoded(&[Change::Removed { seq: length }]);
        bytes[0] = 14;
        bytes.extend([b'x'; 5]);
        assert!(matches!(decode(&mut &*bytes), Err(Error::Corrupt(_))), "{length}");
    }
}

#[test]
fn a_number_has_one_meaning() {
    // Removed { seq }, as LEB128: ten bytes at most, no bit above the 64th.
    let seq = |bytes: &[u8]| decode(&mut [&[9], bytes].concat().as_slice());
    assert_eq!(seq(&[0x80, 0x01]), Ok(Some(Change::Removed { seq: 128 })));
    let largest = [[0xff; 9].as_slice(), &[0x01]].concat();
    assert_eq!(seq(&largest), Ok(Some(Change::Removed { seq: u64::MAX })));
    for wrong in [&[0xff; 9][..], &[0xff; 10], &[0x80; 11], &[[0xff; 9].as_slice(), &[0x02]].concat()] {
        assert!(seq(wrong).is_err(), "{wrong:?}");
    }
}
