//! Walks over entries, in the order of names or over the entries of a tag.

use std::ops::Bound;

use super::space::entry;
use super::{At, Entry, Index};

impl Index {
    /// The databases that have entries, in order.
    pub fn databases(&self) -> Vec<i32> {
        debug_assert!(!self.has_waiting(), "the index is read while changes wait");
        let mut databases: Vec<i32> =
            self.spaces.iter().filter(|(_, space)| space.len() > 0).map(|(&db, _)| db).collect();
        databases.sort_unstable();
        databases
    }

    /// The databases that have entries, or hits of entries that were removed, in order.
    pub fn requested_databases(&self) -> Vec<i32> {
        debug_assert!(!self.has_waiting(), "the index is read while changes wait");
        let mut databases: Vec<i32> = self.spaces.keys().copied().collect();
        databases.sort_unstable();
        databases
    }

    /// Visits up to `limit` entries (at least one) whose names begin with `prefix`, in the order of names, after the
    /// name `after`. Returns the name to continue after; `None` at the end.
    pub fn walk(
        &self,
        db: i32,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        mut visit: impl FnMut(&[u8], At, Entry),
    ) -> Option<Box<[u8]>> {
        let space = self.space(db)?;
        let from = after.filter(|after| *after >= prefix).map_or(Bound::Included(prefix), Bound::Excluded);
        let mut seen = 0;
        for (name, slot) in space.names(from) {
            if !name.starts_with(prefix) {
                return None;
            }
            if let Some(record) = space.record(slot) {
                visit(name, At { db, slot }, entry(record));
            }
            seen += 1;
            if seen >= limit {
                return Some(name.into());
            }
        }
        None
    }

    /// Whether a name begins with `prefix`.
    pub fn has_any(&self, db: i32, prefix: &[u8]) -> bool {
        let first = self.space(db).and_then(|space| space.names(Bound::Included(prefix)).next());
        first.is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// Visits up to `limit` entries (at least one) with a tag. Returns a cursor to continue from; `None` at the end. An
    /// entry that has the tag from the first call to the last is visited exactly once, also when other entries change.
    pub fn walk_tag(
        &self,
        db: i32,
        tag: &[u8],
        after: Option<u64>,
        limit: usize,
        mut visit: impl FnMut(&[u8], At, Entry),
    ) -> Option<u64> {
        let space = self.space(db)?;
        let after = after.map(|after| u32::try_from(after).unwrap_or(u32::MAX));
        let mut seen = 0;
        for slot in space.tags().entries(tag, after) {
            if let Some(record) = space.record(slot) {
                visit(record.bytes(), At { db, slot }, entry(record));
            }
            seen += 1;
            if seen >= limit {
                return Some(u64::from(slot));
            }
        }
        None
    }
}
