//! Cache entries in their byte form.
#![no_main]

use assess_fuzz::cache;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| cache::entry(bytes));
