//! Without the fence the comparison with the naive model fails: it would detect a queue that records stale results. A
//! binary of its own, because the hook changes the whole process.
#![cfg(feature = "test-hooks")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "jobs/compare.rs"]
mod compare;
#[path = "jobs/copy.rs"]
mod copy;
#[path = "jobs/model.rs"]
mod model;
#[path = "jobs/model_time.rs"]
mod model_time;
#[path = "jobs/runner.rs"]
mod runner;
#[path = "jobs/steps.rs"]
mod steps;

use assess_engine::jobs::Queue;
use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

#[test]
fn the_model_detects_a_queue_without_fence() {
    Queue::switch_fence_off();
    let config = Config { cases: 2_000, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&vec(steps::step(), 1..120), |steps| runner::Runner::run(&steps));
    let Err(TestError::Fail(reason, _)) = outcome else { panic!("no difference was found: {outcome:?}") };
    let reason = reason.message();
    assert!(reason.contains("report of") || reason.contains("HEARTBEAT"), "{reason}");
}
