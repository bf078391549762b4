//! Bans: pending invalidations. A ban hides the entries that it covers from every reader immediately, before their keys
//! are unlinked.
//!
//! A ban covers entries and leases that are older than the ban: those with an earlier stamp. It ends when its
//! [`Sweep`](sweep::Sweep) has visited the whole index.

mod entries;
pub mod sweep;

use std::collections::HashSet;

use super::pattern::matches;
use super::tiers::TierId;

/// Whether an entry has a tag.
pub type HasTag<'a> = &'a dyn Fn(&[u8]) -> bool;

/// One part of a ban. A ban covers an entry if one of its clauses does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// One key.
    Key(Box<[u8]>),
    /// Keys that match a glob pattern.
    Pattern(Box<[u8]>),
    /// Entries with tags.
    Tags {
        /// The tags.
        tags: Vec<Box<[u8]>>,
        /// Whether an entry must have all of the tags; otherwise one is enough.
        all: bool,
    },
    /// The entries of a tier.
    Tier {
        /// The tier.
        id: TierId,
        /// The prefixes of the names of its entries; the empty prefix means all names.
        prefixes: Vec<Box<[u8]>>,
    },
    /// The assessments of a model.
    Model {
        /// The model's key.
        key: Box<[u8]>,
        /// The prefix of the names of its assessments.
        beginning: Box<[u8]>,
    },
    /// The entries of all tiers.
    All,
}

impl Clause {
    fn covers(&self, all_keys: bool, key: &[u8], tier: Option<TierId>, has_tag: HasTag<'_>) -> bool {
        let is_ours = all_keys || tier.is_some();
        match self {
            Self::Key(name) => **name == *key,
            Self::Pattern(pattern) => is_ours && matches(pattern, key),
            Self::Tags { tags, all: true } => !tags.is_empty() && tags.iter().all(|tag| has_tag(tag)),
            Self::Tags { tags, all: false } => tags.iter().any(|tag| has_tag(tag)),
            Self::Tier { id, .. } => tier == Some(*id),
            Self::Model { beginning, .. } => key.starts_with(beginning),
            Self::All => is_ours,
        }
    }
}

/// One invalidation.
#[derive(Debug, Clone)]
pub struct Ban {
    /// The number of the ban.
    pub id: u64,
    /// The database.
    pub db: i32,
    /// The time of the ban on the clock of changes: it covers entries with an earlier stamp.
    pub stamp: u64,
    /// The clauses.
    pub clauses: Vec<Clause>,
    /// Covered entries become stale instead of being removed.
    pub soft: bool,
    /// Keys outside of all tiers are covered too.
    pub all_keys: bool,
    /// Keys that are not in the index are covered too: a scan of the keyspace finds them.
    pub scans: bool,
    /// Declared by this server for itself: its replicas declare their own bans, and the ban is not persisted.
    pub local: bool,
    /// Keys without a stamp that were written after the ban: it does not cover them.
    exempt_keys: HashSet<Box<[u8]>>,
}

impl Ban {
    /// A hard ban without a scan.
    pub fn new(id: u64, db: i32, stamp: u64, clauses: Vec<Clause>) -> Self {
        Self {
            id,
            db,
            stamp,
            clauses,
            soft: false,
            all_keys: false,
            scans: false,
            local: false,
            exempt_keys: HashSet::new(),
        }
    }

    /// Whether the ban covers an entry, whatever its stamp. A key outside of all tiers is covered only by KEY, TAG and
    /// MODEL, unless `all_keys` is set.
    pub fn covers(&self, key: &[u8], tier: Option<TierId>, has_tag: HasTag<'_>) -> bool {
        self.clauses.iter().any(|clause| clause.covers(self.all_keys, key, tier, has_tag))
    }

    /// Whether the ban covers a key that is not in the index and was not written after the ban. Tags are not
    /// considered.
    pub fn scan_covers(&self, key: &[u8], tier: Option<TierId>) -> bool {
        self.scans && !self.exempt_keys.contains(key) && self.covers(key, tier, &|_| false)
    }

    /// Whether the ban covers the lease of a key, whatever its stamp and tier. Tags are not considered: they are known
    /// only at FILL.
    pub fn covers_lease(&self, key: &[u8], tier: Option<TierId>) -> bool {
        self.clauses.iter().any(|clause| clause.covers(true, key, tier, &|_| false))
    }
}

/// The state of an entry under the bans in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No ban covers it.
    Valid,
    /// A soft ban covers it: it is stale.
    Stale,
    /// A hard ban covers it: readers treat it as removed.
    Invalid,
}

/// The bans in force.
#[derive(Debug, Default)]
pub struct Bans {
    bans: Vec<Ban>,
}

impl Bans {
    /// Whether no ban is in force.
    pub fn is_empty(&self) -> bool {
        self.bans.is_empty()
    }

    /// Adds a ban; it replaces a ban with the same number.
    pub fn add(&mut self, ban: Ban) {
        self.remove(ban.id);
        self.bans.push(ban);
    }

    /// Removes a ban whose sweep has ended.
    pub fn remove(&mut self, id: u64) -> Option<Ban> {
        let at = self.bans.iter().position(|ban| ban.id == id)?;
        Some(self.bans.remove(at))
    }

    /// The ban with this number.
    pub fn get(&self, id: u64) -> Option<&Ban> {
        self.bans.iter().find(|ban| ban.id == id)
    }

    /// All bans, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Ban> {
        self.bans.iter()
    }

    /// The state of an entry with this stamp under the bans in force.
    pub fn verdict(&self, db: i32, key: &[u8], tier: Option<TierId>, stamp: u64, has_tag: HasTag<'_>) -> Verdict {
        let mut verdict = Verdict::Valid;
        for ban in self.bans.iter().filter(|ban| ban.db == db && stamp < ban.stamp) {
            if (verdict == Verdict::Valid || !ban.soft) && ban.covers(key, tier, has_tag) {
                if !ban.soft {
                    return Verdict::Invalid;
                }
                verdict = Verdict::Stale;
            }
        }
        verdict
    }

    /// Whether a ban revokes a lease that was granted at a stamp.
    pub fn revokes(&self, db: i32, key: &[u8], tier: Option<TierId>, granted: u64) -> bool {
        self.bans.iter().any(|ban| ban.db == db && granted < ban.stamp && ban.covers_lease(key, tier))
    }

    /// Whether a ban scans, so that [`exempt`](Self::exempt) must be called for writes.
    pub fn has_scans(&self) -> bool {
        self.bans.iter().any(|ban| ban.scans)
    }

    /// A key that is not in the index was written: the bans in force no longer cover it.
    pub fn exempt(&mut self, db: i32, key: &[u8], tier: Option<TierId>) {
        for ban in self.bans.iter_mut().filter(|ban| ban.scans && ban.db == db) {
            if !ban.exempt_keys.contains(key) && ban.covers(key, tier, &|_| false) {
                ban.exempt_keys.insert(key.into());
            }
        }
    }

    /// A key that is not in the index got a value from before the bans in force: they cover it again.
    pub fn cover_again(&mut self, db: i32, key: &[u8]) {
        for ban in self.bans.iter_mut().filter(|ban| ban.scans && ban.db == db) {
            ban.exempt_keys.remove(key);
        }
    }

    /// Removes all bans.
    pub fn clear(&mut self) {
        self.bans.clear();
    }

    /// Whether a ban that scans covers a key that is not in the index.
    pub fn scan_covers(&self, db: i32, key: &[u8], tier: Option<TierId>) -> bool {
        let mut scans = self.bans.iter().filter(|ban| ban.scans && ban.db == db);
        scans.any(|ban| ban.scan_covers(key, tier))
    }

    /// A database was flushed (`None`: all of them): no key without a stamp is older than its bans.
    pub fn flushed(&mut self, db: Option<i32>) {
        for ban in self.bans.iter_mut().filter(|ban| db.is_none_or(|db| db == ban.db)) {
            ban.scans = false;
            ban.exempt_keys = HashSet::new();
        }
    }

    /// Two databases were swapped: their bans are swapped with them.
    pub fn swapped(&mut self, a: i32, b: i32) {
        for ban in &mut self.bans {
            ban.db = if ban.db == a {
                b
            } else if ban.db == b {
                a
            } else {
                ban.db
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_tag(_: &[u8]) -> bool {
        false
    }

    fn ban(clause: Clause) -> Ban {
        Ban::new(1, 0, 10, vec![clause])
    }

    #[test]
    fn a_ban_covers_entries_written_before_it_and_none_written_after_it() {
        let mut bans = Bans::default();
        bans.add(ban(Clause::Key((*b"k").into())));
        assert_eq!(bans.verdict(0, b"k", None, 9, &no_tag), Verdict::Invalid);
        assert_eq!(bans.verdict(0, b"k", None, 10, &no_tag), Verdict::Valid);
        assert_eq!(bans.verdict(1, b"k", None, 9, &no_tag), Verdict::Valid);
        assert!(bans.revokes(0, b"k", None, 9) && !bans.revokes(0, b"k", None, 10));
        bans.swapped(0, 1);
        assert_eq!(bans.verdict(1, b"k", None, 9, &no_tag), Verdict::Invalid);
    }

    #[test]
    fn a_key_outside_of_all_tiers_is_covered_only_with_all_keys_but_its_lease_always() {
        for clause in [Clause::All, Clause::Pattern((*b"k*").into())] {
            let mut ban = ban(clause);
            assert!(!ban.covers(b"k", None, &no_tag) && ban.covers(b"k", Some(TierId(1)), &no_tag));
            assert!(ban.covers_lease(b"k", None));
            ban.all_keys = true;
            assert!(ban.covers(b"k", None, &no_tag));
        }
    }

    #[test]
    fn tags_cover_entries_and_never_leases() {
        let tags: Vec<Box<[u8]>> = vec![(*b"a").into(), (*b"b").into()];
        let has_a = |tag: &[u8]| tag == b"a";
        assert!(ban(Clause::Tags { tags: tags.clone(), all: false }).covers(b"k", None, &has_a));
        let all = ban(Clause::Tags { tags, all: true });
        assert!(!all.covers(b"k", None, &has_a) && all.covers(b"k", None, &|_| true));
        assert!(!all.covers_lease(b"k", None));
        assert!(!ban(Clause::Tags { tags: Vec::new(), all: true }).covers(b"k", None, &has_a));
    }

    #[test]
    fn a_hard_ban_takes_precedence_over_a_soft_one() {
        let mut bans = Bans::default();
        bans.add(Ban { soft: true, ..ban(Clause::Tier { id: TierId(1), prefixes: vec![Box::default()] }) });
        assert_eq!(bans.verdict(0, b"k", Some(TierId(1)), 1, &no_tag), Verdict::Stale);
        bans.add(Ban { id: 2, ..ban(Clause::Model { key: (*b"m").into(), beginning: (*b"k").into() }) });
        assert_eq!(bans.verdict(0, b"k", Some(TierId(1)), 1, &no_tag), Verdict::Invalid);
        assert!(bans.remove(2).is_some() && bans.remove(2).is_none());
        assert_eq!(bans.verdict(0, b"k", Some(TierId(1)), 1, &no_tag), Verdict::Stale);
    }

    #[test]
    fn only_keys_that_a_scan_covers_are_exempted() {
        let mut bans = Bans::default();
        bans.add(Ban { scans: true, all_keys: true, ..ban(Clause::Pattern((*b"a:*").into())) });
        for key in [b"a:1", b"b:1"] {
            bans.exempt(0, key, None);
        }
        bans.exempt(1, b"a:2", None);
        assert_eq!(bans.iter().map(|ban| ban.exempt_keys.len()).sum::<usize>(), 1);
    }

    #[test]
    fn a_key_written_during_a_scan_is_exempt_until_it_gets_an_old_value() {
        let mut bans = Bans::default();
        bans.add(Ban { scans: true, all_keys: true, ..ban(Clause::All) });
        assert!(bans.has_scans() && bans.scan_covers(0, b"k", None));
        bans.exempt(0, b"k", None);
        assert!(!bans.scan_covers(0, b"k", None) && bans.scan_covers(0, b"l", None));
        bans.cover_again(0, b"k");
        assert!(bans.scan_covers(0, b"k", None));
        bans.flushed(Some(0));
        assert!(!bans.has_scans() && !bans.scan_covers(0, b"l", None));
    }
}
