//! Tags that were invalidated while values were being computed.
//!
//! The tags of a value are known only when FILL stores it. Therefore an invalidated tag is remembered while a lease
//! older than its invalidation exists, and a FILL with such a tag is refused. Memory is bounded: above the bound the
//! oldest invalidations are forgotten, and a FILL with any tag is refused when its lease is older than a forgotten
//! invalidation.

use std::collections::{HashMap, VecDeque};

/// The number of invalidated tags that are remembered.
const MAX_TAGS: usize = 100_000;
/// The number of remembered invalidations that need all of several tags (`MATCH all`). Every FILL checks each of them.
const MAX_SETS: usize = 1_000;

type Tag = Box<[u8]>;

/// Invalidated tags of all databases.
#[derive(Debug, Default)]
pub struct TagFence {
    /// By database and tag: the stamp of the latest invalidation.
    latest: HashMap<i32, HashMap<Tag, u64>>,
    /// Invalidations of single tags in the order of their stamps.
    order: VecDeque<(u64, i32, Tag)>,
    /// Invalidations of the entries that have all of these tags.
    sets: VecDeque<(u64, i32, Vec<Tag>)>,
    /// Invalidations up to this stamp were forgotten: every tag counts as invalidated at this stamp.
    floor: u64,
}

impl TagFence {
    /// Records that entries with any of `tags` (with `all`: with all of them) were invalidated at a stamp.
    pub fn invalidated(&mut self, db: i32, tags: &[Tag], all: bool, stamp: u64) {
        if all && tags.len() > 1 {
            self.sets.push_back((stamp, db, tags.to_vec()));
        } else {
            for tag in tags {
                self.latest.entry(db).or_default().insert(tag.clone(), stamp);
                self.order.push_back((stamp, db, tag.clone()));
            }
        }
        while self.order.len() > MAX_TAGS {
            self.forget_first();
        }
        while self.sets.len() > MAX_SETS {
            let forgotten = self.sets.pop_front();
            self.floor = self.floor.max(forgotten.map_or(0, |(stamp, ..)| stamp));
        }
    }

    fn forget_first(&mut self) {
        let Some((stamp, db, tag)) = self.order.pop_front() else { return };
        self.floor = self.floor.max(stamp);
        if let Some(tags) = self.latest.get_mut(&db)
            && tags.get(&tag) == Some(&stamp)
        {
            tags.remove(&tag);
            if tags.is_empty() {
                self.latest.remove(&db);
            }
        }
    }

    /// Whether a FILL with these tags is refused, when its lease was granted at the stamp `granted`.
    pub fn refuses<T: AsRef<[u8]>>(&self, db: i32, tags: &[T], granted: u64) -> bool {
        let is_later = |tag: &T| {
            let latest = self.latest.get(&db).and_then(|latest| latest.get(tag.as_ref()));
            latest.is_some_and(|&stamp| stamp > granted)
        };
        let has = |wanted: &Tag| tags.iter().any(|tag| tag.as_ref() == &**wanted);
        let mut sets = self.sets.iter().filter(|(stamp, of, _)| *of == db && *stamp > granted);
        !tags.is_empty()
            && (self.floor > granted || tags.iter().any(is_later) || sets.any(|(.., set)| set.iter().all(has)))
    }

    /// Forgets the invalidations up to the stamp of the oldest lease; all of them when there are no leases.
    pub fn forget_before(&mut self, oldest_granted: Option<u64>) {
        let Some(oldest) = oldest_granted else {
            *self = Self::default();
            return;
        };
        while self.order.front().is_some_and(|&(stamp, ..)| stamp <= oldest) {
            self.forget_first();
        }
        while self.sets.front().is_some_and(|&(stamp, ..)| stamp <= oldest) {
            self.sets.pop_front();
        }
    }

    /// The number of remembered invalidations.
    pub fn len(&self) -> usize {
        self.order.len() + self.sets.len()
    }

    /// Whether no invalidation is remembered, so that no FILL is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.floor == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(names: &[&str]) -> Vec<Tag> {
        names.iter().map(|name| name.as_bytes().into()).collect()
    }

    #[test]
    fn a_tag_invalidated_after_the_grant_refuses_the_fill() {
        let mut fence = TagFence::default();
        fence.invalidated(0, &tags(&["a", "b"]), false, 5);
        assert!(fence.refuses(0, &["b"], 4) && !fence.refuses(0, &["b"], 5));
        assert!(!fence.refuses(0, &["c"], 4) && !fence.refuses(1, &["a"], 4));
        fence.invalidated(0, &tags(&["a"]), false, 9);
        fence.forget_before(Some(5));
        assert!(fence.refuses(0, &["a"], 8) && !fence.refuses(0, &["b"], 5));
        fence.forget_before(None);
        assert!(fence.is_empty() && !fence.refuses(0, &["a"], 1));
    }

    #[test]
    fn an_invalidation_of_all_of_several_tags_refuses_only_fills_with_all_of_them() {
        let mut fence = TagFence::default();
        fence.invalidated(0, &tags(&["a", "b"]), true, 5);
        assert!(fence.refuses(0, &["b", "x", "a"], 4) && !fence.refuses(0, &["a", "x"], 4));
    }

    #[test]
    fn above_the_bound_fills_of_old_leases_are_refused_with_any_tag() {
        let mut fence = TagFence::default();
        for stamp in 1..=MAX_TAGS as u64 + 1 {
            fence.invalidated(0, &tags(&[&stamp.to_string()]), false, stamp);
        }
        assert_eq!(fence.len(), MAX_TAGS);
        assert!(fence.refuses(0, &["other"], 0) && !fence.refuses(0, &["other"], 1));
        assert!(!fence.refuses::<&str>(0, &[], 0));
    }
}
