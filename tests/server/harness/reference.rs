//! Results computed by other software, where they are available.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of the reference data, or `None` after noting that `test` is skipped.
///
/// The data are in the folder `ASSESS_DATA`, or else in `../shared/data`. The note goes to the file that
/// `ASSESS_SKIPPED` names; `scripts/test` prints it.
pub(crate) fn folder(test: &str, name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ASSESS_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let folder = root.join(name);
    // The server has another working directory.
    if let Ok(folder) = folder.canonicalize() {
        return Some(folder);
    }
    skipped(test, &format!("no reference data in {}", folder.display()));
    None
}

/// The folder where `scripts/clients` has installed the libraries of a language, or `None` after noting the skip.
pub(crate) fn clients(test: &str, language: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("clients").join(language);
    if folder.join("installed").is_file() {
        return Some(folder);
    }
    skipped(test, &format!("no {language} libraries in target/clients: scripts/clients installs them"));
    None
}

/// Makes the package in `clients/node` importable, as `redis-assess`, by the scripts in a folder below the libraries of Node:
/// Node looks for packages in `node_modules` beside the file that imports them, and in the folders above.
pub(crate) fn node_package(folder: &Path) {
    let packages = folder.join("node_modules");
    std::fs::create_dir(&packages).expect("a folder without packages");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/node");
    let copied = Command::new("cp").arg("-R").arg(source).arg(packages.join("redis-assess")).status();
    assert!(copied.expect("cp is installed").success(), "clients/node cannot be copied");
}

/// Notes that `test` is skipped, and why, in the file that `ASSESS_SKIPPED` names.
pub(crate) fn skipped(test: &str, why: &str) {
    let note = format!("SKIPPED {test}: {why}\n");
    print!("{note}");
    if let Some(path) = std::env::var_os("ASSESS_SKIPPED") {
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(note.as_bytes())).expect("the list of skipped tests can be written");
    }
}
