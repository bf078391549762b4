//! Queries of IO models: the first bytes choose the model and the document, a zero byte ends a word. The text is searched
//! for, too.
#![no_main]

use assess_fuzz::io_query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let [which, form, rest @ ..] = bytes {
        let words: Vec<&[u8]> = rest.split(|&byte| byte == 0).collect();
        io_query::document(*which, *form, &words);
        io_query::search(*which, rest);
    }
});
