//! The module against a real redis-server: one file per concern, one harness.
//!
//! Every test has a server of its own. `ASSESS_MODULE` names the file of the module; by default it is the one that
//! `cargo build` has put beside the tests. No test measures speed or waits for a fixed time: tests wait for events.
//! `ASSESS_SERVER_WRAPPER` names a program that runs the command of every server, such as `scripts/as-debian-service`.

mod acl;
mod ahead;
mod bans;
mod blocking;
mod cache;
mod cache_commands;
mod cache_persistence;
mod client_library;
mod cluster;
mod commands;
mod configuration;
mod crash;
mod decorators;
mod depth;
mod deriving;
mod docs;
mod documents;
mod drift;
mod errors;
mod fetch;
mod files;
mod guard;
mod harness;
mod history;
mod invalidation;
mod jobs;
mod jobs_module;
mod log;
mod memory;
mod metrics;
mod newer;
mod one_reply;
mod oom;
mod origin;
mod packaged_service;
mod persistence;
mod presets;
mod python_package;
mod references;
mod repeated_loads;
mod replication;
mod reported;
mod reported_cache;
mod reported_models;
mod restore;
mod score;
mod secrets;
mod setup;
mod slow_work;
mod stale;
mod tables;
mod tiers;
mod transactions;
mod transfers;
mod upgrade;
mod user_limits;
mod workers;
