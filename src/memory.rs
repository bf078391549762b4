//! How much memory work may use.

use assess_engine::Budget;

use crate::ffi::ctx::Ctx;
use crate::settings;

/// What is left below `maxmemory`, below what the machine has, and below `assess.max-model-memory`.
///
/// Working memory counts like any other: near `maxmemory` it would make the server evict the users' keys.
pub(crate) fn budget(ctx: Ctx<'_>) -> Budget {
    let [used, limit] = ctx.server_info(c"memory", [c"used_memory", c"maxmemory"]);
    let mut available = available_to_process().unwrap_or(u64::MAX);
    if limit > 0 {
        available = available.min(limit.saturating_sub(used));
    }
    match settings::max_model_memory() {
        0 => Budget::new(available),
        most => Budget::new(available.min(most)),
    }
}

/// What the system could give without swapping, as Linux estimates it; `None` where it does not say.
fn available_to_process() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
