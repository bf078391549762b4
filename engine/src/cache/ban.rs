//! Bans: what an invalidation takes out, at once for every reader, before any key is unlinked.
//!
//! A ban covers what is older than it: entries with an earlier stamp, leases granted at an earlier one. It lives until
//! its [`Sweep`](sweep::Sweep) has gone through the index.

mod entries;
pub mod sweep;

use std::collections::HashSet;

use super::pattern::matches;
use super::tiers::TierId;

/// Asks whether an entry has a tag.
pub type HasTag<'a> = &'a dyn Fn(&[u8]) -> bool;

/// One part of a ban; a ban covers what any of its clauses does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// One key.
    Key(Box<[u8]>),
    /// Keys that match a glob.
    Pattern(Box<[u8]>),
    /// Entries with tags.
    Tags {
        /// The tags.
        tags: Vec<Box<[u8]>>,
        /// All of them, not only one.
        all: bool,
    },
    /// The entries of a tier.
    Tier {
        /// The tier.
        id: TierId,
        /// What the names of its entries begin with; an empty one is any.
        prefixes: Vec<Box<[u8]>>,
    },
    /// The assessments of a model.
    Model {
        /// The model's key.
        key: Box<[u8]>,
        /// How the names of its assessments begin.
        beginning: Box<[u8]>,
    },
    /// Everything that is in a tier.
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
    /// Its number.
    pub id: u64,
    /// The database it is for.
    pub db: i32,
    /// On the clock of changes: it covers what is older.
    pub stamp: u64,
    /// What it covers.
    pub clauses: Vec<Clause>,
    /// Entries become stale instead of going.
    pub soft: bool,
    /// Keys outside every tier are covered as well.
    pub all_keys: bool,
    /// Covers keys that no index has, too: a scan finds them.
    pub scans: bool,
    /// Declared by this server for itself: its replicas declare their own, and no file need hold it.
    pub local: bool,
    /// Keys without a stamp that were written since.
    exempt_keys: HashSet<Box<[u8]>>,
}

impl Ban {
    /// A hard ban that scans nothing.
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

    /// Whether it covers an entry, leaving stamps aside. A key in no tier is covered by KEY, TAG and MODEL only, unless
    /// all keys are meant.
    pub fn covers(&self, key: &[u8], tier: Option<TierId>, has_tag: HasTag<'_>) -> bool {
        self.clauses.iter().any(|clause| clause.covers(self.all_keys, key, tier, has_tag))
    }

    /// Whether it covers a key that no index has, by all but tags: then the key was not written since.
    pub fn scan_covers(&self, key: &[u8], tier: Option<TierId>) -> bool {
        self.scans && !self.exempt_keys.contains(key) && self.covers(key, tier, &|_| false)
    }

    /// Whether it covers a lease, leaving stamps aside: of any key, and never by tags, which only FILL tells.
    pub fn covers_lease(&self, key: &[u8], tier: Option<TierId>) -> bool {
        self.clauses.iter().any(|clause| clause.covers(true, key, tier, &|_| false))
    }
}

/// What the bans leave of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it was.
    Valid,
    /// It is stale.
    Stale,
    /// It is gone.
    Invalid,
}

/// The bans in force.
#[derive(Debug, Default)]
pub struct Bans {
    bans: Vec<Ban>,
}

impl Bans {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bans.is_empty()
    }

    /// One more; one of the same number is replaced.
    pub fn add(&mut self, ban: Ban) {
        self.remove(ban.id);
        self.bans.push(ban);
    }

    /// One has been carried out.
    pub fn remove(&mut self, id: u64) -> Option<Ban> {
        let at = self.bans.iter().position(|ban| ban.id == id)?;
        Some(self.bans.remove(at))
    }

    /// The one of that number.
    pub fn get(&self, id: u64) -> Option<&Ban> {
        self.bans.iter().find(|ban| ban.id == id)
    }

    /// All of them, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = &Ban> {
        self.bans.iter()
    }

    /// What they leave of an entry.
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

    /// Whether one of them takes away a lease that was granted at a stamp.
    pub fn revokes(&self, db: i32, key: &[u8], tier: Option<TierId>, granted: u64) -> bool {
        self.bans.iter().any(|ban| ban.db == db && granted < ban.stamp && ban.covers_lease(key, tier))
    }

    /// Whether [`exempt`](Self::exempt) wants to be told of writes.
    pub fn has_scans(&self) -> bool {
        self.bans.iter().any(|ban| ban.scans)
    }

    /// A key that no index has was written: bans that are in force do not cover it any more.
    pub fn exempt(&mut self, db: i32, key: &[u8], tier: Option<TierId>) {
        for ban in self.bans.iter_mut().filter(|ban| ban.scans && ban.db == db) {
            if !ban.exempt_keys.contains(key) && ban.covers(key, tier, &|_| false) {
                ban.exempt_keys.insert(key.into());
            }
        }
    }

    /// A key that no index has was given an old value: bans that are in force cover it again.
    pub fn cover_again(&mut self, db: i32, key: &[u8]) {
        for ban in self.bans.iter_mut().filter(|ban| ban.scans && ban.db == db) {
            ban.exempt_keys.remove(key);
        }
    }

    /// Ends all of them.
    pub fn clear(&mut self) {
        self.bans.clear();
    }

    /// Whether a ban that scans covers a key that no index has.
    pub fn scan_covers(&self, db: i32, key: &[u8], tier: Option<TierId>) -> bool {
        let mut scans = self.bans.iter().filter(|ban| ban.scans && ban.db == db);
        scans.any(|ban| ban.scan_covers(key, tier))
    }

    /// A database was emptied, `None` is all: nothing that has no stamp is older than its bans any more.
    pub fn flushed(&mut self, db: Option<i32>) {
        for ban in self.bans.iter_mut().filter(|ban| db.is_none_or(|db| db == ban.db)) {
            ban.scans = false;
            ban.exempt_keys = HashSet::new();
        }
    }

    /// Two databases changed places, and bans go with what they cover.
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
    fn a_ban_covers_what_is_older_and_nothing_written_after_it() {
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
    fn keys_in_no_tier_are_covered_when_all_keys_are_meant_but_their_leases_always() {
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
    fn a_hard_ban_outweighs_a_soft_one() {
        let mut bans = Bans::default();
        bans.add(Ban { soft: true, ..ban(Clause::Tier { id: TierId(1), prefixes: vec![Box::default()] }) });
        assert_eq!(bans.verdict(0, b"k", Some(TierId(1)), 1, &no_tag), Verdict::Stale);
        bans.add(Ban { id: 2, ..ban(Clause::Model { key: (*b"m").into(), beginning: (*b"k").into() }) });
        assert_eq!(bans.verdict(0, b"k", Some(TierId(1)), 1, &no_tag), Verdict::Invalid);
        assert!(bans.remove(2).is_some() && bans.remove(2).is_none());
        assert_eq!(bans.verdict(0, b"k", Some(TierId(1)), 1, &no_tag), Verdict::Stale);
    }

    #[test]
    fn keys_that_a_scan_does_not_cover_are_not_remembered() {
        let mut bans = Bans::default();
        bans.add(Ban { scans: true, all_keys: true, ..ban(Clause::Pattern((*b"a:*").into())) });
        for key in [b"a:1", b"b:1"] {
            bans.exempt(0, key, None);
        }
        bans.exempt(1, b"a:2", None);
        assert_eq!(bans.iter().map(|ban| ban.exempt_keys.len()).sum::<usize>(), 1);
    }

    #[test]
    fn what_is_written_while_a_scan_runs_survives_it() {
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
