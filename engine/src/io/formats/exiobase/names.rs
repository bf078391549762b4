//! Identifying files by their names.

use crate::io::formats::members::is_metadata;
use crate::io::shown::shown;
use crate::{Error, Result};

/// A part of the package, and its name in messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role {
    pub(super) part: usize,
    pub(super) name: &'static str,
}

/// The file names of each role, as text and as csv.
const NAMES: [[&str; 2]; 7] = [
    ["A.txt", "A.csv"],
    ["Z.txt", "Z.csv"],
    ["x.txt", "x.csv"],
    ["Y.txt", "Y.csv"],
    ["F.txt", "F.csv"],
    ["S.txt", "S.csv"],
    ["unit.txt", "unit.csv"],
];

/// The folder of a file, with its last slash, and the file name in it.
pub(super) fn part_of(name: &str) -> (&str, &str) {
    name.split_at(name.rfind('/').map_or(0, |slash| slash + 1))
}

/// The role for a file name: compressed or not, ignoring case, and with `.tsv` for tab-separated files.
pub(super) fn spelt(base: &str) -> Option<&'static str> {
    let lower = base.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").or_else(|| lower.strip_suffix(".zst")).unwrap_or(&lower);
    let plain = plain.strip_suffix(".tsv").map_or_else(|| plain.to_owned(), |stem| format!("{stem}.txt"));
    NAMES.iter().flatten().find(|name| name.eq_ignore_ascii_case(&plain)).copied()
}

/// The parts that have a role in a folder, given with its last slash. Exact spellings come first.
pub(super) fn roles(names: &[String], folder: &str, role: &str) -> Vec<Role> {
    let stem = |name: &str| name.split('.').next() == Some(role);
    let is_it = |(part, full): (usize, &String)| {
        let base = full.strip_prefix(folder).filter(|base| !base.contains('/'))?;
        let name = spelt(base).filter(|name| stem(name))?;
        Some((base != name, name.ends_with(".csv"), Role { part, name }))
    };
    let mut found: Vec<_> = names.iter().enumerate().filter_map(is_it).collect();
    found.sort_by_key(|&(unusual, csv, role)| (unusual, csv, role.part));
    found.into_iter().map(|(.., role)| role).collect()
}

/// The first part that has a role in a folder.
pub(super) fn role(names: &[String], folder: &str, role: &str) -> Option<Role> {
    roles(names, folder, role).first().copied()
}

/// The part of a role that must not occur twice: the user may mean either of the two.
pub(super) fn one(names: &[String], folder: &str, role: &str) -> Result<Option<Role>> {
    match roles(names, folder, role)[..] {
        [first, second, ..] => Err(Error::bad_whole(format!(
            "there are both {} and {}: take one out",
            shown(&names[first.part]),
            shown(&names[second.part])
        ))),
        ref roles => Ok(roles.first().copied()),
    }
}

/// The folder of a file whose name is that of a table of this layout.
pub(super) fn folder_of_table<'n>(names: &[String], name: &'n str) -> Option<&'n str> {
    let (folder, base) = part_of(name);
    let is_usual = || {
        let plain = base.strip_suffix(".gz").or_else(|| base.strip_suffix(".zst")).unwrap_or(base);
        NAMES[..2].iter().flatten().any(|name| *name == plain)
    };
    // `z.txt` may be any file, unless `x.txt` or `y.txt` is in the same folder.
    let is_table = spelt(base).is_some_and(|name| NAMES[..2].iter().flatten().any(|table| *table == name));
    let has_more = || ["x", "Y"].iter().any(|what| role(names, folder, what).is_some());
    (is_table && !is_metadata(name) && (is_usual() || has_more())).then_some(folder)
}
