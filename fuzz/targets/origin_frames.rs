//! Frames of origin models, as a RESTOREd key brings them.
#![no_main]

use assess_fuzz::{frames, origin};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| origin::from_frames(&frames::split(bytes)));
