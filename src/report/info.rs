//! The fields of `INFO assess`. `CACHE.METRICS` contains the same numbers under the same names.

use assess_engine::stats::openmetrics::{Kind, Total};

use crate::assessments::waiting;
use crate::cache::{ahead, pending};
use crate::cluster;
use crate::counters;
use crate::ffi::{account, blocked};
use crate::jobs;
use crate::models::directory;
use crate::models::load::loading;
use crate::report::cache_stats;
use crate::work::pool;

/// The version of the module in `Cargo.toml`.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version in `MODULE LIST`: 0.2.0 is 200, 1.2.3 is 10203.
pub(crate) const VERSION_NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 10_000
    + number(env!("CARGO_PKG_VERSION_MINOR")) * 100
    + number(env!("CARGO_PKG_VERSION_PATCH"));

/// Parses a number of decimal digits. Evaluated at compile time.
const fn number(digits: &str) -> u32 {
    let (digits, mut number, mut i) = (digits.as_bytes(), 0, 0);
    while i < digits.len() {
        assert!(digits[i].is_ascii_digit());
        number = number * 10 + (digits[i] - b'0') as u32;
        i += 1;
    }
    number
}

/// The numbers that belong to no tier: models, worker jobs, and the current state of the cache.
pub(crate) fn totals() -> Vec<Total> {
    let now = |name, help, value: usize| Total { name, help, kind: Kind::Gauge, value: value as u64 };
    let mut totals = vec![
        now("models", "Models in all databases", directory::count()),
        now("pending", "Results that are not stored yet", pending::count()),
        now("waiting", "Clients that wait for a model to become ready", waiting::count()),
        now("blocked", "All clients that the module blocks", blocked::count()),
        now("loading", "Loads in flight", loading::count()),
        now("backlog", "Tasks that wait for a thread of the module", pool::backlog()),
        now(
            "cluster_pending",
            "Changes that wait for masters of the cluster that did not answer",
            cluster::ask::pending(),
        ),
        now("running", "Tasks that threads of the module work on", pool::running()),
        now("queues", "Queues of jobs in all databases", jobs::queues()),
        now("job_workers_waiting", "Workers that wait for a job (JOB.CLAIM BLOCK)", jobs::workers_waiting()),
        now("jobs_by_module", "Jobs that the module runs itself", jobs::run_by_module()),
        now("job_waiters", "Clients that wait for the end of a job (JOB.WAIT)", jobs::clients_waiting()),
    ];
    let (used, unused) = ahead::prefetched();
    totals.extend([
        Total {
            name: "user_limit_refusals",
            help: "Commands refused because their user was at assess.max-waits-per-user or assess.max-uploads-per-user",
            kind: Kind::Counter,
            value: account::refused(),
        },
        Total {
            name: "prefetched_used",
            help: "Entries fetched ahead that a client read",
            kind: Kind::Counter,
            value: used,
        },
        Total {
            name: "prefetched_unused",
            help: "Entries fetched ahead that were gone before a client read them",
            kind: Kind::Counter,
            value: unused,
        },
    ]);
    totals.extend(cache_stats::totals());
    totals.extend(counters::totals());
    totals
}

/// The version and all fields: the numbers that belong to no tier, and the counters summed over all tiers.
pub(crate) fn fields() -> (&'static str, Vec<(&'static str, u64)>) {
    let mut fields: Vec<_> = totals().into_iter().map(|total| (total.name, total.value)).collect();
    cache_stats::each_counter(|name, value| fields.push((name, value)));
    (VERSION, fields)
}
