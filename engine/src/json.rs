//! Writing and checking JSON.

/// Appends `text` as a JSON string.
pub(crate) fn json_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("writing a string to memory cannot fail");
}

/// Appends `,"dropped":[..]` with the words of a search that were dropped, if there are any.
pub(crate) fn json_dropped(words: &[String], out: &mut Vec<u8>) {
    if !words.is_empty() {
        out.extend_from_slice(b",\"dropped\":");
        serde_json::to_writer(out, words).expect("writing strings to memory cannot fail");
    }
}

/// Whether `bytes` are one JSON document, in UTF-8.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok() && has_json_form(bytes)
}

/// Whether `bytes` have the form of one JSON document. Of what is ignored, serde_json does not check the encoding.
pub(crate) fn has_json_form(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}
