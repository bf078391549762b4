//! The clients in `clients/`, each tested in its own language: `tests/clients/` runs against a server.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Server, reference};

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a program to its end; shows its output if it fails.
#[track_caller]
pub(crate) fn assert_passes(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs a Python test against a server of its own.
#[track_caller]
pub(crate) fn python(test: &str, script: &str) {
    let Some(folder) = reference::clients(test, "python") else { return };
    let server = Server::start();
    let mut command = Command::new(folder.join("bin/python"));
    command.arg("-B").arg(Path::new(ROOT).join("tests/clients").join(script));
    command.env("PYTHONPATH", Path::new(ROOT).join("clients/python")).env("REDIS_URL", server.url());
    assert_passes(&mut command);
}

#[test]
fn python_functions() {
    python("python_functions", "test_cached.py");
}

#[test]
fn python_coroutines() {
    python("python_coroutines", "test_cached_async.py");
}

/// Checks the types with mypy in its strict mode.
#[test]
fn python_types() {
    let Some(folder) = reference::clients("python_types", "python") else { return };
    let mut command = Command::new(folder.join("bin/python"));
    command.args(["-B", "-m", "mypy", "--strict", "--cache-dir"]).arg(folder.join("mypy"));
    command.args(["clients/python", "tests/clients/typed_use.py"]).current_dir(ROOT).env("MYPYPATH", "clients/python");
    assert_passes(&mut command);
}

/// Runs a Node test against a server of its own.
#[track_caller]
pub(crate) fn node(test: &str, script: &str) {
    let Some(folder) = reference::clients(test, "node") else { return };
    let run = TempDir::new_in(&folder).expect("a folder below the libraries");
    reference::node_package(run.path());
    let copy = run.path().join(script);
    std::fs::copy(Path::new(ROOT).join("tests/clients").join(script), &copy).expect("a copy");
    let server = Server::start();
    let mut command = Command::new("node");
    command.args(["--test", "--test-force-exit"]).arg(copy).env("REDIS_URL", server.url());
    assert_passes(command.env("REPOSITORY", ROOT).env("TABLES", server.tables()));
}

#[test]
fn node_functions() {
    node("node_functions", "cached.test.mjs");
}

#[test]
fn node_while_redis_is_unreachable() {
    node("node_while_redis_is_unreachable", "away.test.mjs");
}

#[test]
fn node_models() {
    node("node_models", "assess.test.mjs");
}

#[test]
fn node_cache_and_tiers() {
    node("node_cache_and_tiers", "cache.test.mjs");
}

#[test]
fn node_package() {
    node("node_package", "package.test.mjs");
}
