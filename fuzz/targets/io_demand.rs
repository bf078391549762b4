//! Demands of the caller's own: the first byte chooses the model, the document follows.
#![no_main]

use assess_fuzz::io_query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let [which, document @ ..] = bytes {
        io_query::own_demand(*which, document);
    }
});
