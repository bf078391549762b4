//! Errors for JSON files that do not follow their format.

use crate::{Error, Place};

/// The error for a failure of the JSON parser. Its own message may quote the file, so it is left out.
pub(super) fn bad_form(error: &serde_json::Error, format: &str) -> Error {
    let place = Place { line: error.line() as u64, column: error.column() as u64, ..Place::default() };
    match error.classify() {
        serde_json::error::Category::Data => {
            let reason =
                format!("not of the form of {format}: a field is unknown, missing, repeated or of the wrong type");
            Error::bad(reason, place)
        }
        _ => Error::bad("the file is not JSON, or nested too deeply", place),
    }
}
