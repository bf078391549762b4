//! Labels in messages.

/// The most characters of a label that a message repeats.
const SHOWN: usize = 60;

/// A label as a message may repeat it: printable ASCII, not too long.
pub(in crate::io) fn shown(label: &str) -> String {
    let mut text: String = label.escape_default().take(SHOWN + 1).collect();
    if text.len() > SHOWN {
        text.truncate(SHOWN);
        text.push_str("..");
    }
    text
}

/// A node as a message may name it.
pub(in crate::io) fn shown_node(region: &str, sector: &str) -> String {
    format!("{} {}", shown(region), shown(sector))
}
