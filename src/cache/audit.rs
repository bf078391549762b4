//! Compares the index with the keyspace, all keys in a single step. For tests only (feature `test-hooks`).
//!
//! A key counts if the server stores it. On a replica that includes an expired key, until its master deletes it.

use std::collections::{BTreeMap, BTreeSet};

use assess_engine::cache::index::Freshness;

use super::{measure, with};
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Holds, Key, Mode};
use crate::ffi::scan::Scan;
use crate::types::entry;

/// The most differences that are reported.
const MOST: usize = 20;

/// What the index stores for a key.
#[derive(Debug, PartialEq)]
struct Known {
    tier: Option<u16>,
    tags: BTreeSet<Vec<u8>>,
    bytes: Option<u64>,
    may_be_stale: bool,
}

/// Differences between index and keyspace, and between the parts of the index; empty if there are none.
pub(crate) fn differences(ctx: Ctx<'_>) -> Vec<String> {
    let mut found = Vec::new();
    // The context is the client's own, so its database has to be selected again at the end.
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
        let mut report = |what: &str| found.push(format!("db {db}: {} {what}", String::from_utf8_lossy(name)));
        let tier = with(|cache| cache.indexed_tier(name).map(|tier| tier.0));
        let is_banned = with(|cache| cache.index.find(db, name).is_some_and(|at| cache.is_banned(db, name, at)));
        let key = Key::open(ctx, name, Mode::Peek);
        let tags = (key.holds() != Holds::Nothing)
            .then(|| entry::find(&key).map_or_else(BTreeSet::new, |entry| entry.tags().map(<[u8]>::to_vec).collect()));
        let bytes = measure::bytes(&key);
        drop(key);
        let Some(tags) = tags else {
            // Expired. A master has just deleted it, and the event has updated the index.
            if ctx.is_master() && with(|cache| cache.index.find(db, name).is_some()) {
                report("has expired and is still in the index");
            } else if !ctx.is_master() && tier.is_some() && known.is_none() {
                report("has expired, is still there, and is not in the index");
            }
            continue;
        };
        match known {
            // An entry that a running invalidation of its tier covers stays in that tier until the invalidation ends.
            Some(known) if known.tier != tier && !is_banned => report("is in the wrong tier"),
            Some(known) if known.tags != tags => report("has other tags"),
            Some(known) if known.bytes.is_some_and(|known| known != bytes) => report("has another size"),
            Some(known) if known.tier.is_none() && known.tags.is_empty() && !known.may_be_stale => {
                report("is in the index without need");
            }
            None if tier.is_some() || !tags.is_empty() => report("is not in the index"),
            Some(_) | None => {}
        }
    }
    found.extend(indexed.keys().map(|name| format!("db {db}: {} is in the index only", String::from_utf8_lossy(name))));
}

/// All entries of the index in a database.
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
