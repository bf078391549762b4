//! The clock of the module.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds; 0 when the system clock is set before 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
