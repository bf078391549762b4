//! What a queue did lately on this server: rates, times and the types that workers ask for. Not saved, not replicated
//! as such: every server counts the changes that it applies.

use std::collections::BTreeMap;

use super::request::MAX_NAME;
use crate::stats::{Latency, Rate};

/// How long a type counts as handled after a worker asked for it, in milliseconds.
const HANDLED_MS: u64 = 60_000;
/// The most types that are remembered.
const MAX_HANDLED: usize = 1_000;

/// Recent activity.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity {
    /// Types with the time when a worker last asked for them.
    handled: BTreeMap<Box<[u8]>, u64>,
    ended: u64,
    last_observed: u64,
    rate: Rate,
    /// From pending to claimed.
    pub(super) waiting: Latency,
    /// From claimed to the end of the run.
    pub(super) running: Latency,
}

impl Activity {
    /// A worker asked for jobs of a type.
    pub(super) fn asked(&mut self, job_type: &[u8], now: u64) {
        if let Some(at) = self.handled.get_mut(job_type) {
            *at = now;
            return;
        }
        if self.handled.len() >= MAX_HANDLED {
            self.handled.retain(|_, at| at.saturating_add(HANDLED_MS) > now);
        }
        if self.handled.len() < MAX_HANDLED && job_type.len() <= MAX_NAME {
            self.handled.insert(job_type.into(), now);
        }
    }

    /// The types that workers asked for in the last minute.
    pub(super) fn handled(&self, now: u64) -> impl Iterator<Item = &[u8]> {
        self.handled.iter().filter(move |&(_, &at)| at.saturating_add(HANDLED_MS) > now).map(|(name, _)| &**name)
    }

    pub(super) fn started(&mut self, waited_ms: u64) {
        self.waiting.record(waited_ms.saturating_mul(1000));
    }

    pub(super) fn stopped(&mut self, ran_ms: u64) {
        self.running.record(ran_ms.saturating_mul(1000));
    }

    pub(super) fn ended(&mut self, now: u64) {
        self.ended += 1;
        if now.saturating_sub(self.last_observed) >= 1000 {
            self.last_observed = now;
            self.rate.observe(now, self.ended);
        }
    }

    /// Ended jobs per second over about the last ten seconds.
    pub(super) fn per_second(&self, now: u64) -> f64 {
        let mut rate = self.rate.clone();
        rate.observe(now, self.ended);
        rate.per_second()
    }
}
