//! Declarations of tiers: a zero byte ends a word.
#![no_main]

use assess_fuzz::cache;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let words: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    cache::declarations(&words);
});
