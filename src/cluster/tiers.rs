//! The tiers that all masters share: each master compares its own with those of another one every second.

use std::time::{Duration, Instant};

use assess_engine::cluster::nodes::Id;
use assess_engine::cluster::tiers::{Shared, rows_of};

use super::send;
use crate::cache::{saved, with};
use crate::ffi::cluster;
use crate::ffi::ctx::{self, Ctx};
use crate::work::main_loop;

/// Time from one comparison to the next.
const COMPARE_MS: u64 = 1000;

/// The most time of one slice.
const SLICE: Duration = Duration::from_micros(300);

/// Starts comparing.
pub(super) fn begin() {
    main_loop::after(COMPARE_MS, |ctx| {
        begin();
        if ctx.is_loading() || !ctx.is_master() {
            return;
        }
        let start = with(|cache| cache.random.usize(..));
        if let Some(other) = cluster::some_other_master(ctx, start) {
            let digest = with(|cache| cache.shared.digest()).to_string();
            send(ctx, &other, &[b"DIGEST", digest.as_bytes()]);
        }
    });
}

/// Another master shares tiers with this digest.
pub(super) fn compared(ctx: Ctx<'_>, from: &Id, digest: u64) {
    if with(|cache| cache.shared.digest()) != digest {
        send_all(ctx, from, true);
    }
}

/// Sends all shared tiers. With `wants`, the other node sends its own back.
fn send_all(ctx: Ctx<'_>, to: &Id, wants: bool) {
    let batches = with(|cache| cache.shared.batches());
    let last = batches.len() - 1;
    for (number, batch) in batches.iter().enumerate() {
        let mut words: Vec<&[u8]> = vec![b"TIERS", if wants && number == last { b"1" } else { b"0" }];
        words.extend(batch.iter().map(AsRef::as_ref));
        send(ctx, to, &words);
    }
}

/// Another master has sent shared tiers: those that are newer are taken.
pub(super) fn received(from: Id, wants: bool, words: &[&[u8]]) {
    let Some(rows) = rows_of(words) else { return };
    take(rows, wants.then_some(from));
}

/// Takes rows in slices: each tier that is set sorts the patterns of all. Then sends the own ones to the node that wants them.
fn take(mut rows: Vec<(Box<[u8]>, Shared)>, wants: Option<Id>) {
    main_loop::after(0, move |ctx| {
        main_loop::when_writable(ctx, 0, move |ctx, writable| {
            if writable.is_err() {
                return;
            }
            let begin = Instant::now();
            while begin.elapsed() < SLICE
                && let Some((name, shared)) = rows.pop()
            {
                // For example a tier of a later release. It is kept as it is, so that it is not sent again and again.
                if let Err(failure) = saved::share_or_keep(ctx, &name, shared) {
                    ctx::warn(&format!("a tier of another node is not applied here: {failure}"));
                }
            }
            match wants {
                _ if !rows.is_empty() => take(rows, wants),
                Some(from) => send_all(ctx, &from, false),
                None => {}
            }
        });
    });
}
