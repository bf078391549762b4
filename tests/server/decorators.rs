//! The decorators of clients/, as the README shows them, in their own languages: tests/clients/ run against a server.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Server, reference};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a program to its end; what it says is shown when it fails.
#[track_caller]
fn assert_passes(command: &mut Command, server: &Server) {
    let output = command.env("REDIS_URL", server.url()).stdin(Stdio::null()).output().expect("the program starts");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn python(test: &str, script: &str) {
    let Some(folder) = reference::clients(test, "python") else { return };
    let server = Server::start();
    let mut command = Command::new(folder.join("bin/python"));
    command.arg("-B").arg(Path::new(ROOT).join("tests/clients").join(script));
    assert_passes(command.env("PYTHONPATH", Path::new(ROOT).join("clients/python")), &server);
}

#[test]
fn python_functions() {
    python("python_functions", "test_cached.py");
}

#[test]
fn python_coroutines() {
    python("python_coroutines", "test_cached_async.py");
}

#[test]
fn node_functions() {
    let Some(folder) = reference::clients("node_functions", "node") else { return };
    // Node looks for packages beside the file that imports them.
    let run = TempDir::new_in(&folder).expect("a folder beside the packages");
    for file in ["clients/node/cached.mjs", "tests/clients/cached.test.mjs"] {
        let from = Path::new(ROOT).join(file);
        std::fs::copy(&from, run.path().join(from.file_name().expect("a name"))).expect("a copy");
    }
    let mut command = Command::new("node");
    assert_passes(command.arg("--test").arg(run.path().join("cached.test.mjs")), &Server::start());
}
