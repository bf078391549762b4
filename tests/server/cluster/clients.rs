//! Cluster clients of three libraries, unchanged, each in its own language.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::decorators::{ROOT, assert_passes};
use crate::harness::cluster::Cluster;
use crate::harness::{Server, mini, reference};

/// Runs a program with the ports of three masters, and a table.
#[track_caller]
fn passes(command: &mut Command) {
    let cluster = Cluster::of(3, &[]);
    let ports: Vec<String> = cluster.masters.iter().map(|master| Server::port(master).to_string()).collect();
    let folder = TempDir::new().expect("a temporary folder");
    let table = folder.path().join("mini.csv");
    std::fs::write(&table, mini::TABLE).expect("a file in a temporary folder");
    assert_passes(command.env("REDIS_PORTS", ports.join(",")).env("TABLE", table));
}

#[test]
fn redis_py_routes_and_follows_a_slot_under_traffic() {
    let Some(folder) = reference::clients("redis_py_routes_and_follows_a_slot_under_traffic", "python") else { return };
    let script = Path::new(ROOT).join("tests/clients/test_cluster.py");
    passes(Command::new(folder.join("bin/python")).arg("-B").arg(script));
}

#[test]
fn the_python_package_reaches_all_masters() {
    let Some(folder) = reference::clients("the_python_package_reaches_all_masters", "python") else { return };
    let script = Path::new(ROOT).join("tests/clients/test_package_cluster.py");
    let package = Path::new(ROOT).join("clients/python");
    passes(Command::new(folder.join("bin/python")).arg("-B").arg(script).env("PYTHONPATH", package));
}

#[test]
fn node_redis_and_ioredis_route() {
    let Some(folder) = reference::clients("node_redis_and_ioredis_route", "node") else { return };
    let run = TempDir::new_in(&folder).expect("a folder below the libraries");
    reference::node_package(run.path());
    let script = run.path().join("cluster.test.mjs");
    std::fs::copy(Path::new(ROOT).join("tests/clients/cluster.test.mjs"), &script).expect("a copy");
    passes(Command::new("node").args(["--test", "--test-force-exit"]).arg(script));
}
