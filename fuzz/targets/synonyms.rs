//! Documents of the format synonyms.
#![no_main]

use assess_engine::origin::Format;
use assess_fuzz::origin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| origin::file(Format::Synonyms, bytes));
