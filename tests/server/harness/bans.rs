//! Invalidations in progress: sweeps that are held until a test releases them.

use super::waiting::wait_until;
use super::{Client, Reply, Server};

/// More entries than an invalidation deletes immediately; a sweep deletes them.
pub(crate) const MANY: i64 = 1000;

impl Server {
    /// A server whose sweeps are held until [`Client::release_sweeps`].
    pub(crate) fn with_held_sweeps(settings: &[&str]) -> Self {
        Self::with_environment(settings, &[("ASSESS_TEST_HOOKS", "sweep")])
    }

    /// A server with the commands of tests, whose sweeps run.
    pub(crate) fn with_test_hooks(settings: &[&str]) -> Self {
        Self::with_environment(settings, &[("ASSESS_TEST_HOOKS", "1")])
    }
}

impl Client {
    /// Writes `prefix1` to `prefixN` with plain commands.
    #[track_caller]
    pub(crate) fn fill(&mut self, prefix: &str, n: i64, value: &str) {
        let script = "for i = 1, tonumber(ARGV[2]) do redis.call('SET', ARGV[1] .. i, ARGV[3], 'EX', 36000) end";
        self.call(&["EVAL", script, "0", prefix, &n.to_string(), value]).good();
    }

    /// The number of keys that match and exist, whether or not the cache serves them.
    #[track_caller]
    pub(crate) fn present(&mut self, pattern: &str) -> usize {
        self.call(&["KEYS", pattern]).good().array().len()
    }

    /// Asserts the value that `CACHE.GET` serves.
    #[track_caller]
    pub(crate) fn serves(&mut self, key: &str, value: Option<&str>) {
        let expected = value.map_or(Reply::Nil, Reply::bulk);
        assert_eq!(self.call(&["CACHE.GET", key]), expected, "{key}");
    }

    /// Invalidates, and returns the number of removed entries.
    #[track_caller]
    pub(crate) fn invalidate(&mut self, clauses: &str) -> i64 {
        self.ask(&format!("CACHE.INVALIDATE {clauses}")).good().integer()
    }

    /// Holds all sweeps from now on.
    pub(crate) fn hold_sweeps(&mut self) {
        self.ask("ASSESS.SABOTAGE sweep").good();
    }

    /// Runs held sweeps for a few steps: some entries are deleted, others are not.
    #[track_caller]
    pub(crate) fn sweep_a_little(&mut self, pattern: &str) {
        let before = self.present(pattern);
        wait_until("a step was swept", || {
            self.ask("ASSESS.SABOTAGE step").good();
            self.present(pattern) < before
        });
    }

    /// Waits until this many invalidations are in progress.
    #[track_caller]
    pub(crate) fn await_sweeps(&mut self, n: i64) {
        wait_until(&format!("{n} sweeps"), || self.info_number("assess", "cache_sweeps") == n);
    }

    /// Releases the sweeps, and waits until they and their bans have ended.
    #[track_caller]
    pub(crate) fn release_sweeps(&mut self) {
        self.ask("ASSESS.SABOTAGE nothing").good();
        self.await_no_bans();
    }

    #[track_caller]
    pub(crate) fn await_no_bans(&mut self) {
        wait_until("no ban is left", || {
            let info = self.info("assess");
            info["cache_sweeps"] == "0" && info["cache_bans"] == "0"
        });
    }

    /// Asserts that index and keyspace agree.
    #[track_caller]
    pub(crate) fn audit(&mut self) {
        wait_until("no index is being built", || self.info_number("assess", "cache_indexing") == 0);
        assert_eq!(self.ask("ASSESS.AUDIT").good().texts(), Vec::<String>::new());
    }
}
