//! Glob patterns: a pattern, a zero byte, and a text.
#![no_main]

use assess_fuzz::glob;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        glob::check(&bytes[..at], &bytes[at + 1..]);
    }
});
