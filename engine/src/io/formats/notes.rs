//! What a user should know about the data of a table: warnings, one ASCII sentence each.

use super::fill::{Filled, column_sums};
use crate::io::labels::Labels;
use crate::{Progress, Result};

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

/// Counts the oddities of a table that has been read.
///
/// # Errors
/// As [`column_sums`].
pub(super) fn of_table(filled: &Filled, negative: u64, labels: &Labels, progress: &Progress) -> Result<Vec<String>> {
    let heavy = column_sums(&filled.matrix, labels, progress)?.into_iter().filter(|&sum| sum >= 1.0).count() as u64;
    let mut notes = Vec::new();
    note(&mut notes, negative, "negative cell", "was read", "were read");
    let (one, many) =
        ("has inputs but no output: its column was set to 0", "have inputs but no output: their columns were set to 0");
    note(&mut notes, filled.idle as u64, "node", one, many);
    note(&mut notes, heavy, "column", "of coefficients sums to 1 or more", "of coefficients sum to 1 or more");
    Ok(notes)
}

/// Adds `3 nodes have ..` unless the count is 0.
pub(super) fn note(notes: &mut Vec<String>, count: u64, noun: &str, one: &str, many: &str) {
    match count {
        0 => {}
        1 => notes.push(format!("1 {noun} {one}")),
        _ => notes.push(format!("{count} {noun}s {many}")),
    }
}
