//! Tables: two bytes choose the options of the load, a file follows.
#![no_main]

use assess_fuzz::io;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let [first, second, file @ ..] = bytes {
        io::file(io::options(*first, *second), file);
    }
});
