//! The most requested keys: those of the index, and those that a saved data set names. After a restart the index has
//! no hits yet, and after a change of a model it has no entries of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use assess_engine::cache::name;

use super::with;

/// The most names of a tier in a database.
const MOST: usize = 256;
/// Longer names, in bytes, are not saved.
const LONGEST: usize = 1024;

/// Database and name of a tier.
type Place = (i32, Box<[u8]>);

thread_local! {
    /// What was requested most often before the server was started.
    static SAVED: RefCell<BTreeMap<Place, Vec<Box<[u8]>>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The cache keys of assessments of a model that were requested most often, at most `n`.
pub(crate) fn of_model(db: i32, model: &[u8], n: usize) -> Vec<Box<[u8]>> {
    let mut beginning = Vec::new();
    if name::begin(model, &mut beginning).is_err() {
        return Vec::new();
    }
    let is_own = |key: &[u8]| name::belongs(model, &beginning, key);
    let mut counted: Vec<(Box<[u8]>, u64)> = with(|cache| {
        let tiers = cache.tiers.iter().map(|tier| tier.id);
        tiers.flat_map(|tier| cache.index.hot(db, tier, MOST)).filter(|(key, _)| is_own(key)).collect()
    });
    counted.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut names: Vec<Box<[u8]>> = counted.into_iter().map(|(key, _)| key).collect();
    SAVED.with_borrow(|saved| {
        let of_db = saved.iter().filter(|((at, _), _)| *at == db).flat_map(|(_, keys)| keys);
        names.extend(of_db.filter(|key| is_own(key)).cloned());
    });
    let mut seen = HashSet::new();
    names.retain(|key| seen.insert(key.clone()));
    names.truncate(n);
    names
}

/// The lines that an RDB file stores: the keys of each tier in each database, the most requested first.
pub(super) fn lines() -> Vec<Vec<Vec<u8>>> {
    let mut found: BTreeMap<Place, Vec<Box<[u8]>>> = BTreeMap::new();
    with(|cache| {
        for db in cache.index.requested_databases() {
            for tier in cache.tiers.iter() {
                let names = cache.index.hot(db, tier.id, MOST).into_iter().map(|(key, _)| key);
                let names: Vec<_> = names.filter(|key| key.len() <= LONGEST).collect();
                if !names.is_empty() {
                    found.insert((db, tier.name.clone()), names);
                }
            }
        }
    });
    // A server that is saved soon after its start has few hits: the others are those of the time before.
    SAVED.with_borrow(|saved| {
        for (place, keys) in saved {
            let names = found.entry(place.clone()).or_default();
            let new: Vec<_> = keys.iter().filter(|key| !names.contains(key)).cloned().collect();
            names.extend(new);
            names.truncate(MOST);
        }
    });
    let line = |((db, tier), names): (Place, Vec<Box<[u8]>>)| {
        let words = [b"HOT".to_vec(), db.to_string().into(), tier.into_vec()];
        words.into_iter().chain(names.into_iter().map(<[u8]>::into_vec)).collect()
    };
    found.into_iter().map(line).collect()
}

/// Restores a line. What it says is a hint, so a damaged line is dropped.
pub(super) fn restore(db: &[u8], tier: &[u8], names: &[&[u8]]) {
    let db = std::str::from_utf8(db).ok().and_then(|db| db.parse().ok());
    if let Some(db) = db {
        let names = names.iter().take(MOST).filter(|key| key.len() <= LONGEST).map(|&key| key.into()).collect();
        SAVED.with_borrow_mut(|saved| _ = saved.insert((db, tier.into()), names));
    }
}

/// Another data set is loaded.
pub(super) fn clear() {
    SAVED.take();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_names_are_those_of_their_model_and_are_saved_again() {
        clear();
        let names: [&[u8]; 3] = [b"assessment:{icio}:USA:C10:indicator=risk", b"assessment:{other}:a:b:c=d", b"x"];
        restore(b"2", b"assessment", &names);
        restore(b"x", b"assessment", &names);
        assert_eq!(of_model(2, b"icio", 9), [names[0].into()]);
        assert!(of_model(1, b"icio", 9).is_empty() && of_model(2, b"icio", 0).is_empty());
        let lines = lines();
        assert_eq!(
            (lines.len(), lines[0].len(), &lines[0][..3]),
            (1, 6, &[b"HOT".to_vec(), b"2".to_vec(), b"assessment".to_vec()][..])
        );
        clear();
    }
}
