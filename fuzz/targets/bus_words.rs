//! Words of messages of the bus, a zero byte between them: rows of shared tiers, and statistics of another node.
#![no_main]

use assess_fuzz::cluster;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let words: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    cluster::rows(&words);
    cluster::statistics(&words);
});
