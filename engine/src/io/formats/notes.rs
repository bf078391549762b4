//! Warnings for the user about the data of a table: one ASCII sentence each.

use super::fill::{Filled, column_sums};
use crate::io::labels::Labels;
use crate::{Progress, Result};

/// Warnings about unusual values of a table.
///
/// # Errors
/// The errors of [`column_sums`].
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

/// Adds a warning such as `3 nodes have ..`, unless the count is 0.
pub(super) fn note(notes: &mut Vec<String>, count: u64, noun: &str, one: &str, many: &str) {
    match count {
        0 => {}
        1 => notes.push(format!("1 {noun} {one}")),
        _ => notes.push(format!("{count} {noun}s {many}")),
    }
}
