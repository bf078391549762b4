//! Memory budgets of jobs. A job may use the memory that is free below `maxmemory`, below the memory of the machine,
//! and below `assess.max-model-memory`.
//!
//! The server counts working memory like any other: near `maxmemory` it would evict the keys of users. A job reserves
//! memory when it needs it, not when it is queued: two jobs that start together see the same free memory, so each must
//! reserve its part. Only the main thread can read the memory figures of the server. They are cached, and refreshed ten
//! times a second while workers have jobs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use assess_engine::{Budget, Pool};

use crate::ffi::ctx::Ctx;
use crate::settings;
use crate::work::{main_loop, pool};

/// Milliseconds between two refreshes of the server's figures.
const TICK_MS: u64 = 100;

static USED: AtomicU64 = AtomicU64::new(0);
static LIMIT: AtomicU64 = AtomicU64::new(0);
static TICKING: AtomicBool = AtomicBool::new(false);

/// The memory of this process.
#[derive(Debug)]
struct Process;

/// The memory that all jobs together have reserved, and the figures at the time of the first reservation. Reserved
/// memory is allocated soon afterwards; the figures make sure that it is not counted twice.
struct Reserved {
    bytes: u64,
    used: u64,
    available: u64,
}

static RESERVED: Mutex<Reserved> = Mutex::new(Reserved { bytes: 0, used: 0, available: 0 });

/// The budget of a job. Main thread.
pub(crate) fn budget(ctx: Ctx<'_>) -> Budget {
    watch(ctx);
    budget_of_worker()
}

/// The budget of a job, on a worker. The main thread has called [`watch`] before.
pub(crate) fn budget_of_worker() -> Budget {
    let most = match settings::max_model_memory() {
        0 => u64::MAX,
        most => most,
    };
    Budget::within(&Process, most)
}

/// Refreshes the server's figures now, and repeatedly while workers have jobs. Main thread.
pub(crate) fn watch(ctx: Ctx<'_>) {
    look(ctx);
    if !TICKING.swap(true, Ordering::Relaxed) {
        main_loop::after(TICK_MS, tick);
    }
}

fn tick(ctx: Ctx<'_>) {
    look(ctx);
    if pool::is_busy() {
        main_loop::after(TICK_MS, tick);
    } else {
        TICKING.store(false, Ordering::Relaxed);
    }
}

fn look(ctx: Ctx<'_>) {
    let [used, limit] = ctx.server_info(c"memory", [c"used_memory", c"maxmemory"]);
    USED.store(used, Ordering::Relaxed);
    LIMIT.store(limit, Ordering::Relaxed);
}

fn lock() -> MutexGuard<'static, Reserved> {
    RESERVED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reserved {
    fn free(&self) -> u64 {
        let (used, available) = (USED.load(Ordering::Relaxed), available_to_process());
        let (used, available) = match self.bytes {
            0 => (used, available),
            bytes => (used.max(self.used + bytes), available.min(self.available.saturating_sub(bytes))),
        };
        match LIMIT.load(Ordering::Relaxed) {
            0 => available,
            limit => available.min(limit.saturating_sub(used)),
        }
    }
}

impl Pool for Process {
    fn free(&self) -> u64 {
        lock().free()
    }

    fn reserve(&self, bytes: u64) -> bool {
        let mut reserved = lock();
        if bytes > reserved.free() {
            return false;
        }
        if reserved.bytes == 0 {
            reserved.used = USED.load(Ordering::Relaxed);
            reserved.available = available_to_process();
        }
        reserved.bytes += bytes;
        true
    }

    fn release(&self, bytes: u64) {
        let mut reserved = lock();
        reserved.bytes -= bytes;
        if reserved.bytes > 0 {
            // The memory that this job keeps allocated is no longer reserved, so it counts as used from now on. Memory
            // that other jobs have already allocated is counted twice. That only makes the result too small, which is
            // safe.
            reserved.used = reserved.used.max(USED.load(Ordering::Relaxed));
            reserved.available = reserved.available.min(available_to_process());
        }
    }
}

/// The memory that the system can provide without swapping, as Linux estimates it; no limit when there is no estimate.
fn available_to_process() -> u64 {
    let available = || {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    available().unwrap_or(u64::MAX)
}
