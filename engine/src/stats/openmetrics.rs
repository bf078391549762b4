//! Statistics as OpenMetrics text: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::fmt::Write;

use super::{Latency, TierStats};

/// The numbers of one tier.
pub struct Row<'a> {
    /// The name, of any bytes; empty for keys outside of all tiers.
    pub name: &'a [u8],
    /// The counters.
    pub stats: &'a TierStats,
    /// The current number of entries.
    pub entries: u64,
    /// The size of these entries in bytes.
    pub bytes: u64,
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows until the server stops; the exposition adds `_total` to its name.
    Counter,
    /// A current value, which can grow and shrink.
    Gauge,
}

/// A metric that does not belong to a tier.
#[derive(Debug, Clone, Copy)]
pub struct Total {
    /// The name without the prefix `assess_`, as in `INFO`.
    pub name: &'static str,
    /// The help text.
    pub help: &'static str,
    /// The type.
    pub kind: Kind,
    /// The current value.
    pub value: u64,
}

/// A counter that every tier has.
pub struct Counter {
    /// The name without the prefix `assess_`, as in `INFO`, where it is the sum of all tiers.
    pub name: &'static str,
    help: &'static str,
    /// Reads the counter.
    pub of: fn(&TierStats) -> u64,
}

/// All counters of tiers.
pub const COUNTERS: [Counter; 21] = [
    Counter { name: "cache_hits", help: "Reads served with a fresh value", of: |stats| stats.hits },
    Counter { name: "cache_stale_hits", help: "Reads served with a stale value", of: |stats| stats.stale_hits },
    Counter { name: "cache_misses", help: "Reads without a value to serve", of: |stats| stats.misses },
    Counter {
        name: "cache_negative_hits",
        help: "Reads answered with a remembered failure",
        of: |stats| stats.negative_hits,
    },
    Counter { name: "cache_sets", help: "Values stored without a lease", of: |stats| stats.sets },
    Counter { name: "cache_fills", help: "Values stored by holders of leases", of: |stats| stats.fills },
    Counter {
        name: "cache_fills_refused_expired",
        help: "Tokens refused because the lease had ended",
        of: |stats| stats.refused_expired,
    },
    Counter {
        name: "cache_fills_refused_invalidated",
        help: "Tokens refused because the key was invalidated",
        of: |stats| stats.refused_invalidated,
    },
    Counter {
        name: "cache_fills_refused_overwritten",
        help: "Tokens refused because the key was written",
        of: |stats| stats.refused_overwritten,
    },
    Counter {
        name: "cache_fills_refused_unknown",
        help: "Tokens refused because they were unknown",
        of: |stats| stats.refused_unknown,
    },
    Counter {
        name: "cache_fills_refused_tag",
        help: "Fills refused because a tag was invalidated",
        of: |stats| stats.refused_tag,
    },
    Counter { name: "cache_leases_granted", help: "Leases granted", of: |stats| stats.leases_granted },
    Counter {
        name: "cache_leases_expired",
        help: "Leases that ended without a fill",
        of: |stats| stats.leases_expired,
    },
    Counter { name: "cache_leases_revoked", help: "Leases revoked", of: |stats| stats.leases_revoked },
    Counter {
        name: "cache_computations_saved",
        help: "Waiters served with the value of another client",
        of: |stats| stats.saved,
    },
    Counter { name: "cache_refreshes", help: "Leases granted while there was a value", of: |stats| stats.refreshes },
    Counter { name: "cache_evictions", help: "Entries evicted", of: |stats| stats.evictions },
    Counter { name: "cache_expiries", help: "Entries expired", of: |stats| stats.expiries },
    Counter { name: "cache_expired_never_hit", help: "Entries expired without a hit", of: |stats| stats.never_hit },
    Counter { name: "cache_invalidations", help: "Entries invalidated", of: |stats| stats.invalidations },
    Counter { name: "cache_errors", help: "Failed computations", of: |stats| stats.errors },
];

type Times = (&'static str, &'static str, fn(&TierStats) -> &Latency);

const TIMES: [Times; 3] = [
    ("cache_hit_seconds", "Time of a hit, sampled", |stats| &stats.hit),
    ("cache_compute_seconds", "Time from a lease to its fill", |stats| &stats.compute),
    ("cache_wait_seconds", "Time that clients waited for the value of another client", |stats| &stats.wait),
];

/// The upper bounds of the buckets, in microseconds: from a hit in the server to a computation of minutes. The same for all
/// times, tiers and servers, so that buckets can be summed.
const BOUNDS_US: [u64; 20] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    500,
    1_000,
    5_000,
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    60_000_000,
    300_000_000,
];

type Size = (&'static str, &'static str, fn(&Row<'_>) -> u64);

const SIZES: [Size; 2] =
    [("cache_entries", "Entries", |row| row.entries), ("cache_bytes", "Bytes of entries", |row| row.bytes)];

/// Appends the whole exposition, including the end mark `# EOF` but without the optional line end after it.
pub fn render(out: &mut String, version: &str, tiers: &[Row<'_>], totals: &[Total]) {
    let labels: Vec<String> = tiers.iter().map(|row| label(row.name)).collect();
    head(out, "build", "info", "The module");
    line(out, format_args!("assess_build_info{{version=\"{}\"}} 1", label(version.as_bytes())));
    for Counter { name, help, of } in &COUNTERS {
        head(out, name, "counter", help);
        for (row, label) in tiers.iter().zip(&labels) {
            line(out, format_args!("assess_{name}_total{{tier=\"{label}\"}} {}", of(row.stats)));
        }
    }
    for (name, help, of) in TIMES {
        head(out, name, "histogram", help);
        for (row, label) in tiers.iter().zip(&labels) {
            histogram(out, name, label, of(row.stats));
        }
    }
    for (name, help, of) in SIZES {
        head(out, name, "gauge", help);
        for (row, label) in tiers.iter().zip(&labels) {
            line(out, format_args!("assess_{name}{{tier=\"{label}\"}} {}", of(row)));
        }
    }
    for Total { name, help, kind, value } in totals {
        let (kind, suffix) = match kind {
            Kind::Counter => ("counter", "_total"),
            Kind::Gauge => ("gauge", ""),
        };
        head(out, name, kind, help);
        line(out, format_args!("assess_{name}{suffix} {value}"));
    }
    out.push_str("# EOF");
}

/// Nothing before the first time is recorded: a tier has 23 lines for each kind of time.
fn histogram(out: &mut String, name: &str, label: &str, latency: &Latency) {
    if latency.count() == 0 {
        return;
    }
    let mut counts = latency.counts().peekable();
    let mut up_to = 0;
    for bound in BOUNDS_US {
        while let Some((_, count)) = counts.next_if(|&(us, _)| us <= bound) {
            up_to += count;
        }
        let seconds = bound as f64 / 1e6;
        // With a decimal point, as OpenMetrics wants it.
        line(out, format_args!("assess_{name}_bucket{{tier=\"{label}\",le=\"{seconds:?}\"}} {up_to}"));
    }
    line(out, format_args!("assess_{name}_bucket{{tier=\"{label}\",le=\"+Inf\"}} {}", latency.count()));
    let sum = latency.sum() as f64 / 1e6;
    line(out, format_args!("assess_{name}_sum{{tier=\"{label}\"}} {sum}"));
    line(out, format_args!("assess_{name}_count{{tier=\"{label}\"}} {}", latency.count()));
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# TYPE assess_{name} {kind}"));
    line(out, format_args!("# HELP assess_{name} {}", help.trim()));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{text}");
}

/// The value of a label, escaped.
fn label(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposition_follows_the_specification() {
        let mut stats = TierStats { hits: 3, ..TierStats::default() };
        stats.wait.record(1_500_000);
        let mut text = String::new();
        let row = Row { name: b"a\"b\\", stats: &stats, entries: 2, bytes: 90 };
        let total = |name, kind, value| Total { name, help: " What it is.", kind, value };
        render(&mut text, "1.2.3", &[row], &[total("waiting", Kind::Gauge, 4), total("loads", Kind::Counter, 5)]);
        for line in [
            "# TYPE assess_cache_hits counter\n# HELP assess_cache_hits Reads served with a fresh value\n",
            "assess_cache_hits_total{tier=\"a\\\"b\\\\\"} 3\n",
            "# TYPE assess_cache_wait_seconds histogram\n",
            "assess_cache_wait_seconds_bucket{tier=\"a\\\"b\\\\\",le=\"1.0\"} 0\n",
            "assess_cache_wait_seconds_bucket{tier=\"a\\\"b\\\\\",le=\"2.0\"} 1\n",
            "assess_cache_wait_seconds_bucket{tier=\"a\\\"b\\\\\",le=\"+Inf\"} 1\n",
            "assess_cache_wait_seconds_sum{tier=\"a\\\"b\\\\\"} 1.5\n",
            "assess_cache_wait_seconds_count{tier=\"a\\\"b\\\\\"} 1\n",
            "assess_cache_entries{tier=\"a\\\"b\\\\\"} 2\n",
            "assess_cache_bytes{tier=\"a\\\"b\\\\\"} 90\n",
            "# TYPE assess_waiting gauge\n# HELP assess_waiting What it is.\nassess_waiting 4\n",
            "# TYPE assess_loads counter\n# HELP assess_loads What it is.\nassess_loads_total 5\n",
            "# TYPE assess_build info\n# HELP assess_build The module\nassess_build_info{version=\"1.2.3\"} 1\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("assess_cache_hit_seconds_count"), "no time was recorded:\n{text}");
        assert!(text.ends_with("\n# EOF"), "one line end may follow, which redis-cli adds");
        // Each family of metrics has one TYPE line.
        let announced: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let mut once = announced.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), announced.len());
    }
}
