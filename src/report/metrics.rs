//! `CACHE.METRICS`.

use assess_engine::stats::openmetrics;

use super::info;
use crate::cache::with;

/// The statistics as OpenMetrics text, without the last newline. redis-cli adds it, so `redis-cli CACHE.METRICS > file`
/// writes a valid file.
pub(crate) fn text() -> String {
    let totals = info::totals();
    let mut text = String::new();
    with(|cache| {
        let row = |name, id| {
            let usage = cache.index.usage(id);
            openmetrics::Row { name, stats: cache.stats.get(id), entries: usage.entries, bytes: usage.bytes }
        };
        let mut rows: Vec<_> = cache.tiers.iter().map(|tier| row(&tier.name[..], Some(tier.id))).collect();
        rows.push(row(b"", None));
        openmetrics::render(&mut text, info::VERSION, &rows, &totals);
    });
    text
}
