//! The interface of the index to sweeps.

use super::super::index::{At, Entry, Freshness, Index};
use super::sweep::{Entries, Found};

impl Index {
    fn show(&self, name: &[u8], at: At, entry: Entry, visit: &mut dyn FnMut(Found<'_>)) {
        let has_tag = |tag: &[u8]| entry.tagged && self.tags(at).any(|own| own == tag);
        let is_soft = matches!(entry.freshness, Freshness::Until { at: 0, .. });
        visit(Found { name, tier: entry.tier, stamp: entry.stamp, is_soft, has_tag: &has_tag });
    }
}

impl Entries for Index {
    fn walk(
        &self,
        db: i32,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        visit: &mut dyn FnMut(Found<'_>),
    ) -> Option<Box<[u8]>> {
        Self::walk(self, db, prefix, after, limit, |name, at, entry| self.show(name, at, entry, visit))
    }

    fn walk_tag(
        &self,
        db: i32,
        tag: &[u8],
        after: Option<u64>,
        limit: usize,
        visit: &mut dyn FnMut(Found<'_>),
    ) -> Option<u64> {
        Self::walk_tag(self, db, tag, after, limit, |name, at, entry| self.show(name, at, entry, visit))
    }

    fn tagged(&self, db: i32, tag: &[u8]) -> usize {
        Self::tagged(self, db, tag)
    }
}
