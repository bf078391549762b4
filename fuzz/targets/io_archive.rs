//! Archives and compressed files as they are: zip, gzip and zstd.
#![no_main]

use assess_engine::io::LoadOptions;
use assess_fuzz::io;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| io::archive(LoadOptions::default(), bytes));
