//! Reference data that are not in the repository, and the report of a test that lacks them.

use std::io::Write;
use std::path::PathBuf;

/// The folder or file `name` of the reference data: below `ASSESS_DATA`, else in `../shared/data` beside the
/// repository. If it is absent, this returns `None` after reporting that the test `test` is skipped.
pub(crate) fn find(test: &str, name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("ASSESS_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from);
    let path = data.join(name);
    if path.exists() {
        return Some(path);
    }
    skip(test, &format!("no reference data at {}", path.display()));
    None
}

/// Reports that a test is skipped, and why: on standard output, and in the file that `ASSESS_SKIPPED` names.
pub(crate) fn skip(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}\n");
    print!("{line}");
    if let Some(list) = std::env::var_os("ASSESS_SKIPPED") {
        let mut list =
            std::fs::OpenOptions::new().create(true).append(true).open(list).expect("ASSESS_SKIPPED is a file");
        list.write_all(line.as_bytes()).expect("ASSESS_SKIPPED can be written");
    }
}
