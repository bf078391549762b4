//! Frames of score models, as a RESTOREd key brings them.
#![no_main]

use assess_fuzz::{frames, score};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| score::from_frames(&frames::split(bytes)));
