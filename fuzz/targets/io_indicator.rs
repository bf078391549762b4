//! Documents of indicators: two bytes choose the labels and the options, the document follows.
#![no_main]

use assess_fuzz::{io, io_query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let [by, flags, document @ ..] = bytes {
        let model = io_query::chosen(0);
        io::indicator(model, &io::reading(*by, *flags, model), document);
    }
});
