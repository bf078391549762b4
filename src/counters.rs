//! Counters of this process, shown in `INFO assess` and in `CACHE.METRICS`.
//!
//! Only the main thread increments and reads them, so they are plain cells.

use std::cell::Cell;

use assess_engine::stats::openmetrics::{Kind, Total};

use crate::ffi::event_loop;
use crate::ffi::guard;

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident),* $(,)?) => {
        /// Counters of the main thread.
        #[derive(Default)]
        pub(crate) struct Counters { $( $(#[doc = $doc])+ pub(crate) $name: Cell<u64>, )* }

        impl Counters {
            /// All counters, in order. The help text of each is its documentation.
            fn totals(&self) -> Vec<Total> {
                vec![$( Total {
                    name: stringify!($name),
                    help: concat!($($doc),+),
                    kind: Kind::Counter,
                    value: self.$name.get(),
                }, )*]
            }
        }
    };
}

counters! {
    /// Assessments served from the cache, or from a result that is not stored yet.
    hits,
    /// Assessments that had to be computed.
    misses,
    /// Cached documents that belong to another version of the model.
    outdated,
    /// Computed assessments that were stored.
    stored,
    /// Computed assessments that were not stored: the server refused, or the model had changed.
    not_stored,
    /// Cached documents unlinked because their model was changed or removed.
    swept,
    /// Assessments not logged in a history: the queue was full, memory was short, or the model was removed.
    history_dropped,
    /// Models committed by MODEL.LOAD and MODEL.SET.
    loads,
    /// Loads that ended in an error or were aborted.
    loads_failed,
    /// Requests of other nodes of the cluster that were carried out (CLUSTER).
    cluster_requests,
    /// Messages of requests that were repeated because a node had not answered.
    cluster_repeated,
    /// Models that the server evicted.
    models_evicted,
    /// Changes from the master or the append-only file that failed: the models may differ from the master's.
    replay_errors,
    /// How often jobs began to wait: submitted, delayed, run again.
    jobs_queued,
    /// Jobs handed to workers.
    jobs_started,
    /// Jobs that ended with a result.
    jobs_completed,
    /// Jobs that ended with an error.
    jobs_failed,
    /// Jobs that were cancelled.
    jobs_cancelled,
    /// Jobs that lost their lease too often.
    jobs_dead,
    /// Jobs of REFRESH and PREFETCH that could not be submitted: the queue is full or on another node, or memory is short.
    ahead_refused,
}

thread_local! {
    static COUNTERS: Counters = Counters::default();
}

/// Adds one to a counter: `counters::count(|c| &c.hits)`.
#[inline]
pub(crate) fn count(which: impl FnOnce(&Counters) -> &Cell<u64>) {
    add(which, 1);
}

/// Adds to a counter.
#[inline]
pub(crate) fn add(which: impl FnOnce(&Counters) -> &Cell<u64>, by: u64) {
    COUNTERS.with(|counters| {
        let counter = which(counters);
        counter.set(counter.get() + by);
    });
}

/// The value of a counter.
pub(crate) fn get(which: impl FnOnce(&Counters) -> &Cell<u64>) -> u64 {
    COUNTERS.with(|counters| which(counters).get())
}

/// Every counter.
pub(crate) fn totals() -> Vec<Total> {
    let mut totals = COUNTERS.with(Counters::totals);
    let slices = event_loop::slices();
    totals.extend(
        [
            ("slices", "Slices of background work on the main thread", Kind::Counter, slices.count),
            ("slices_over_1ms", "Slices that took more than one millisecond", Kind::Counter, slices.over_1ms),
            ("slice_max_us", "The longest slice, in microseconds", Kind::Gauge, slices.max_us),
            ("panics", "Panics of the module that were caught, see the log", Kind::Counter, guard::panics()),
        ]
        .map(|(name, help, kind, value)| Total { name, help, kind, value }),
    );
    totals
}
