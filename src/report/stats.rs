//! Counters of this process, shown in `INFO assess` and in `CACHE.METRICS`.
//!
//! Plain cells on the main thread, which is the only one that answers; atomics for the few that workers touch.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use assess_engine::stats::openmetrics::{Kind, Total};

static PANICS: AtomicU64 = AtomicU64::new(0);

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ident),* $(,)?) => {
        /// Counters of the main thread.
        #[derive(Default)]
        pub(crate) struct Counters { $( $(#[doc = $doc])+ pub(crate) $name: Cell<u64>, )* }

        impl Counters {
            /// All of them, in order; what each is, is its documentation above.
            fn totals(&self) -> Vec<Total> {
                vec![$( Total {
                    name: stringify!($name),
                    help: concat!($($doc),+),
                    kind: Kind::$kind,
                    value: self.$name.get(),
                }, )*]
            }
        }
    };
}

counters! {
    /// Assessments served from the cache, or from a result not stored yet.
    hits: Counter,
    /// Assessments that had to be computed.
    misses: Counter,
    /// Cached documents that were of another version than the model's.
    outdated: Counter,
    /// Computed assessments that were stored.
    stored: Counter,
    /// Computed assessments that the server refused to store, or that were out of date by then.
    not_stored: Counter,
    /// Cached documents unlinked because their model changed or went.
    swept: Counter,
    /// Assessments that should have been logged and were not: too many at once, or the model was gone by then.
    history_dropped: Counter,
    /// Models committed by MODEL.LOAD and MODEL.SET.
    loads: Counter,
    /// Loads that ended in an error or were aborted.
    loads_failed: Counter,
    /// Models that the server evicted for want of memory.
    models_evicted: Counter,
    /// Changes from the master or the append-only file that could not be made: the models differ from the master's.
    replay_errors: Counter,
    /// Slices of background work on the main thread.
    slices: Counter,
    /// Slices that took more than a millisecond.
    slices_over_1ms: Counter,
    /// The longest slice, in microseconds.
    slice_max_us: Gauge,
}

thread_local! {
    static COUNTERS: Counters = Counters::default();
}

/// Adds one to a counter: `stats::count(|c| &c.hits)`.
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

/// Records a slice of background work.
pub(crate) fn slice(took: Duration) {
    COUNTERS.with(|counters| {
        let us = took.as_micros() as u64;
        counters.slices.set(counters.slices.get() + 1);
        if us > 1000 {
            counters.slices_over_1ms.set(counters.slices_over_1ms.get() + 1);
        }
        counters.slice_max_us.set(counters.slice_max_us.get().max(us));
    });
}

/// Records a panic that was caught. Any thread.
pub(crate) fn panicked() {
    PANICS.fetch_add(1, Ordering::Relaxed);
}

/// Every counter.
pub(crate) fn totals() -> Vec<Total> {
    let mut totals = COUNTERS.with(Counters::totals);
    totals.push(Total {
        name: "panics",
        help: "Bugs of the module that were caught, see the log",
        kind: Kind::Counter,
        value: PANICS.load(Ordering::Relaxed),
    });
    totals
}
