//! What-if analyses: the first bytes choose the model and the layers, a zero byte ends a word of subject and changes.
#![no_main]

use assess_fuzz::io_query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let [which, layers, rest @ ..] = bytes {
        let words: Vec<&[u8]> = rest.split(|&byte| byte == 0).collect();
        io_query::what_if(*which, *layers, &words);
    }
});
