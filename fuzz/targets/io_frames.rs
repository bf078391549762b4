//! Frames of IO models, as a RESTOREd key brings them.
#![no_main]

use assess_fuzz::{frames, io};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| io::from_frames(&frames::split(bytes)));
