//! Cached assessments in the keyspace: an index of them, and how those of a changed model disappear.
//!
//! What is served is safe without any of this, because a document of another version than its model's is never served.
//! The index exists so that a plain `GET` does not see such a document for longer than it takes to find it, and so that
//! nobody's memory is full of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use assess_engine::cache::index::Index;
use assess_engine::cache::name;

use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::{main_loop, stats};

/// How long one slice of a sweep may take.
const SLICE: Duration = Duration::from_micros(400);
/// Names looked at, and at most unlinked, between two looks at the clock.
const STEP: usize = 32;

#[derive(Default)]
struct Cached {
    index: Index,
    /// Models whose assessments up to a stamp are out of date, and how far their sweep has come.
    outdated: BTreeMap<(i32, Vec<u8>), Sweep>,
    sweeping: bool,
}

struct Sweep {
    beginning: Vec<u8>,
    stamp: u64,
    after: Option<Box<[u8]>>,
}

thread_local! {
    static CACHED: RefCell<Cached> = RefCell::default();
}

/// Whether a key is named like a cached assessment.
#[inline]
pub(crate) fn is_one(key: &[u8]) -> bool {
    key.starts_with(name::PREFIX)
}

pub(crate) fn written(db: i32, key: &[u8]) {
    CACHED.with_borrow_mut(|cached| cached.index.written(db, key));
}

pub(crate) fn gone(db: i32, key: &[u8]) {
    CACHED.with_borrow_mut(|cached| cached.index.gone(db, key));
}

/// A database was emptied; `None` is all of them.
pub(crate) fn flushed(db: Option<i32>) {
    CACHED.with_borrow_mut(|cached| {
        cached.index.flushed(db);
        cached.outdated.retain(|(outdated_db, _), _| db.is_some_and(|db| db != *outdated_db));
    });
}

/// Two databases changed places.
pub(crate) fn swapped(a: i32, b: i32) {
    CACHED.with_borrow_mut(|cached| {
        cached.index.swapped(a, b);
        let outdated = std::mem::take(&mut cached.outdated);
        cached.outdated.extend(outdated.into_iter().map(|((db, model), sweep)| {
            let db = if db == a {
                b
            } else if db == b {
                a
            } else {
                db
            };
            ((db, model), sweep)
        }));
    });
}

/// How many cached assessments there are.
pub(crate) fn count() -> usize {
    CACHED.with_borrow(|cached| cached.index.len())
}

/// Everything cached of a model so far is out of date. Master and replica note it; the master unlinks, and a replica
/// does once it is promoted.
pub(crate) fn outdate(db: i32, model: &[u8]) {
    let mut beginning = Vec::new();
    if name::begin(model, &mut beginning).is_err() {
        return;
    }
    let begin = CACHED.with_borrow_mut(|cached| {
        let stamp = cached.index.now();
        // Most models die or change without anything of theirs being cached: then there is nothing to remember.
        if !cached.index.has_any(db, &beginning) {
            return false;
        }
        cached.outdated.insert((db, model.to_vec()), Sweep { beginning, stamp, after: None });
        !std::mem::replace(&mut cached.sweeping, true)
    });
    if begin {
        main_loop::after(0, sweep);
    }
}

/// One slice; goes on in the next turns of the event loop until nothing is left.
fn sweep(ctx: Ctx<'_>) {
    let begin = Instant::now();
    let wait = loop {
        if !ctx.is_master() {
            // A replica's master unlinks for it. What is left to do stays noted for the day of promotion.
            if forget_what_is_done() {
                return;
            }
            break 1000;
        }
        if ctx.writes_are_paused() {
            break 20;
        }
        let Some((db, names)) = next_step() else {
            CACHED.with_borrow_mut(|cached| cached.sweeping = false);
            return;
        };
        if !names.is_empty() && ctx.select(db) {
            // Names are not proof: a user may have put something else there.
            let names: Vec<&[u8]> = names.iter().map(AsRef::as_ref).filter(|name| is_document(ctx, name)).collect();
            stats::add(|c| &c.swept, names.len() as u64);
            ctx.unlink(&names);
        }
        if begin.elapsed() >= SLICE {
            break 0;
        }
    };
    main_loop::after(wait, sweep);
}

/// Whether a key holds an assessment document.
fn is_document(ctx: Ctx<'_>, name: &[u8]) -> bool {
    Key::open(ctx, name, Mode::Peek).string().is_some_and(|value| value.starts_with(b"{\"model\":"))
}

/// On a replica: forgets the models of which nothing outdated is left; whether that was all of them.
fn forget_what_is_done() -> bool {
    CACHED.with_borrow_mut(|cached| {
        let Cached { index, outdated, sweeping } = cached;
        let begin = Instant::now();
        outdated.retain(|(db, _), sweep| {
            if begin.elapsed() >= SLICE {
                return true;
            }
            let (names, more) = index.written_until(*db, &sweep.beginning, sweep.stamp, None, STEP * 8);
            !names.is_empty() || more.is_some()
        });
        *sweeping = !outdated.is_empty();
        !*sweeping
    })
}

/// The next names to unlink; possibly none of those looked at. `None` when every sweep has ended.
fn next_step() -> Option<(i32, Vec<Box<[u8]>>)> {
    CACHED.with_borrow_mut(|cached| {
        let mut entry = cached.outdated.first_entry()?;
        let (db, model) = entry.key().clone();
        let sweep = entry.get_mut();
        let (mut names, after) =
            cached.index.written_until(db, &sweep.beginning, sweep.stamp, sweep.after.as_deref(), STEP);
        names.retain(|candidate| name::belongs(&model, &sweep.beginning, candidate));
        match after {
            Some(after) => sweep.after = Some(after),
            None => _ = entry.remove(),
        }
        Some((db, names))
    })
}
