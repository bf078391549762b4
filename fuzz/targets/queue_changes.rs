//! Changes of a job queue, as a RESTOREd key brings them: the queue survives saving and loading, and every request works.
#![no_main]

use assess_fuzz::queue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| queue::from_changes(bytes));
