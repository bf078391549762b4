//! Names of members of an archive or a folder.

use crate::Error;
use crate::io::shown::shown;

/// The error for several tables in one input.
pub(super) fn several<'a>(names: impl Iterator<Item = &'a str>) -> Error {
    Error::bad_whole(format!("there are several tables, {}: say MEMBER and one of them", listed(names)))
}

/// A list of member names, shortened if it is long.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 10;
    let names: Vec<String> = names.map(|name| shown(if name.is_empty() { "." } else { name })).collect();
    let more = names.len().saturating_sub(SHOWN);
    let text = names[..names.len() - more].join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// Whether a member is a folder, or a hidden file or metadata of a file manager.
pub(super) fn is_metadata(name: &str) -> bool {
    name.ends_with('/') || name.split('/').any(|piece| piece.starts_with('.') || piece == "__MACOSX")
}
