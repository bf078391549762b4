//! Entries of a history, as a RESTOREd key brings them: decoded entries are encoded unchanged.
#![no_main]

use assess_engine::history::codec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(entries) = codec::decode(bytes) else { return };
    let mut again = Vec::new();
    // An entry that is too long for one frame is left out.
    if entries.iter().all(|entry| codec::encode(entry, &mut again)) {
        assert_eq!(codec::decode(&again), Ok(entries));
    }
});
