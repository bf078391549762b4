//! Invalidations in the middle: sweeps that are held until a test lets them go.

use super::patience::wait_until;
use super::{Client, Reply, Server};

/// More entries than an invalidation sweeps on the spot.
pub(crate) const MANY: i64 = 1000;

impl Server {
    /// A server whose sweeps wait until [`Client::let_go`].
    pub(crate) fn holding(settings: &[&str]) -> Self {
        Self::with_environment(settings, &[("ASSESS_TEST_HOOKS", "sweep")])
    }

    /// One whose sweeps go on, and that has the commands of tests.
    pub(crate) fn hooked(settings: &[&str]) -> Self {
        Self::with_environment(settings, &[("ASSESS_TEST_HOOKS", "1")])
    }
}

impl Client {
    /// Writes `prefix1` to `prefixN` as a user does.
    #[track_caller]
    pub(crate) fn fill(&mut self, prefix: &str, n: i64, value: &str) {
        let script = "for i = 1, tonumber(ARGV[2]) do redis.call('SET', ARGV[1] .. i, ARGV[3], 'EX', 36000) end";
        self.call(&["EVAL", script, "0", prefix, &n.to_string(), value]).good();
    }

    /// How many keys match: there, whatever is served of them.
    #[track_caller]
    pub(crate) fn present(&mut self, pattern: &str) -> usize {
        self.call(&["KEYS", pattern]).good().array().len()
    }

    /// Asserts what `CACHE.GET` serves.
    #[track_caller]
    pub(crate) fn serves(&mut self, key: &str, value: Option<&str>) {
        let expected = value.map_or(Reply::Nil, Reply::bulk);
        assert_eq!(self.call(&["CACHE.GET", key]), expected, "{key}");
    }

    /// Invalidates; the number of entries that went.
    #[track_caller]
    pub(crate) fn invalidate(&mut self, clauses: &str) -> i64 {
        self.ask(&format!("CACHE.INVALIDATE {clauses}")).good().integer()
    }

    /// Sweeps go no further from now on.
    pub(crate) fn hold(&mut self) {
        self.ask("ASSESS.SABOTAGE sweep").good();
    }

    /// Lets a little of what is held be swept: entries are gone, others are not.
    #[track_caller]
    pub(crate) fn sweep_a_little(&mut self, pattern: &str) {
        let before = self.present(pattern);
        wait_until("a step was swept", || {
            self.ask("ASSESS.SABOTAGE step").good();
            self.present(pattern) < before
        });
    }

    /// Waits until this many invalidations are under way.
    #[track_caller]
    pub(crate) fn await_sweeps(&mut self, n: i64) {
        wait_until(&format!("{n} sweeps"), || self.info_number("assess", "cache_sweeps") == n);
    }

    /// Lets sweeps go on, and waits until they and their bans are over.
    #[track_caller]
    pub(crate) fn let_go(&mut self) {
        self.ask("ASSESS.SABOTAGE nothing").good();
        self.await_no_bans();
    }

    #[track_caller]
    pub(crate) fn await_no_bans(&mut self) {
        wait_until("nothing is banned", || {
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
