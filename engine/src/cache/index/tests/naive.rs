//! The index compared with a list that is searched from end to end.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Op {
    Write { db: i32, name: Vec<u8>, tier: Option<u16>, bytes: Option<u64>, tags: Vec<u8>, file: bool, at: Option<u64> },
    Remove(i32, Vec<u8>),
    Touch(i32, Vec<u8>, bool),
    Describe(i32, Vec<u8>, Option<u64>),
    SetTier(i32, Vec<u8>, Option<u16>),
    Flush(Option<i32>),
    Swap(i32, i32),
    Unmeasured(usize),
    Later(Vec<(i32, Vec<u8>, Later)>),
    Settle,
}

fn op() -> impl Strategy<Value = Op> {
    let name = || proptest::collection::vec(b'a'..b'd', 1..4);
    let tier = || proptest::option::of(0u16..3);
    let bytes = || proptest::option::of(1u64..100);
    let times = proptest::option::of(0u64..100);
    let write = (0..3, name(), tier(), bytes(), proptest::collection::vec(b'x'..=b'z', 0..3), any::<bool>(), times);
    // Sometimes more than may wait.
    let later = proptest::collection::vec((0..3, name(), later()), 1..80);
    prop_oneof![
        12 => write.prop_map(|(db, name, tier, bytes, tags, file, at)|
            Op::Write { db, name, tier, bytes, tags, file, at }),
        8 => (0..3, name()).prop_map(|(db, name)| Op::Remove(db, name)),
        8 => (0..3, name(), any::<bool>()).prop_map(|(db, name, reorder)| Op::Touch(db, name, reorder)),
        3 => (0..3, name(), bytes()).prop_map(|(db, name, bytes)| Op::Describe(db, name, bytes)),
        3 => (0..3, name(), tier()).prop_map(|(db, name, tier)| Op::SetTier(db, name, tier)),
        1 => proptest::option::of(0..3).prop_map(Op::Flush),
        1 => (0..3, 0..3).prop_map(|(a, b)| Op::Swap(a, b)),
        1 => (0usize..5).prop_map(Op::Unmeasured),
        6 => later.prop_map(Op::Later),
        2 => Just(Op::Settle),
    ]
}

fn later() -> impl Strategy<Value = Later> {
    prop_oneof![
        4 => (0u16..3).prop_map(|tier| Later::Written(TierId(tier))),
        1 => Just(Later::TtlChanged),
        1 => Just(Later::Removed(Removal::Deleted)),
        1 => Just(Later::Removed(Removal::Expired)),
        1 => Just(Later::Removed(Removal::Evicted)),
        4 => any::<bool>().prop_map(|reorder| Later::Hit { reorder }),
    ]
}

#[derive(Debug, Clone)]
struct Known {
    db: i32,
    name: Vec<u8>,
    entry: Entry,
    tags: Vec<u8>,
    used: usize,
    waits: bool,
}

/// The list, and the removed entries: database, tier, name, hits.
#[derive(Debug, Default)]
struct Model {
    list: Vec<Known>,
    removed: Vec<(i32, u16, Vec<u8>, u32)>,
    ticks: u64,
    /// What the index must report when the changes that wait are applied.
    reports: Vec<(Removal, Entry)>,
}

impl Model {
    fn find(&mut self, db: i32, name: &[u8]) -> Option<&mut Known> {
        self.list.iter_mut().find(|known| known.db == db && known.name == name)
    }

    fn restore_hits(&mut self, db: i32, tier: Option<TierId>, name: &[u8]) -> u32 {
        let tier = number(tier);
        let at = self.removed.iter().position(|removed| (removed.0, removed.1, &*removed.2) == (db, tier, name));
        at.map_or(0, |at| self.removed.remove(at).3)
    }

    fn write(
        &mut self,
        db: i32,
        name: &[u8],
        tier: Option<TierId>,
        (freshness, bytes): (Freshness, Option<u64>),
        tags: &[u8],
        (stamp, used): (u64, usize),
    ) {
        let old = self.list.iter().position(|known| known.db == db && known.name == name);
        let old = old.map(|at| self.list.remove(at));
        let mut hits = old.as_ref().map_or(0, |old| old.entry.hits);
        if old.is_none_or(|old| old.entry.tier != tier) {
            hits += self.restore_hits(db, tier, name);
        }
        let mut distinct: Vec<u8> = Vec::new();
        for tag in tags {
            if !distinct.contains(tag) {
                distinct.push(*tag);
            }
        }
        let tagged = !distinct.is_empty();
        let entry = Entry { tier, stamp, freshness, bytes, hits, hit_since_write: false, tagged };
        self.list.push(Known { db, name: name.to_vec(), entry, tags: distinct, used, waits: bytes.is_none() });
    }

    fn remove(&mut self, db: i32, name: &[u8]) -> Option<Entry> {
        let at = self.list.iter().position(|known| known.db == db && known.name == name)?;
        let known = self.list.remove(at);
        if known.entry.hits > 0 {
            self.removed.push((db, number(known.entry.tier), known.name, known.entry.hits));
        }
        Some(known.entry)
    }
}

fn freshness(at: Option<u64>) -> Freshness {
    match at {
        Some(at) if at % 2 == 0 => Freshness::FromExpiry { grace: at },
        Some(at) => Freshness::Until { at, ttl: at + 1 },
        None => Freshness::UntilExpiry,
    }
}

/// How the index describes it: without grace an entry is fresh until it expires.
fn known_as(freshness: Freshness) -> Freshness {
    if freshness == (Freshness::FromExpiry { grace: 0 }) { Freshness::UntilExpiry } else { freshness }
}

fn settle(index: &mut Index, model: &mut Model) -> Result<(), TestCaseError> {
    let mut reports = Vec::new();
    index.settle(|why, entry| reports.push((why, *entry)));
    prop_assert_eq!(reports, std::mem::take(&mut model.reports));
    prop_assert!(!index.has_waiting());
    Ok(())
}

/// What the index says while changes wait is true of the list, which has them.
fn agree_while_changes_wait(index: &Index, model: &Model) -> Result<(), TestCaseError> {
    let of = |tier: Option<TierId>| model.list.iter().filter(move |known| known.entry.tier == tier);
    prop_assert!(index.has_outside() || of(None).next().is_none());
    for (db, tier) in (0..3).flat_map(|db| (0..3).map(move |tier| (db, TierId(tier)))) {
        let mut here = of(Some(tier)).filter(|known| known.db == db);
        let all_until_expiry = here.all(|known| known.entry.freshness == Freshness::UntilExpiry);
        prop_assert!(all_until_expiry || !index.all_until_expiry(db, tier));
    }
    Ok(())
}

/// The list changes immediately, the index later.
fn change_later(model: &mut Model, step: usize, db: i32, name: &[u8], what: Later) {
    match what {
        Later::Written(tier) => {
            let old = model.list.iter().find(|known| known.db == db && known.name == name);
            let used = old.filter(|old| old.entry.tier == Some(tier)).map_or(step, |old| old.used);
            model.ticks += 1;
            let stamp = model.ticks;
            model.write(db, name, Some(tier), (Freshness::UntilExpiry, None), &[], (stamp, used));
        }
        Later::TtlChanged => match model.find(db, name) {
            Some(known) if known.entry.tier.is_some() || known.entry.tagged => {
                known.entry.freshness = Freshness::UntilExpiry;
                known.waits &= known.entry.bytes.is_none();
            }
            Some(_) => _ = model.remove(db, name),
            None => {}
        },
        Later::Removed(why) => {
            let entry = model.remove(db, name);
            model.reports.extend(entry.map(|entry| (why, entry)));
        }
        Later::Hit { reorder } => {
            if let Some(known) = model.find(db, name) {
                known.entry.hits += 1;
                known.entry.hit_since_write = true;
                known.used = if reorder { step } else { known.used };
            }
        }
    }
}

fn apply(index: &mut Index, model: &mut Model, step: usize, op: &Op) -> Result<(), TestCaseError> {
    if !matches!(op, Op::Later(_)) {
        settle(index, model)?;
    }
    match op {
        Op::Settle => {}
        Op::Later(changes) => {
            for (i, (db, name, what)) in changes.iter().enumerate() {
                change_later(model, step + i, *db, name, *what);
                if index.change_later(*db, name, *what) {
                    settle(index, model)?;
                }
                agree_while_changes_wait(index, model)?;
            }
        }
        Op::Write { .. } => write(index, model, step, op)?,
        Op::Remove(db, name) => prop_assert_eq!(index.remove(*db, name), model.remove(*db, name)),
        Op::Touch(db, name, reorder) => {
            let (at, known) = (index.find(*db, name), model.find(*db, name));
            prop_assert_eq!(at.is_some(), known.is_some());
            if let (Some(at), Some(known)) = (at, known) {
                index.touched(at, *reorder);
                known.entry.hits += 1;
                known.entry.hit_since_write = true;
                known.used = if *reorder { step } else { known.used };
            }
        }
        Op::Describe(db, name, bytes) => {
            if let (Some(at), Some(known)) = (index.find(*db, name), model.find(*db, name)) {
                index.describe(at, freshness(*bytes), *bytes);
                known.entry.freshness = known_as(freshness(*bytes));
                known.entry.bytes = bytes.or(known.entry.bytes);
                known.waits &= bytes.is_none();
            }
        }
        Op::SetTier(db, name, tier) => {
            let tier = tier.map(TierId);
            if let Some(at) = index.find(*db, name) {
                index.set_tier(at, tier);
                if model.find(*db, name).is_some_and(|known| known.entry.tier != tier) {
                    let hits = model.restore_hits(*db, tier, name);
                    let known = model.find(*db, name).unwrap();
                    known.entry.tier = tier;
                    known.entry.hits += hits;
                }
            }
        }
        Op::Flush(_) | Op::Swap(..) | Op::Unmeasured(_) => apply_to_many(index, model, op)?,
    }
    Ok(())
}

fn write(index: &mut Index, model: &mut Model, step: usize, op: &Op) -> Result<(), TestCaseError> {
    let Op::Write { db, name, tier, bytes, tags, file, at } = op else { return Ok(()) };
    let slices: Vec<&[u8]> = tags.iter().map(std::slice::from_ref).collect();
    let tier = tier.map(TierId);
    let at = freshness(*at);
    let place = index.written(
        *db,
        name,
        &Write { tier, freshness: at, bytes: *bytes, tags: &slices, stamp: file.then_some(0), reorders: true },
    );
    prop_assert_eq!(index.name(place), &**name);
    model.ticks += u64::from(!file);
    let stamp = if *file { 0 } else { model.ticks };
    model.write(*db, name, tier, (known_as(at), *bytes), tags, (stamp, step));
    Ok(())
}

/// Applies operations on whole databases, or on entries that the operation does not name.
fn apply_to_many(index: &mut Index, model: &mut Model, op: &Op) -> Result<(), TestCaseError> {
    match op {
        Op::Flush(db) => {
            drop(index.flushed(*db));
            model.list.retain(|known| db.is_some_and(|db| db != known.db));
            model.removed.retain(|removed| db.is_some_and(|db| db != removed.0));
        }
        Op::Swap(a, b) => {
            index.swapped(*a, *b);
            let other = |db: &mut i32| {
                *db = if *db == *a {
                    *b
                } else if *db == *b {
                    *a
                } else {
                    *db
                }
            };
            model.list.iter_mut().for_each(|known| other(&mut known.db));
            model.removed.iter_mut().for_each(|removed| other(&mut removed.0));
        }
        Op::Unmeasured(limit) => {
            let taken = index.unmeasured(limit + 1);
            prop_assert!(taken.is_some() || model.list.iter().all(|known| !known.waits));
            prop_assert!(taken.as_ref().is_none_or(|taken| taken.len() <= limit + 1));
            for (db, name) in taken.unwrap_or_default() {
                let known = model.find(db, &name).unwrap();
                prop_assert!(known.waits);
                known.waits = false;
            }
        }
        _ => {}
    }
    Ok(())
}

fn agree(index: &Index, model: &Model, limit: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(index.faults(), Vec::<String>::new());
    prop_assert_eq!(index.len(), model.list.len());
    prop_assert_eq!(index.now(), model.ticks);
    for tier in [None, Some(0), Some(1), Some(2)].map(|tier| tier.map(TierId)) {
        let of = || model.list.iter().filter(|known| known.entry.tier == tier);
        let bytes = of().filter_map(|known| known.entry.bytes).sum();
        prop_assert_eq!(index.usage(tier), Usage { entries: of().count() as u64, bytes });
        if let Some(tier) = tier {
            let oldest = of().min_by_key(|known| known.used).map(|known| (known.db, &*known.name));
            prop_assert_eq!(index.oldest(tier), oldest);
        }
    }
    for db in 0..3 {
        let mut here: Vec<&Known> = model.list.iter().filter(|known| known.db == db).collect();
        here.sort_by(|a, b| a.name.cmp(&b.name));
        prop_assert_eq!(index.databases().contains(&db), !here.is_empty());
        agree_on_walks(index, &here, db, limit)?;
        for known in &here {
            let at = index.find(db, &known.name).unwrap();
            prop_assert_eq!(index.entry(at), known.entry);
            prop_assert_eq!(index.is_still(at, known.entry.stamp), known.entry.stamp != 0);
            prop_assert_eq!(index.tags(at).flatten().copied().collect::<Vec<_>>(), known.tags.clone());
        }
        agree_on_tags(index, &here, db, limit)?;
        for tier in 0..3 {
            let live = here.iter().filter(|k| k.entry.tier == Some(TierId(tier)) && k.entry.hits > 0);
            let live = live.map(|k| (k.name.as_slice().into(), u64::from(k.entry.hits)));
            let removed = model.removed.iter().filter(|removed| (removed.0, removed.1) == (db, tier));
            let removed = removed.map(|removed| (removed.2.as_slice().into(), u64::from(removed.3)));
            let mut expected: Vec<(Box<[u8]>, u64)> = live.chain(removed).collect();
            expected.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            expected.truncate(5);
            prop_assert_eq!(index.hot(db, TierId(tier), 5), expected);
        }
    }
    Ok(())
}

fn agree_on_walks(index: &Index, here: &[&Known], db: i32, limit: usize) -> Result<(), TestCaseError> {
    for prefix in [&b""[..], b"a", b"bc"] {
        let expected: Vec<_> =
            here.iter().filter(|k| k.name.starts_with(prefix)).map(|k| (k.name.clone(), k.entry)).collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let before = found.len();
            after = index.walk(db, prefix, after.as_deref(), limit, |name, at, entry| {
                assert_eq!(index.find(db, name), Some(at));
                found.push((name.to_vec(), entry));
            });
            prop_assert!(found.len() - before <= limit);
            if after.is_none() {
                break;
            }
        }
        prop_assert_eq!(index.has_any(db, prefix), !expected.is_empty());
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

fn agree_on_tags(index: &Index, here: &[&Known], db: i32, limit: usize) -> Result<(), TestCaseError> {
    for tag in b'x'..=b'z' {
        let expected: Vec<_> = here.iter().filter(|k| k.tags.contains(&tag)).map(|k| k.name.clone()).collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            after = index.walk_tag(db, &[tag], after, limit, |name, _, _| found.push(name.to_vec()));
            if after.is_none() {
                break;
            }
        }
        found.sort();
        prop_assert_eq!(index.tagged(db, &[tag]), expected.len());
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn the_index_agrees_with_a_naive_list(ops in proptest::collection::vec(op(), 0..120), limit in 1usize..9) {
        let mut index = Index::new(7);
        let mut model = Model::default();
        for (step, op) in ops.iter().enumerate() {
            apply(&mut index, &mut model, step * 100, op)?;
            if step % 8 == 0 && !index.has_waiting() {
                agree(&index, &model, limit)?;
            }
        }
        settle(&mut index, &mut model)?;
        agree(&index, &model, limit)?;
    }
}
