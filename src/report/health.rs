//! `CACHE.HEALTH`: checks for operators, one line for each check.

use assess_engine::cache::lease::MAX_LEASES;

use crate::cache::{sweep, with};
use crate::clock::now_ms;
use crate::cluster;
use crate::counters;
use crate::ffi::account;
use crate::ffi::ctx::Ctx;
use crate::jobs;
use crate::models::directory;
use crate::work::pool;

/// The hit rate of a tier is checked after this many reads.
const READS: u64 = 1000;
/// A lease that is older than this was probably abandoned.
const OLD_LEASE_MS: u64 = 60_000;
/// Percent of the most leases. Above it, clients will soon receive `busy`.
const FULL_LEASES_PCT: usize = 80;
/// Percent of the limits of a user. Above it, the user will soon receive `BUSY`.
const FULL_USER_PCT: u64 = 80;
/// The number of queued jobs from which on the workers are degraded.
const LONG_BACKLOG: usize = 1000;
/// Percent of `maxmemory` from which on memory is degraded.
const FULL_PCT: u64 = 95;

/// One check.
struct Check {
    is_fine: bool,
    text: String,
}

/// Runs all checks: `ok` or `degraded`, then a line for each check.
pub(crate) fn lines(ctx: Ctx<'_>) -> Vec<String> {
    let mut checks = vec![memory(ctx), policy(ctx), sweeps(), backlog(), leases(), queues(ctx)];
    checks.extend(persistence(ctx));
    checks.push(replication(ctx));
    checks.extend(ctx.is_clustered().then(cluster_changes));
    checks.extend(unapplied_tiers());
    checks.push(users());
    checks.push(index());
    checks.extend(hit_rates());
    let word = |is_fine| if is_fine { "ok" } else { "degraded" };
    let mut lines = vec![word(checks.iter().all(|check| check.is_fine)).to_owned()];
    lines.extend(checks.iter().map(|check| format!("{} {}", word(check.is_fine), check.text)));
    lines
}

fn memory(ctx: Ctx<'_>) -> Check {
    let [used, most] = ctx.server_info(c"memory", [c"used_memory", c"maxmemory"]);
    let percent = (used * 100).checked_div(most);
    match percent {
        Some(percent) => {
            Check { is_fine: percent < FULL_PCT, text: format!("memory: {percent} % of maxmemory is used") }
        }
        None => Check { is_fine: true, text: "memory: maxmemory is not set".into() },
    }
}

fn policy(ctx: Ctx<'_>) -> Check {
    let policy = ctx.server_info_text(c"memory", c"maxmemory_policy").unwrap_or_default();
    let [most] = ctx.server_info(c"memory", [c"maxmemory"]);
    let evicts_models = policy.starts_with("allkeys") && most > 0 && directory::count() > 0;
    let evicted = counters::get(|counters| &counters.models_evicted);
    let text = if evicted > 0 {
        format!("eviction: {evicted} models were evicted under {policy}: load them again, and choose a volatile policy")
    } else if evicts_models {
        format!("eviction: {policy} can evict models, a volatile policy cannot")
    } else {
        format!("eviction: {policy}")
    };
    Check { is_fine: !evicts_models && evicted == 0, text }
}

fn sweeps() -> Check {
    let sweeps = sweep::count();
    Check { is_fine: sweeps < 16, text: format!("invalidations: {sweeps} under way") }
}

fn backlog() -> Check {
    let waiting = pool::backlog();
    Check { is_fine: waiting < LONG_BACKLOG, text: format!("workers: {waiting} jobs wait") }
}

fn leases() -> Check {
    let (held, oldest) = with(|cache| (cache.leases.len(), cache.leases.oldest_granted_at()));
    let age = oldest.map_or(0, |at| now_ms().saturating_sub(at));
    let text = format!("leases: {held} of {MAX_LEASES} held, the oldest for {age} ms");
    Check { is_fine: age < OLD_LEASE_MS && held * 100 < MAX_LEASES * FULL_LEASES_PCT, text }
}

/// Without the name of the user: every user may see this.
fn users() -> Check {
    let percent = account::most_used_percent();
    let text = format!("users: one uses {percent} % of assess.max-waits-per-user or assess.max-uploads-per-user");
    Check { is_fine: percent < FULL_USER_PCT, text }
}

fn queues(ctx: Ctx<'_>) -> Check {
    let (queues, unclaimed) = (jobs::queues(), jobs::unclaimed(ctx));
    let text = format!("jobs: {queues} queues, {unclaimed} of them with jobs that no worker asks for");
    Check { is_fine: unclaimed == 0, text }
}

fn persistence(ctx: Ctx<'_>) -> Vec<Check> {
    let mut checks: Vec<Check> = [
        (c"rdb_last_bgsave_status", "persistence: last save"),
        (c"aof_last_write_status", "persistence: last write to the append-only file"),
        (c"aof_last_bgrewrite_status", "persistence: last rewrite of the append-only file"),
    ]
    .into_iter()
    .map(|(field, what)| {
        let status = ctx.server_info_text(c"persistence", field).unwrap_or_else(|| "ok".into());
        Check { is_fine: status == "ok", text: format!("{what}: {status}") }
    })
    .collect();
    let [appends] = ctx.server_info(c"persistence", [c"aof_enabled"]);
    if appends > 0 {
        let has_preamble = ctx.configured(c"aof-use-rdb-preamble").is_none_or(|value| value == b"yes");
        let text = if has_preamble {
            "persistence: the append-only file has a preamble".into()
        } else {
            "persistence: with aof-use-rdb-preamble no, tiers of TIER.SET and invalidations in progress are lost at a \
             rewrite"
                .to_owned()
        };
        checks.push(Check { is_fine: has_preamble, text });
    }
    checks
}

fn cluster_changes() -> Check {
    let pending = cluster::ask::pending();
    let text = format!("cluster: {pending} changes wait for masters that did not answer");
    Check { is_fine: pending == 0, text }
}

/// Only if there is one: names and policies are in the log.
fn unapplied_tiers() -> Option<Check> {
    let count = with(|cache| cache.shared.unapplied().count());
    let text = format!("cluster: {count} tiers of the cluster cannot be applied here, see the log");
    (count > 0).then_some(Check { is_fine: false, text })
}

fn replication(ctx: Ctx<'_>) -> Check {
    if ctx.is_master() {
        let [replicas] = ctx.server_info(c"replication", [c"connected_slaves"]);
        return Check { is_fine: true, text: format!("replication: master of {replicas}") };
    }
    let link = ctx.server_info_text(c"replication", c"master_link_status").unwrap_or_default();
    Check { is_fine: link == "up", text: format!("replication: link to the master is {link}") }
}

fn index() -> Check {
    let (indexing, entries) = with(|cache| (cache.indexing, cache.index.len()));
    let text = if indexing { "index: being built".to_owned() } else { format!("index: complete, {entries} entries") };
    Check { is_fine: !indexing, text }
}

fn hit_rates() -> Vec<Check> {
    with(|cache| {
        let wanted = cache.tiers.iter().filter_map(|tier| Some((tier, tier.policy.min_hit_pct?)));
        wanted
            .map(|(tier, least)| {
                let stats = cache.stats.get(Some(tier.id));
                let rate = stats.hit_rate_percent();
                let name = String::from_utf8_lossy(&tier.name);
                Check {
                    is_fine: stats.requests() < READS || rate >= f64::from(least),
                    text: format!(
                        "tier {name}: {rate:.1} % hits of {} reads, at least {least} wanted",
                        stats.requests()
                    ),
                }
            })
            .collect()
    })
}
