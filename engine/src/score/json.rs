//! JSON: errors for files that do not follow their format, and `NaN`, which Python writes although JSON does not have it.

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

/// The text with `null` instead of each `NaN` outside of strings; `None` if it has none.
pub(super) fn nan_as_null(json: &[u8]) -> Option<Vec<u8>> {
    const NAN: &[u8] = b"NaN";
    let mut out = Vec::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = memchr::memchr2(b'"', b'N', json.get(at..)?) {
        at += found;
        if json[at] == b'"' {
            at = end_of_string(json, at + 1)?;
        } else if json[at..].starts_with(NAN) {
            out.extend_from_slice(&json[copied..at]);
            out.extend_from_slice(b"null");
            at += NAN.len();
            copied = at;
        } else {
            // No other word of JSON has this letter.
            return None;
        }
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&json[copied..]);
    Some(out)
}

/// The place after the quotation mark that ends the string.
fn end_of_string(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::nan_as_null;

    #[test]
    fn nan_outside_of_strings_is_null() {
        for (json, expected) in [
            (r#"{"a":NaN}"#, Some(r#"{"a":null}"#)),
            (r#"[NaN, 1,NaN]"#, Some("[null, 1,null]")),
            (r#"{"NaN":1,"b":NaN}"#, Some(r#"{"NaN":1,"b":null}"#)),
            (r#"{"\"NaN\\":NaN}"#, Some(r#"{"\"NaN\\":null}"#)),
            (r#"{"NaN":1}"#, None),
            (r#"{"a":N}"#, None),
            (r#"{"a":"NaN"#, None),
            (r#"{"a":NaN,"b\"#, None),
            ("", None),
        ] {
            assert_eq!(nan_as_null(json.as_bytes()).as_deref(), expected.map(str::as_bytes), "{json}");
        }
    }
}
