//! Which cached assessments there are, per database, in order, and since when.
//!
//! The index follows the keyspace: whoever owns it tells it of every write and every death of a key. It holds no
//! values. A stamp counts writes, so that what was written before a change of a model can be told from what was
//! written after it, and taking out the former costs what it matches, not what there is.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// A name of a cached assessment.
pub type Name = Box<[u8]>;

/// Names of cached assessments with the stamps of their last writes.
#[derive(Debug, Default)]
pub struct Index {
    databases: HashMap<i32, BTreeMap<Name, u64>>,
    stamp: u64,
}

impl Index {
    /// The stamp of the latest write: everything written from now on has a later one.
    pub fn now(&self) -> u64 {
        self.stamp
    }

    /// A key was written.
    pub fn written(&mut self, db: i32, name: &[u8]) {
        self.stamp += 1;
        let names = self.databases.entry(db).or_default();
        match names.get_mut(name) {
            Some(stamp) => *stamp = self.stamp,
            None => _ = names.insert(name.into(), self.stamp),
        }
    }

    /// A key is gone.
    pub fn gone(&mut self, db: i32, name: &[u8]) {
        if let Some(names) = self.databases.get_mut(&db) {
            names.remove(name);
        }
    }

    /// A database was emptied; `None` is all of them.
    pub fn flushed(&mut self, db: Option<i32>) {
        match db {
            Some(db) => _ = self.databases.remove(&db),
            None => self.databases.clear(),
        }
    }

    /// Two databases changed places.
    pub fn swapped(&mut self, a: i32, b: i32) {
        let (from_a, from_b) = (self.databases.remove(&a), self.databases.remove(&b));
        self.databases.extend(from_a.map(|names| (b, names)));
        self.databases.extend(from_b.map(|names| (a, names)));
    }

    /// Whether a name begins so.
    pub fn has_any(&self, db: i32, beginning: &[u8]) -> bool {
        let names = self.databases.get(&db);
        let first =
            names.and_then(|names| names.range::<[u8], _>((Bound::Included(beginning), Bound::Unbounded)).next());
        first.is_some_and(|(name, _)| name.starts_with(beginning))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.databases.values().map(BTreeMap::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks at up to `limit` names that begin with `beginning`, from `after` on, and returns those written at or
    /// before `stamp`, and where to go on; `None` when the range ends.
    pub fn written_until(
        &self,
        db: i32,
        beginning: &[u8],
        stamp: u64,
        after: Option<&[u8]>,
        limit: usize,
    ) -> (Vec<Name>, Option<Name>) {
        let Some(names) = self.databases.get(&db) else { return (Vec::new(), None) };
        let start = after.map_or(Bound::Included(beginning), Bound::Excluded);
        let mut old = Vec::new();
        let mut seen = 0;
        for (name, &written) in names.range::<[u8], _>((start, Bound::Unbounded)) {
            if !name.starts_with(beginning) {
                return (old, None);
            }
            seen += 1;
            if written <= stamp {
                old.push(name.clone());
            }
            if seen == limit {
                return (old, Some(name.clone()));
            }
        }
        (old, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all_until(index: &Index, db: i32, beginning: &[u8], stamp: u64, limit: usize) -> Vec<Box<[u8]>> {
        let (mut found, mut after) = index.written_until(db, beginning, stamp, None, limit);
        while let Some(last) = after {
            let (more, next) = index.written_until(db, beginning, stamp, Some(&last), limit);
            found.extend(more);
            after = next;
        }
        found
    }

    #[test]
    fn what_is_written_after_a_stamp_is_not_found_by_it() {
        let mut index = Index::default();
        index.written(0, b"a:1");
        index.written(0, b"a:2");
        let stamp = index.now();
        index.written(0, b"a:2");
        index.written(0, b"a:3");
        assert_eq!(all_until(&index, 0, b"a:", stamp, 1), [(*b"a:1").into()]);
    }

    #[derive(Debug, Clone)]
    enum Op {
        Write(i32, Vec<u8>),
        Gone(i32, Vec<u8>),
        Flush(Option<i32>),
        Swap(i32, i32),
    }

    fn op() -> impl Strategy<Value = Op> {
        let name = || proptest::collection::vec(b'a'..b'd', 1..4);
        prop_oneof![
            6 => (0..3, name()).prop_map(|(db, name)| Op::Write(db, name)),
            3 => (0..3, name()).prop_map(|(db, name)| Op::Gone(db, name)),
            1 => proptest::option::of(0..3).prop_map(Op::Flush),
            1 => (0..3, 0..3).prop_map(|(a, b)| Op::Swap(a, b)),
        ]
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_a_list_that_is_searched(ops in proptest::collection::vec(op(), 0..60),
                                                          cut in 0usize..60, limit in 1usize..5) {
            let mut index = Index::default();
            let mut list: Vec<(i32, Vec<u8>, usize)> = Vec::new();
            let mut stamp = 0;
            for (step, op) in ops.iter().enumerate() {
                if step == cut {
                    stamp = index.now();
                }
                match op {
                    Op::Write(db, name) => {
                        index.written(*db, name);
                        list.retain(|(d, n, _)| (d, n) != (db, name));
                        list.push((*db, name.clone(), step));
                    }
                    Op::Gone(db, name) => {
                        index.gone(*db, name);
                        list.retain(|(d, n, _)| (d, n) != (db, name));
                    }
                    Op::Flush(db) => {
                        index.flushed(*db);
                        list.retain(|(d, _, _)| db.is_some_and(|db| db != *d));
                    }
                    Op::Swap(a, b) => {
                        index.swapped(*a, *b);
                        for (d, _, _) in &mut list {
                            *d = if *d == *a { *b } else if *d == *b { *a } else { *d };
                        }
                    }
                }
            }
            prop_assert_eq!(index.len(), list.len());
            for db in 0..3 {
                let mut expected: Vec<Box<[u8]>> = list.iter()
                    .filter(|(d, name, step)| *d == db && name.starts_with(b"a") && (*step < cut && cut < ops.len()))
                    .map(|(_, name, _)| name.as_slice().into()).collect();
                expected.sort();
                prop_assert_eq!(all_until(&index, db, b"a", stamp, limit), expected);
            }
        }
    }
}
