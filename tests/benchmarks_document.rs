//! docs/benchmarks.md is rendered from docs/benchmarks.json, which `scripts/bench --record` writes.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

#[test]
fn benchmarks_document_equals_its_figures() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/bench.d");
    let done =
        Command::new("python3").arg(program).args(["--render", "--check"]).env("PYTHONDONTWRITEBYTECODE", "1").output();
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skipped("benchmarks_document_equals_its_figures: no python3")
        }
        done => {
            let done = done.expect("python3 runs");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }
}

/// Records a skipped test in the file that `ASSESS_SKIPPED` names. `scripts/test` counts the lines of the file.
fn skipped(test_and_reason: &str) {
    let note = format!("SKIPPED {test_and_reason}\n");
    print!("{note}");
    if let Some(path) = std::env::var_os("ASSESS_SKIPPED") {
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(note.as_bytes())).expect("the list of skipped tests can be written");
    }
}
