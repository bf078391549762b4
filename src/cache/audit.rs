//! Whether index and keyspace agree: everything is compared, in one go. Debug builds only, for tests.

use std::collections::{BTreeMap, BTreeSet};

use super::with;
use crate::ffi::ctx::Ctx;
use crate::ffi::key::{Key, Mode};
use crate::ffi::scan::Scan;
use crate::types::entry;

type Names = BTreeSet<Box<[u8]>>;

/// What the index knows of an entry: its tier, its tags.
type Known = (Option<u16>, BTreeSet<Vec<u8>>);

/// Most differences that are told.
const MOST: usize = 20;

/// What index and keyspace do not agree on, in words; empty when they do.
pub(crate) fn differences(ctx: Ctx<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for db in (0..).take_while(|&db| ctx.select(db)) {
        compare(ctx, db, &mut found);
    }
    found.truncate(MOST);
    found
}

fn compare(ctx: Ctx<'_>, db: i32, found: &mut Vec<String>) {
    let mut present = Names::new();
    let mut scan = Scan::new();
    while scan.step(ctx, &mut |name| _ = present.insert(name.into())) {}
    let mut indexed: BTreeMap<Box<[u8]>, Known> = BTreeMap::new();
    with(|cache| {
        let mut after = None;
        loop {
            after = cache.index.walk(db, b"", after.as_deref(), 1000, |name, at, entry| {
                let tags = cache.index.tags(at).map(<[u8]>::to_vec).collect();
                indexed.insert(name.into(), (entry.tier.map(|tier| tier.0), tags));
            });
            if after.is_none() {
                break;
            }
        }
    });
    for name in &present {
        let shown = String::from_utf8_lossy(name).into_owned();
        // Reading a key may expire it: then the event has told the index, and the copy here is what is old.
        let key = Key::open(ctx, name, Mode::Peek);
        let tags: BTreeSet<Vec<u8>> =
            entry::find(&key).map(|entry| entry.tags().map(<[u8]>::to_vec).collect()).unwrap_or_default();
        drop(key);
        let tier = with(|cache| cache.indexed_tier(name).map(|tier| tier.0));
        let still = with(|cache| cache.index.find(db, name).is_some());
        match indexed.remove(name) {
            Some((known, _)) if known != tier => found.push(format!("db {db}: {shown} is in the wrong tier")),
            Some((_, known)) if known != tags && still && !tags.is_empty() => {
                found.push(format!("db {db}: {shown} has other tags"));
            }
            Some(_) => {}
            None if tier.is_some() || !tags.is_empty() => found.push(format!("db {db}: {shown} is not in the index")),
            None => {}
        }
    }
    found.extend(indexed.keys().map(|name| format!("db {db}: {} is in the index only", String::from_utf8_lossy(name))));
}
