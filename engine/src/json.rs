//! Writing JSON.

/// Appends `text` as a JSON string.
pub(crate) fn json_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("writing a string to memory cannot fail");
}
