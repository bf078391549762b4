//! The list of the nodes of a cluster.
#![no_main]

use assess_fuzz::cluster;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| cluster::nodes(bytes));
