//! `scripts/setup`: its messages when something is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs `scripts/setup --check` with a `rustc --version` that prints this; returns its success and its messages.
fn check_with_rustc(version: &str) -> (bool, String) {
    let folder = TempDir::new().expect("a temporary folder");
    let rustc = folder.path().join("rustc");
    fs::write(&rustc, format!("#!/bin/sh\necho '{version}'\n")).expect("a file");
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).expect("permissions");
    let path = std::env::var("PATH").expect("a PATH");
    let done = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/setup"))
        .arg("--check")
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .output()
        .expect("a shell");
    (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn an_old_rust_is_refused_with_the_version_that_is_needed_and_the_remedy() {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    for old in ["1.63.0", "1.9.0", "0.95.0"] {
        let (is_good, messages) = check_with_rustc(&format!("rustc {old} (897e37553 2022-08-02)"));
        assert!(!is_good, "{old}");
        assert!(messages.contains(old) && messages.contains(needed) && messages.contains("rustup"), "{messages}");
    }
}

#[test]
fn the_needed_version_and_later_ones_are_accepted() {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    for version in [&format!("{needed}.0"), &format!("{needed}.2-nightly"), "1.100.0", "2.0.0"] {
        let (is_good, messages) = check_with_rustc(&format!("rustc {version} (0123456789 2026-01-01)"));
        assert!(is_good, "{version}: {messages}");
    }
}
