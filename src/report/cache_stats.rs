//! The statistics of the cache for `CACHE.STATS`, `CACHE.METRICS`, `TIER.INFO`, `CACHE.TTL`, `CACHE.HOT` and INFO.

use assess_engine::cache::lease::Seen;
use assess_engine::cache::policy::Policy;
use assess_engine::stats::Latency;
use assess_engine::stats::openmetrics::{self, Kind, Total};
use assess_engine::stats::summed::ServerStats;

use crate::cache::lookup::{self, look_up};
use crate::cache::{sweep, waiters, with};
use crate::clock::now_ms;
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::reply::Reply;
use crate::types::entry;
use crate::work::main_loop;

type Fields = Vec<(&'static str, Reply)>;

/// The statistics of one tier.
pub(crate) fn of_tier(name: &[u8]) -> Outcome<Reply> {
    Ok(tier_reply(&tier_numbers(name)?))
}

/// The statistics of one tier as numbers, which can be summed over several servers. Only those of a tier are set.
pub(crate) fn tier_numbers(name: &[u8]) -> Outcome<ServerStats> {
    with(|cache| {
        let tier = cache.tiers.find(name).ok_or_else(Failure::no_tier)?;
        let usage = cache.index.usage(Some(tier.id));
        Ok(ServerStats {
            stats: cache.stats.get(Some(tier.id)).clone(),
            entries: usage.entries,
            bytes: usage.bytes,
            capacity: tier.policy.capacity.unwrap_or(0),
            ttl_s: tier.policy.ttl_ms / 1000,
            ..ServerStats::default()
        })
    })
}

/// The reply for numbers of one tier.
pub(crate) fn tier_reply(numbers: &ServerStats) -> Reply {
    let mut fields = counted(numbers);
    fields.extend(bounds(numbers));
    Reply::Map(fields)
}

/// The statistics of all tiers together.
pub(crate) fn total(ctx: Ctx<'_>) -> Reply {
    total_reply(&numbers(ctx))
}

/// The statistics of this server as numbers, which can be summed over several servers.
pub(crate) fn numbers(ctx: Ctx<'_>) -> ServerStats {
    let (waiting, peak) = waiters::waiting();
    let [memory, memory_peak] = ctx.server_info(c"memory", [c"used_memory", c"used_memory_peak"]);
    let [evicted, expired, commands] =
        ctx.server_info(c"stats", [c"evicted_keys", c"expired_keys", c"total_commands_processed"]);
    with(|cache| {
        let same = |of: fn(&Policy) -> u64| {
            let mut all = cache.tiers.iter().map(|tier| of(&tier.policy));
            let first = all.next().unwrap_or(0);
            if all.all(|other| other == first) { first } else { 0 }
        };
        let usage = cache.index.total();
        ServerStats {
            stats: cache.stats.total(),
            entries: usage.entries,
            bytes: usage.bytes,
            capacity: same(|policy| policy.capacity.unwrap_or(0)),
            ttl_s: same(|policy| policy.ttl_ms / 1000),
            tiers: cache.tiers.iter().count() as u64,
            leases: cache.leases.len() as u64,
            indexing: cache.indexing,
            index_bytes: cache.index.memory(),
            waiters: waiting as u64,
            waiters_peak: peak as u64,
            sweeps: sweep::count() as u64,
            memory,
            memory_peak,
            evicted,
            expired,
            commands,
        }
    })
}

/// The reply for numbers of all tiers.
pub(crate) fn total_reply(numbers: &ServerStats) -> Reply {
    let mut fields = counted(numbers);
    fields.extend(bounds(numbers));
    fields.extend([
        ("tiers", Reply::count(numbers.tiers)),
        ("leases", Reply::count(numbers.leases)),
        ("indexing", Reply::Integer(numbers.indexing.into())),
        ("index_bytes", Reply::count(numbers.index_bytes)),
        ("waiters", Reply::count(numbers.waiters)),
        ("waiters_peak", Reply::count(numbers.waiters_peak)),
        ("sweeps", Reply::count(numbers.sweeps)),
        ("connected", Reply::Integer(1)),
        ("used_memory_mb", megabytes(numbers.memory)),
        ("used_memory_peak_mb", megabytes(numbers.memory_peak)),
        ("evicted_keys", Reply::count(numbers.evicted)),
        ("expired_keys", Reply::count(numbers.expired)),
        ("total_commands_processed", Reply::count(numbers.commands)),
    ]);
    Reply::Map(fields)
}

fn megabytes(bytes: u64) -> Reply {
    // Two digits, as in the systems that this module replaces.
    Reply::Double((bytes as f64 / 1_048_576.0 * 100.0).round() / 100.0)
}

fn counted(numbers: &ServerStats) -> Fields {
    let stats = &numbers.stats;
    let mut fields: Fields = vec![
        ("hits", Reply::count(stats.hits)),
        ("misses", Reply::count(stats.misses)),
        ("total_requests", Reply::count(stats.requests())),
        ("hit_rate_percent", Reply::Double((stats.hit_rate_percent() * 100.0).round() / 100.0)),
        ("cache_size", Reply::count(numbers.entries)),
    ];
    let counts = [
        ("stale_hits", stats.stale_hits),
        ("negative_hits", stats.negative_hits),
        ("sets", stats.sets),
        ("fills", stats.fills),
        ("fills_refused_expired", stats.refused_expired),
        ("fills_refused_invalidated", stats.refused_invalidated),
        ("fills_refused_overwritten", stats.refused_overwritten),
        ("fills_refused_unknown", stats.refused_unknown),
        ("fills_refused_tag", stats.refused_tag),
        ("leases_granted", stats.leases_granted),
        ("leases_expired", stats.leases_expired),
        ("leases_revoked", stats.leases_revoked),
        ("computations_saved", stats.saved),
        ("refreshes", stats.refreshes),
        ("evictions", stats.evictions),
        ("expiries", stats.expiries),
        ("expired_never_hit", stats.never_hit),
        ("invalidations", stats.invalidations),
        ("errors", stats.errors),
        ("entries", numbers.entries),
        ("bytes", numbers.bytes),
    ];
    fields.extend(counts.map(|(name, number)| (name, Reply::count(number))));
    let ratio = if stats.stored_bytes == 0 { 1.0 } else { stats.raw_bytes as f64 / stats.stored_bytes as f64 };
    fields.push(("compression_ratio", Reply::Double((ratio * 100.0).round() / 100.0)));
    fields.push(("ops_per_second", Reply::Double((stats.rate.per_second() * 100.0).round() / 100.0)));
    latency(&mut fields, ["hit_avg_us", "hit_p50_us", "hit_p95_us", "hit_p99_us", "hit_max_us"], &stats.hit);
    let names = ["compute_avg_us", "compute_p50_us", "compute_p95_us", "compute_p99_us", "compute_max_us"];
    latency(&mut fields, names, &stats.compute);
    latency(&mut fields, ["wait_avg_us", "wait_p50_us", "wait_p95_us", "wait_p99_us", "wait_max_us"], &stats.wait);
    fields
}

fn latency(fields: &mut Fields, names: [&'static str; 5], latency: &Latency) {
    let [avg, p50, p95, p99, max] = names;
    fields.push((avg, Reply::Double((latency.mean() * 100.0).round() / 100.0)));
    fields.push((p50, Reply::count(latency.p(50.0))));
    fields.push((p95, Reply::count(latency.p(95.0))));
    fields.push((p99, Reply::count(latency.p(99.0))));
    fields.push((max, Reply::count(latency.max())));
}

fn bounds(numbers: &ServerStats) -> Fields {
    vec![("max_cache_size", Reply::count(numbers.capacity)), ("ttl_seconds", Reply::count(numbers.ttl_s))]
}

/// The policy and the statistics of a tier.
pub(crate) fn describe(name: &[u8]) -> Outcome<Reply> {
    let policy = with(|cache| cache.tiers.find(name).map(|tier| tier.policy.clone())).ok_or_else(Failure::no_tier)?;
    let or_zero = |number: Option<u64>| Reply::count(number.unwrap_or(0));
    let yes_no = |yes: bool| Reply::text(if yes { "yes" } else { "no" });
    let patterns = policy.patterns.iter().map(|pattern| Reply::Bulk(pattern.to_vec().into())).collect();
    let mut fields: Fields = vec![
        ("name", Reply::Bulk(name.to_vec().into())),
        ("patterns", Reply::Array(patterns)),
        ("ttl_ms", Reply::count(policy.ttl_ms)),
        ("jitter_pct", Reply::Integer(policy.jitter_pct.into())),
        ("grace_ms", Reply::count(policy.grace_ms)),
        ("retry_ms", Reply::count(policy.retry_ms)),
        ("refresh_pct", Reply::Integer(policy.refresh_pct.into())),
        ("negative_ms", Reply::count(policy.negative_ms)),
        ("capacity", or_zero(policy.capacity)),
        ("maxmemory", or_zero(policy.max_memory)),
        ("minhit_pct", Reply::Integer(policy.min_hit_pct.unwrap_or(0).into())),
        ("compress", or_zero(policy.compress)),
        ("lease_ms", Reply::count(policy.lease_ms.unwrap_or_else(crate::settings::default_lease_ms))),
        ("wait_ms", Reply::count(policy.wait_ms.unwrap_or_else(crate::settings::default_wait_ms))),
        ("index", yes_no(policy.index)),
        ("enforce", yes_no(policy.enforce)),
        ("queue", Reply::Bulk(policy.queue.as_deref().unwrap_or_default().to_vec().into())),
        ("prefetch_keys", Reply::Integer(policy.prefetch.into())),
    ];
    let Reply::Map(statistics) = of_tier(name)? else { return Err(Failure::internal()) };
    fields.extend(statistics);
    Ok(Reply::Map(fields))
}

/// The interval at which rates are measured, in milliseconds.
const OBSERVED_MS: u64 = 1000;

/// Measures the rates now and every second.
pub(crate) fn observe() {
    with(|cache| cache.stats.observe(now_ms()));
    main_loop::after(OBSERVED_MS, |_| observe());
}

/// Zeroes every counter.
pub(crate) fn reset() {
    with(|cache| cache.stats.reset());
    waiters::reset_peak();
}

/// The reply of `CACHE.TTL` for a key.
pub(crate) fn of_key(ctx: Ctx<'_>, name: &[u8]) -> Outcome<Reply> {
    let db = ctx.db();
    let key = Key::open(ctx, name, Mode::Peek);
    let found = look_up(ctx, &key, name);
    let (now, expires_at) = (now_ms(), key.expires_at());
    let bytes = lookup::value(&key)?.map_or(0, |value| value.len());
    let names: Vec<Reply> = entry::find(&key)
        .map(|entry| entry.tags().map(|tag| Reply::Bulk(tag.to_vec().into())).collect())
        .unwrap_or_default();
    let fresh_until = lookup::fresh_until(ctx, &key, name);
    with(|cache| {
        let left =
            |until: Option<u64>| until.map_or(-1, |at| i64::try_from(at.saturating_sub(now)).unwrap_or(i64::MAX));
        let exists = found.seen != Seen::Absent;
        let tier = found.tier.and_then(|tier| cache.tiers.get(tier));
        let (fresh, all) = (left(fresh_until), left(expires_at));
        let lease = cache.leases.info(now, db, name);
        Ok(Reply::Map(vec![
            ("tier", tier.map_or(Reply::Nil, |tier| Reply::Bulk(tier.name.to_vec().into()))),
            ("exists", Reply::Integer(exists.into())),
            ("fresh_ms", Reply::Integer(if exists { fresh } else { -2 })),
            ("grace_ms", Reply::Integer(if exists && fresh >= 0 { all - fresh } else { 0 })),
            ("stale", Reply::Integer((found.seen == Seen::Stale).into())),
            ("lease_ms", Reply::count(lease.as_ref().map_or(0, |lease| lease.ms_left))),
            ("waiters", Reply::count(lease.map_or(0, |lease| lease.waiters as u64))),
            ("tags", Reply::Array(names)),
            ("bytes", Reply::count(bytes as u64)),
        ]))
    })
}

/// The most requested keys of a tier in the selected database.
pub(crate) fn hot(ctx: Ctx<'_>, name: &[u8], n: usize) -> Outcome<Reply> {
    let db = ctx.db();
    let hot = with(|cache| {
        let tier = cache.tiers.find(name).ok_or_else(Failure::no_tier)?.id;
        Ok::<_, Failure>(cache.index.hot(db, tier, n))
    })?;
    let row =
        |(name, count): (Box<[u8]>, u64)| Reply::Array(vec![Reply::Bulk(name.into_vec().into()), Reply::count(count)]);
    Ok(Reply::Array(hot.into_iter().map(row).collect()))
}

/// Numbers of the cache that belong to no tier.
pub(crate) fn totals() -> Vec<Total> {
    let (waiting, peak) = waiters::waiting();
    with(|cache| {
        let now = |name, help, value: u64| Total { name, help, kind: Kind::Gauge, value };
        vec![
            now("cache_index_bytes", "Memory of the index", cache.index.memory()),
            now("cache_indexing", "Whether the index is being built", cache.indexing.into()),
            now("cache_tiers", "Tiers", cache.tiers.iter().count() as u64),
            now("cache_leases", "Leases held", cache.leases.len() as u64),
            now("cache_waiters", "Clients that wait for a value", waiting as u64),
            now("cache_waiters_peak", "The most clients that waited at the same time", peak as u64),
            now("cache_sweeps", "Invalidations in progress", sweep::count() as u64),
            now("cache_bans", "Invalidations in effect", cache.bans.iter().count() as u64),
        ]
    })
}

/// Calls `show` for every counter, summed over all tiers. `CACHE.METRICS` has the same counters by tier.
pub(crate) fn each_counter(mut show: impl FnMut(&'static str, u64)) {
    with(|cache| {
        let (stats, usage) = (cache.stats.total(), cache.index.total());
        show("cache_entries", usage.entries);
        show("cache_bytes", usage.bytes);
        openmetrics::COUNTERS.iter().for_each(|counter| show(counter.name, (counter.of)(&stats)));
    });
}
