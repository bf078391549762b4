//! A sweep: finds the entries of one ban in the index, in steps of a size that the caller chooses.
//!
//! Each clause visits all of its entries, also those that an earlier clause covers: an entry can move to another tier
//! between two steps. No entry is found twice: the caller unlinks the entries of a hard ban before the next step, and
//! an entry that a soft ban has made stale is marked so.

use super::super::pattern::literal_prefix;
use super::super::tiers::TierId;
use super::{Ban, Clause, HasTag};

/// An entry that a sweep visits.
pub struct Found<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its tier.
    pub tier: Option<TierId>,
    /// The stamp of its last write.
    pub stamp: u64,
    /// Whether an invalidation made it stale and it was not written afterwards.
    pub is_soft: bool,
    /// Whether it has a tag.
    pub has_tag: HasTag<'a>,
}

/// The methods of the index that a sweep needs.
pub trait Entries {
    /// Visits up to `limit` entries whose names begin with `prefix`, in the order of names, after `after`. Returns the
    /// name to continue after; `None` at the end.
    fn walk(
        &self,
        db: i32,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        visit: &mut dyn FnMut(Found<'_>),
    ) -> Option<Box<[u8]>>;
    /// Visits up to `limit` entries with a tag. Returns a cursor to continue from; `None` at the end.
    fn walk_tag(
        &self,
        db: i32,
        tag: &[u8],
        after: Option<u64>,
        limit: usize,
        visit: &mut dyn FnMut(Found<'_>),
    ) -> Option<u64>;
    /// The number of entries with a tag.
    fn tagged(&self, db: i32, tag: &[u8]) -> usize;
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The entries that the caller unlinks or makes stale before the next step. Each name occurs once.
    pub names: Vec<Box<[u8]>>,
    /// Whether this was the last step.
    pub done: bool,
}

/// The position of a sweep.
#[derive(Debug, Default)]
pub struct Sweep {
    clause: usize,
    at: At,
}

#[derive(Debug, Default)]
enum At {
    #[default]
    Start,
    Name(Box<[u8]>),
    /// The prefix of the clause by its index, and the last name.
    Prefix(usize, Option<Box<[u8]>>),
    /// The tag of the clause by its index, and the cursor.
    Tag(usize, Option<u64>),
}

impl Sweep {
    /// A sweep at its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Visits up to `limit` entries.
    pub fn next(&mut self, ban: &Ban, index: &impl Entries, limit: usize) -> Step {
        let Some(clause) = ban.clauses.get(self.clause) else { return Step { names: Vec::new(), done: true } };
        let mut names = Vec::new();
        let mut visit = |found: Found<'_>| {
            let is_due = found.stamp < ban.stamp && !(ban.soft && found.is_soft);
            if is_due && clause.covers(ban.all_keys, found.name, found.tier, found.has_tag) {
                names.push(found.name.into());
            }
        };
        let limit = limit.max(1);
        let next = match clause {
            Clause::Tags { tags, all } => {
                let smallest = || (0..tags.len()).min_by_key(|&tag| tags.get(tag).map(|tag| index.tagged(ban.db, tag)));
                let (which, after) = match self.at {
                    At::Tag(which, after) => (which, after),
                    At::Start | At::Name(_) | At::Prefix(..) => (if *all { smallest().unwrap_or(0) } else { 0 }, None),
                };
                let on = tags.get(which).and_then(|tag| index.walk_tag(ban.db, tag, after, limit, &mut visit));
                match on {
                    Some(on) => Some(At::Tag(which, Some(on))),
                    None if !all && which + 1 < tags.len() => Some(At::Tag(which + 1, None)),
                    None => None,
                }
            }
            Clause::Key(key) => {
                // In the order of names the key itself is the first name that begins with it.
                index.walk(ban.db, key, None, 1, &mut visit);
                None
            }
            Clause::Pattern(pattern) => self.range(ban.db, &literal_prefix(pattern), index, limit, &mut visit),
            Clause::Model { beginning, .. } => self.range(ban.db, beginning, index, limit, &mut visit),
            Clause::Tier { prefixes, .. } => {
                let (nth, after) = match &self.at {
                    At::Prefix(nth, after) => (*nth, after.as_deref()),
                    At::Start | At::Name(_) | At::Tag(..) => (0, None),
                };
                let on = prefixes.get(nth).and_then(|prefix| index.walk(ban.db, prefix, after, limit, &mut visit));
                match on {
                    Some(name) => Some(At::Prefix(nth, Some(name))),
                    None if nth + 1 < prefixes.len() => Some(At::Prefix(nth + 1, None)),
                    None => None,
                }
            }
            Clause::All => self.range(ban.db, b"", index, limit, &mut visit),
        };
        if next.is_none() {
            self.clause += 1;
        }
        self.at = next.unwrap_or_default();
        Step { names, done: self.clause >= ban.clauses.len() }
    }

    fn range(
        &self,
        db: i32,
        prefix: &[u8],
        index: &impl Entries,
        limit: usize,
        visit: &mut dyn FnMut(Found<'_>),
    ) -> Option<At> {
        let after = if let At::Name(name) = &self.at { Some(name.as_ref()) } else { None };
        index.walk(db, prefix, after, limit, visit).map(At::Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    struct Naive(Vec<Row>);

    /// Name, tier, stamp, whether a soft ban made it stale, tags of one byte.
    type Row = (Vec<u8>, Option<TierId>, u64, bool, Vec<u8>);

    impl Naive {
        fn show(&self, at: usize, visit: &mut dyn FnMut(Found<'_>)) {
            let (name, tier, stamp, is_soft, tags) = &self.0[at];
            let has_tag = |tag: &[u8]| tags.iter().any(|own| tag == [*own]);
            visit(Found { name, tier: *tier, stamp: *stamp, is_soft: *is_soft, has_tag: &has_tag });
        }
    }

    impl Entries for Naive {
        fn walk(
            &self,
            _: i32,
            prefix: &[u8],
            after: Option<&[u8]>,
            limit: usize,
            visit: &mut dyn FnMut(Found<'_>),
        ) -> Option<Box<[u8]>> {
            let fits = |name: &[u8]| name.starts_with(prefix) && after.is_none_or(|after| name > after);
            let all: Vec<_> = (0..self.0.len()).filter(|&at| fits(&self.0[at].0)).collect();
            all.iter().take(limit).for_each(|&at| self.show(at, visit));
            (all.len() > limit).then(|| self.0[all[limit - 1]].0.as_slice().into())
        }
        fn walk_tag(
            &self,
            _: i32,
            tag: &[u8],
            after: Option<u64>,
            limit: usize,
            visit: &mut dyn FnMut(Found<'_>),
        ) -> Option<u64> {
            // The stamp is the cursor here: it is unique, and removals do not change it.
            let mut all: Vec<_> = (0..self.0.len()).filter(|&at| self.0[at].4.contains(&tag[0])).collect();
            all.sort_by_key(|&at| self.0[at].2);
            all.retain(|&at| after.is_none_or(|after| self.0[at].2 > after));
            all.iter().take(limit).for_each(|&at| self.show(at, visit));
            (all.len() > limit).then(|| self.0[all[limit - 1]].2)
        }
        fn tagged(&self, _: i32, tag: &[u8]) -> usize {
            self.0.iter().filter(|entry| entry.4.contains(&tag[0])).count()
        }
    }

    fn clause() -> impl Strategy<Value = Clause> {
        let name = || proptest::collection::vec(b'a'..b'd', 1..4).prop_map(Vec::into_boxed_slice);
        let tag = || (b'x'..=b'z').prop_map(|tag| Box::from([tag]));
        prop_oneof![
            name().prop_map(Clause::Key),
            name().prop_map(|name| Clause::Pattern([&*name, b"*a"].concat().into())),
            (proptest::collection::vec(tag(), 1..3), any::<bool>()).prop_map(|(tags, all)| Clause::Tags { tags, all }),
            // Every name of the naive index begins with one of these.
            (0..2u16, any::<bool>()).prop_map(|(tier, several)| {
                let prefixes: Vec<Box<[u8]>> = if several {
                    [b"a", b"b", b"c"].map(|one| Box::from(&one[..])).into()
                } else {
                    vec![Box::default()]
                };
                Clause::Tier { id: TierId(tier), prefixes }
            }),
            name().prop_map(|name| Clause::Model { key: name.clone(), beginning: name }),
            Just(Clause::All),
        ]
    }

    proptest! {
        #[test]
        fn a_sweep_names_exactly_the_entries_that_its_ban_covers_each_once(
            names in proptest::collection::btree_map(proptest::collection::vec(b'a'..b'd', 1..4),
                (proptest::option::of((0..2u16).prop_map(TierId)), proptest::collection::vec(b'x'..=b'z', 0..3)), 0..20),
            clauses in proptest::collection::vec(clause(), 1..4), soft: bool, all_keys: bool, limit in 1usize..5,
        ) {
            let entries = names.into_iter().enumerate();
            let mut index = Naive(entries.map(|(at, (name, (tier, tags)))| (name, tier, at as u64, false, tags)).collect());
            let ban = Ban { soft, all_keys, ..Ban::new(1, 0, 15, clauses) };
            let mut expected = Vec::new();
            for (name, tier, stamp, _, tags) in &index.0 {
                if *stamp < 15 && ban.covers(name, *tier, &|tag| tags.contains(&tag[0])) {
                    expected.push(name.clone());
                }
            }
            let mut found = Vec::new();
            let mut sweep = Sweep::new();
            loop {
                let step = sweep.next(&ban, &index, limit);
                for name in step.names {
                    found.push(name.to_vec());
                    if soft {
                        index.0.iter_mut().filter(|entry| *entry.0 == *name).for_each(|entry| entry.3 = true);
                    } else {
                        index.0.retain(|entry| *entry.0 != *name);
                    }
                }
                if step.done { break }
            }
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
