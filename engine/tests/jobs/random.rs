//! Random sequences of requests, compared with the naive model.

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::runner::Runner;
use crate::steps::step;

/// More cases with PROPTEST_CASES.
fn config() -> Config {
    let usual = Config::default();
    Config { cases: usual.cases.max(400), failure_persistence: None, max_shrink_iters: 20_000, ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_reply_and_every_job_equals_the_model(steps in prop::collection::vec(step(), 1..120)) {
        Runner::run(&steps)?;
    }
}
