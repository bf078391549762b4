//! The current values of the configuration parameters. Their table is `spec::configuration`.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::spec::configuration::{Kind, PARAMETERS};

/// Values of the numeric and boolean parameters, in the order of the table.
static NUMBERS: [AtomicI64; PARAMETERS.len()] = [const { AtomicI64::new(0) }; PARAMETERS.len()];
/// Values of the text parameters, in the order of the table.
static TEXTS: [Mutex<String>; PARAMETERS.len()] = [const { Mutex::new(String::new()) }; PARAMETERS.len()];

thread_local! {
    static DEFAULT_TTL_CHANGED: Cell<fn(u64)> = const { Cell::new(|_| {}) };
}

/// Sets the function that receives `assess.default-ttl`, in milliseconds, when it changes. Main thread.
pub(crate) fn on_default_ttl(changed: fn(u64)) {
    DEFAULT_TTL_CHANGED.set(changed);
}

pub(crate) fn number(index: usize) -> i64 {
    NUMBERS[index].load(Ordering::Relaxed)
}

pub(crate) fn set_number(index: usize, value: i64) {
    NUMBERS[index].store(value, Ordering::Relaxed);
    if index == index_of("default-ttl") {
        // The time to live of the built-in tier.
        DEFAULT_TTL_CHANGED.get()(value as u64 * 1000);
    }
}

pub(crate) fn text(index: usize) -> String {
    TEXTS[index].lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Sets a text parameter, or returns why the value is refused.
pub(crate) fn set_text(index: usize, value: &[u8]) -> Result<(), &'static str> {
    let value = std::str::from_utf8(value).map_err(|_| "must be UTF-8")?;
    if index == index_of("data-dir") && !value.is_empty() && !std::path::Path::new(value).is_dir() {
        return Err("must be an existing folder, or empty to switch reading files off");
    }
    if index == index_of("warm-on-start") && WarmOnStart::of(value).is_none() {
        return Err("must be one of no, hot, all");
    }
    value.clone_into(&mut TEXTS[index].lock().unwrap_or_else(PoisonError::into_inner));
    Ok(())
}

/// Sets every parameter to its default.
pub(crate) fn reset() {
    for (index, parameter) in PARAMETERS.iter().enumerate() {
        match parameter.kind {
            Kind::Number { default, .. } => set_number(index, default),
            Kind::Bool { default } => set_number(index, i64::from(default)),
            Kind::Text { default } => {
                default.clone_into(&mut TEXTS[index].lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
    }
}

/// The index of a parameter in the table. Evaluated at compile time.
const fn index_of(name: &str) -> usize {
    let mut index = 0;
    while index < PARAMETERS.len() {
        if same(PARAMETERS[index].name.as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("no such parameter")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident = $parameter:literal),* $(,)?) => {
        $( $(#[$doc])* #[inline] pub(crate) fn $name() -> u64 {
            number(const { index_of($parameter) }) as u64
        } )*
    };
}

numbers! {
    max_batch = "max-batch",
    max_payload = "max-payload",
    max_paths = "max-paths",
    /// In bytes; 0: the module sets no limit.
    max_model_memory = "max-model-memory",
    default_lease_ms = "default-lease-ms",
    default_wait_ms = "default-wait-ms",
    max_leases_per_client = "max-leases-per-client",
    cluster_timeout_ms = "cluster-timeout-ms",
    max_waits_per_user = "max-waits-per-user",
    /// In bytes.
    max_uploads_per_user = "max-uploads-per-user",
    slice_us = "slice-us",
    history_max = "history-max",
}

/// The number of worker threads for heavy work, at least one.
pub(crate) fn threads() -> usize {
    match number(const { index_of("threads") }) {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1)).max(1),
        threads => threads as usize,
    }
}

pub(crate) fn huge_pages() -> bool {
    number(const { index_of("huge-pages") }) != 0
}

#[inline]
pub(crate) fn enabled() -> bool {
    number(const { index_of("enabled") }) != 0
}

pub(crate) fn data_dir() -> String {
    text(const { index_of("data-dir") })
}

/// What is warmed after the server has loaded its data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WarmOnStart {
    No,
    /// What was requested most often before.
    Hot,
    All,
}

impl WarmOnStart {
    fn of(text: &str) -> Option<Self> {
        [("no", Self::No), ("hot", Self::Hot), ("all", Self::All)]
            .into_iter()
            .find_map(|(word, value)| text.eq_ignore_ascii_case(word).then_some(value))
    }
}

pub(crate) fn warm_on_start() -> WarmOnStart {
    WarmOnStart::of(&text(const { index_of("warm-on-start") })).unwrap_or(WarmOnStart::No)
}
