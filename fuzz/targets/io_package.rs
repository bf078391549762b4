//! Tables of several files: two bytes choose the options of the load; names and contents of files alternate, a zero byte
//! between them.
#![no_main]

use assess_engine::io::LoadOptions;
use assess_fuzz::{archive, io};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let [first, second, files @ ..] = bytes
        && let Some((package, member)) = archive::of(files)
    {
        io::file(LoadOptions { member, ..io::options(*first, *second) }, &package);
    }
});
