//! Whether index and keyspace agree: everything is compared, in one go. Debug builds only, for tests.
//!
//! What counts is what is physically there: a key whose time is up stays, on a replica, until its master says so.

use std::collections::{BTreeMap, BTreeSet};

use assess_engine::cache::index::Freshness;

use super::{measure, with};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::ffi::scan::Scan;
use crate::types::entry;

/// Most differences that are told.
const MOST: usize = 20;

/// What the index says of a key.
#[derive(Debug, PartialEq)]
struct Known {
    tier: Option<u16>,
    tags: BTreeSet<Vec<u8>>,
    bytes: Option<u64>,
    may_be_stale: bool,
}

/// What index and keyspace, and the parts of the index, do not agree on, in words; empty when they do.
pub(crate) fn differences(ctx: Ctx<'_>) -> Vec<String> {
    let mut found = Vec::new();
    // Selecting is for good: the context is the client's own.
    let selected = ctx.db();
    for db in (0..).take_while(|&db| ctx.select(db)) {
        compare(ctx, db, &mut found);
    }
    ctx.select(selected);
    found.extend(with(|cache| cache.index.faults()));
    found.truncate(MOST);
    found
}

fn compare(ctx: Ctx<'_>, db: i32, found: &mut Vec<String>) {
    let mut present: BTreeSet<Box<[u8]>> = BTreeSet::new();
    let mut scan = Scan::new();
    while scan.step(ctx, &mut |name| _ = present.insert(name.into())) {}
    let mut indexed = names(db);
    for name in &present {
        let known = indexed.remove(name);
        let mut tell = |what: &str| found.push(format!("db {db}: {} {what}", String::from_utf8_lossy(name)));
        let tier = with(|cache| cache.indexed_tier(name).map(|tier| tier.0));
        let is_banned = with(|cache| cache.index.find(db, name).is_some_and(|at| cache.is_banned(db, name, at)));
        let key = Key::open(ctx, name, Mode::Peek);
        let tags = (key.holds() != Holds::Nothing)
            .then(|| entry::find(&key).map_or_else(BTreeSet::new, |entry| entry.tags().map(<[u8]>::to_vec).collect()));
        let bytes = measure::bytes(&key);
        drop(key);
        let Some(tags) = tags else {
            // Its time is up. A master has deleted it just now, and the event has told the index.
            if ctx.is_master() && with(|cache| cache.index.find(db, name).is_some()) {
                tell("has expired and is still in the index");
            } else if !ctx.is_master() && tier.is_some() && known.is_none() {
                tell("has expired, is still there, and is not in the index");
            }
            continue;
        };
        match known {
            // What a running invalidation of its tier covers stays there until that has ended.
            Some(known) if known.tier != tier && !is_banned => tell("is in the wrong tier"),
            Some(known) if known.tags != tags => tell("has other tags"),
            Some(known) if known.bytes.is_some_and(|known| known != bytes) => tell("has another size"),
            Some(known) if known.tier.is_none() && known.tags.is_empty() && !known.may_be_stale => {
                tell("is in the index for nothing");
            }
            None if tier.is_some() || !tags.is_empty() => tell("is not in the index"),
            Some(_) | None => {}
        }
    }
    found.extend(indexed.keys().map(|name| format!("db {db}: {} is in the index only", String::from_utf8_lossy(name))));
}

/// Everything that the index has of a database.
fn names(db: i32) -> BTreeMap<Box<[u8]>, Known> {
    let mut names = BTreeMap::new();
    with(|cache| {
        let mut after = None;
        loop {
            after = cache.index.walk(db, b"", after.as_deref(), 1000, |name, at, entry| {
                let tags = cache.index.tags(at).map(<[u8]>::to_vec).collect();
                let tier = entry.tier.map(|tier| tier.0);
                let may_be_stale = entry.freshness != Freshness::UntilExpiry;
                names.insert(name.into(), Known { tier, tags, bytes: entry.bytes, may_be_stale });
            });
            if after.is_none() {
                break;
            }
        }
    });
    names
}
