//! Schedules: a time as eight bytes, a cron expression, and after a zero byte a time zone. A number is a period.
#![no_main]

use assess_fuzz::schedule;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((now, rest)) = bytes.split_first_chunk::<8>() else { return };
    let now = u64::from_le_bytes(*now);
    let mut words = rest.split(|&byte| byte == 0);
    let expr = words.next().unwrap_or_default();
    match std::str::from_utf8(expr).ok().and_then(|text| text.parse().ok()) {
        Some(ms) => schedule::every(now, ms),
        None => schedule::cron(now, expr, words.next()),
    }
});
