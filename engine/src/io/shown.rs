//! Labels in messages to the user.

/// The maximum number of characters of a label in a message.
const SHOWN: usize = 60;

/// A label for a message: printable ASCII, shortened if it is long.
pub(in crate::io) fn shown(label: &str) -> String {
    let mut text: String = label.escape_default().take(SHOWN + 1).collect();
    if text.len() > SHOWN {
        text.truncate(SHOWN);
        text.push_str("..");
    }
    text
}

/// A node for a message.
pub(in crate::io) fn shown_node(region: &str, sector: &str) -> String {
    format!("{} {}", shown(region), shown(sector))
}
