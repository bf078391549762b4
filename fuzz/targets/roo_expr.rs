//! Rule expressions, as the only rule of an agreement.
#![no_main]

use assess_fuzz::origin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| origin::expression(bytes));
