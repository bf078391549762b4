//! Documents of codes that are added to a nomenclature.
#![no_main]

use assess_fuzz::origin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| origin::codes(bytes));
