//! What-if analyses against a naive computation with a dense inverse, and against numpy on a real table.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;
mod reference;

#[path = "whatif/naive.rs"]
mod naive;
#[path = "whatif/properties.rs"]
mod properties;
#[path = "whatif/refusals.rs"]
mod refusals;
#[path = "whatif/wiod.rs"]
mod wiod;

use assess_engine::io::IoModel;
use assess_engine::model::{Identity, Query};
use assess_engine::{Error, Progress};
use serde_json::Value;

/// The document of a what-if analysis; changes are words separated by blanks.
fn what_if(model: &IoModel, subject: (&str, &str), changes: &str, query: &Query<'_>) -> Result<Value, Error> {
    let words: Vec<&[u8]> = changes.split_ascii_whitespace().map(str::as_bytes).collect();
    let subject = [subject.0.as_bytes(), subject.1.as_bytes()];
    let mut out = b"before".to_vec();
    let identity = Identity { name: b"icio", version: 3 };
    match model.what_if(&identity, &subject, &words, query, &Progress::default(), &mut out) {
        Ok(()) => Ok(serde_json::from_slice(&out[6..]).unwrap()),
        Err(error) => {
            assert_eq!(out, b"before", "a failure leaves the output unchanged");
            Err(error)
        }
    }
}
