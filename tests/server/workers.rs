//! The workers in `clients/`, each tested in its own language against a server. Their types are checked with those of the
//! decorators.

use crate::decorators::{node, python};

#[test]
fn python_workers_on_threads() {
    python("python_workers_on_threads", "test_worker.py");
}

#[test]
fn python_workers_in_coroutines() {
    python("python_workers_in_coroutines", "test_worker_async.py");
}

#[test]
fn node_workers() {
    node("node_workers", "worker.test.mjs");
}

#[test]
fn node_queues() {
    node("node_queues", "queue.test.mjs");
}
