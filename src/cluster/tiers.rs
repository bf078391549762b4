//! The tiers that all masters share: each master compares its own with those of another one every second.

use std::time::{Duration, Instant};

use assess_engine::cluster::nodes::{Id, Master};
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
    if with(|cache| cache.shared.digest()) == digest {
        return;
    }
    match sides(ctx, from) {
        // This node has just joined: its own comparison asks for the tiers of the cluster.
        Sides { this_has_slots: false, other_has_slots: true } => {}
        Sides { this_has_slots: true, other_has_slots: false } => send_all(ctx, from, Wish::Replaces),
        _ => send_all(ctx, from, Wish::WantsOthers),
    }
}

/// Which of two masters have slots. One without has just joined the cluster, perhaps with tiers of another one.
struct Sides {
    this_has_slots: bool,
    other_has_slots: bool,
}

fn sides(ctx: Ctx<'_>, other: &Id) -> Sides {
    let masters = cluster::masters(ctx);
    let has_slots = |is_it: &dyn Fn(&Master) -> bool| masters.iter().any(|master| master.has_slots && is_it(master));
    Sides {
        this_has_slots: has_slots(&|master| master.is_this),
        other_has_slots: has_slots(&|master| master.id == *other),
    }
}

/// What the receiver of tiers does besides taking the newer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Nothing,
    /// Sends its own back.
    WantsOthers,
    /// Forgets first which versions it knew, because it has just joined.
    Replaces,
}

impl Wish {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Nothing => b"0",
            Self::WantsOthers => b"1",
            Self::Replaces => b"2",
        }
    }

    fn of(word: &[u8]) -> Self {
        let all = [Self::WantsOthers, Self::Replaces];
        all.into_iter().find(|wish| wish.word() == word).unwrap_or(Self::Nothing)
    }
}

/// Sends all shared tiers. The wish comes with the last message if it is for an answer, else with the first one.
fn send_all(ctx: Ctx<'_>, to: &Id, wish: Wish) {
    let batches = with(|cache| cache.shared.batches());
    let at = if wish == Wish::Replaces { 0 } else { batches.len() - 1 };
    for (number, batch) in batches.iter().enumerate() {
        let mut words: Vec<&[u8]> = vec![b"TIERS", if number == at { wish } else { Wish::Nothing }.word()];
        words.extend(batch.iter().map(AsRef::as_ref));
        send(ctx, to, &words);
    }
}

/// Another master has sent shared tiers: those that are newer are taken.
pub(super) fn received(ctx: Ctx<'_>, from: Id, wish: &[u8], words: &[&[u8]]) {
    let Some(rows) = rows_of(words) else { return };
    let Sides { this_has_slots, other_has_slots } = sides(ctx, &from);
    // The other one has just joined, and does not know yet who has the slots.
    if this_has_slots && !other_has_slots {
        return;
    }
    match Wish::of(wish) {
        // This node may have got slots since the other one looked.
        Wish::Replaces if !this_has_slots => main_loop::after(0, move |ctx| {
            main_loop::when_writable(ctx, 0, move |ctx, writable| {
                if writable.is_ok() {
                    saved::forget_shared(ctx);
                    take(rows, None);
                }
            });
        }),
        Wish::WantsOthers => take(rows, Some(from)),
        Wish::Nothing | Wish::Replaces => take(rows, None),
    }
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
                Some(from) => send_all(ctx, &from, Wish::Nothing),
                None => {}
            }
        });
    });
}
