//! Statistics as OpenMetrics text: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::fmt::Write;

use super::{Latency, TierStats};

/// A tier to be shown: its name (empty for keys in no tier), what it has counted, its entries and their bytes.
pub type Row<'a> = (&'a [u8], &'a TierStats, u64, u64);

/// A number that belongs to no tier: its name without prefix, what it is, its present value.
pub type Gauge<'a> = (&'a str, &'a str, u64);

type Counter = (&'static str, &'static str, fn(&TierStats) -> u64);

const COUNTERS: [Counter; 21] = [
    ("hits", "Reads served with a fresh value", |stats| stats.hits),
    ("stale_hits", "Reads served with a value in its grace", |stats| stats.stale_hits),
    ("misses", "Reads that found nothing to serve", |stats| stats.misses),
    ("negative_hits", "Reads told of a failure remembered", |stats| stats.negative_hits),
    ("sets", "Values stored without a lease", |stats| stats.sets),
    ("fills", "Values stored by holders of leases", |stats| stats.fills),
    ("refused_expired", "Tokens refused because the lease had ended", |stats| stats.refused_expired),
    ("refused_invalidated", "Tokens refused because the key was invalidated", |stats| stats.refused_invalidated),
    ("refused_overwritten", "Tokens refused because the key was written", |stats| stats.refused_overwritten),
    ("refused_unknown", "Tokens refused that nobody knows", |stats| stats.refused_unknown),
    ("refused_tag", "Fills refused because a tag was invalidated", |stats| stats.refused_tag),
    ("leases_granted", "Leases granted", |stats| stats.leases_granted),
    ("leases_expired", "Leases that ended without a fill", |stats| stats.leases_expired),
    ("leases_revoked", "Leases revoked", |stats| stats.leases_revoked),
    ("computations_saved", "Waiters served with another's value", |stats| stats.saved),
    ("refreshes", "Leases granted while there was a value", |stats| stats.refreshes),
    ("evictions", "Entries evicted", |stats| stats.evictions),
    ("expiries", "Entries expired", |stats| stats.expiries),
    ("expired_never_hit", "Entries expired without a hit", |stats| stats.never_hit),
    ("invalidations", "Entries invalidated", |stats| stats.invalidations),
    ("errors", "Computations given up", |stats| stats.errors),
];

type Summary = (&'static str, &'static str, fn(&TierStats) -> &Latency);

const SUMMARIES: [Summary; 3] = [
    ("hit_seconds", "Time of a hit, sampled", |stats| &stats.hit),
    ("compute_seconds", "Time from a lease to its fill", |stats| &stats.compute),
    ("wait_seconds", "Time waited for another's value", |stats| &stats.wait),
];

type Size = (&'static str, &'static str, fn(&Row<'_>) -> u64);

const SIZES: [Size; 2] = [("entries", "Entries", |row| row.2), ("bytes", "Bytes of entries", |row| row.3)];

/// Appends the whole exposition, its end mark included.
pub fn render(out: &mut String, tiers: &[Row<'_>], gauges: &[Gauge<'_>]) {
    let labels: Vec<String> = tiers.iter().map(|(name, ..)| label(name)).collect();
    for (name, help, value) in COUNTERS {
        head(out, name, "counter", help);
        for ((_, stats, ..), label) in tiers.iter().zip(&labels) {
            line(out, format_args!("assess_cache_{name}_total{{tier=\"{label}\"}} {}", value(stats)));
        }
    }
    for (name, help, value) in SUMMARIES {
        head(out, name, "summary", help);
        for ((_, stats, ..), label) in tiers.iter().zip(&labels) {
            let latency = value(stats);
            for quantile in [0.5, 0.95, 0.99] {
                let seconds = latency.p(quantile * 100.0) as f64 / 1e6;
                line(out, format_args!("assess_cache_{name}{{tier=\"{label}\",quantile=\"{quantile}\"}} {seconds}"));
            }
            let sum = latency.sum() as f64 / 1e6;
            line(out, format_args!("assess_cache_{name}_sum{{tier=\"{label}\"}} {sum}"));
            line(out, format_args!("assess_cache_{name}_count{{tier=\"{label}\"}} {}", latency.count()));
        }
    }
    for (name, help, value) in SIZES {
        head(out, name, "gauge", help);
        for (row, label) in tiers.iter().zip(&labels) {
            line(out, format_args!("assess_cache_{name}{{tier=\"{label}\"}} {}", value(row)));
        }
    }
    for (name, help, value) in gauges {
        head(out, name, "gauge", help);
        line(out, format_args!("assess_cache_{name} {value}"));
    }
    out.push_str("# EOF\n");
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# TYPE assess_cache_{name} {kind}"));
    line(out, format_args!("# HELP assess_cache_{name} {help}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{text}");
}

/// A value of a label, escaped.
fn label(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposition_is_as_the_specification_has_it() {
        let mut stats = TierStats { hits: 3, ..TierStats::default() };
        stats.wait.record(1_500_000);
        let mut text = String::new();
        render(&mut text, &[(b"a\"b\\", &stats, 2, 90)], &[("waiters", "Clients that wait", 4)]);
        for line in [
            "# TYPE assess_cache_hits counter\n# HELP assess_cache_hits Reads served with a fresh value\n",
            "assess_cache_hits_total{tier=\"a\\\"b\\\\\"} 3\n",
            "# TYPE assess_cache_wait_seconds summary\n",
            "assess_cache_wait_seconds_sum{tier=\"a\\\"b\\\\\"} 1.5\n",
            "assess_cache_wait_seconds_count{tier=\"a\\\"b\\\\\"} 1\n",
            "assess_cache_entries{tier=\"a\\\"b\\\\\"} 2\n",
            "assess_cache_bytes{tier=\"a\\\"b\\\\\"} 90\n",
            "# TYPE assess_cache_waiters gauge\n# HELP assess_cache_waiters Clients that wait\nassess_cache_waiters 4\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("\n# EOF\n"));
        // Every family is announced once, before its lines.
        let announced: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let mut once = announced.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), announced.len());
    }
}
