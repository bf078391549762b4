//! Files of the format onnx.
#![no_main]

use assess_engine::score::Format;
use assess_fuzz::score;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| score::file(Format::Onnx, bytes));
