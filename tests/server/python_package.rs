//! The package `redis_assess` of `clients/python`, beside its decorators and workers. Its types are checked with those of
//! the decorators.

use crate::decorators::python;

#[test]
fn python_methods_with_all_options() {
    python("python_methods_with_all_options", "test_surface.py");
}

#[test]
fn python_errors_waits_and_documents() {
    python("python_errors_waits_and_documents", "test_assess.py");
}

#[test]
fn python_entries_and_leases() {
    python("python_entries_and_leases", "test_cache.py");
}

#[test]
fn python_near_cache() {
    python("python_near_cache", "test_near.py");
}

#[test]
fn python_wheel() {
    python("python_wheel", "test_package.py");
}
