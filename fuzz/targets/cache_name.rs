//! Names of cached assessments: the key of a model, a zero byte, and a part of a name.
#![no_main]

use assess_fuzz::{cache, io_query, origin, score};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (model, text) = match bytes.iter().position(|&byte| byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (&b"model"[..], bytes),
    };
    cache::name(model, text);
    io_query::request_of(text);
    score::request_of(text);
    origin::request_of(text);
});
