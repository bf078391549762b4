//! The tiers that all masters of a cluster share, with the version of each.
//!
//! The newest version of a name wins, also if it says that the tier was deleted. Masters compare digests from time to
//! time, and send each other what differs; so a master that was away, or joins, gets what it missed from any other one.

use std::collections::{BTreeMap, BTreeSet};

/// The most deleted names that are remembered: the oldest are forgotten first.
const MAX_DELETED: usize = 1024;

/// The bytes of the tiers in one message, about.
pub const MAX_BATCH: usize = 256 << 10;

/// The state of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shared {
    /// The version: later ones are greater. Unix milliseconds in the upper 48 bits.
    pub version: u64,
    /// The words of the policy; `None`: the tier was deleted.
    pub policy: Option<Vec<Box<[u8]>>>,
}

/// All shared tiers.
#[derive(Debug, Default, Clone)]
pub struct SharedTiers {
    rows: BTreeMap<Box<[u8]>, Shared>,
    newest: u64,
    /// The sum of the digests of all rows, so that a comparison costs the same with any number of them.
    digest: u64,
    /// The names whose state is known, but could not be applied to this node.
    unapplied: BTreeSet<Box<[u8]>>,
}

impl SharedTiers {
    /// The version of a change that is made now, greater than all that are known. `random` distinguishes changes of two
    /// nodes in the same millisecond.
    pub fn next_version(&mut self, now_ms: u64, random: u16) -> u64 {
        // When the clock is behind the newest version, both nodes of such a pair count on from that.
        let time = now_ms.max((self.newest >> 16).saturating_add(1)).min(u64::MAX >> 16);
        self.newest = time << 16 | u64::from(random);
        self.newest
    }

    /// Whether a state of a name would be new here. Of two states with the same version the greater one wins, so that all
    /// nodes choose the same.
    pub fn is_new(&self, name: &[u8], shared: &Shared) -> bool {
        self.rows.get(name).is_none_or(|row| row < shared)
    }

    /// Takes a version of a name, unless it is known or older. Returns whether it was taken.
    pub fn put(&mut self, name: &[u8], shared: Shared) -> bool {
        if !self.is_new(name, &shared) {
            return false;
        }
        self.replace(name, shared);
        true
    }

    /// Takes a state of a name, whatever was known: a replica has what its master has.
    pub fn replace(&mut self, name: &[u8], shared: Shared) {
        self.newest = self.newest.max(shared.version);
        self.digest = self.digest.wrapping_add(digest_of(name, &shared));
        self.unapplied.remove(name);
        if let Some(old) = self.rows.insert(name.into(), shared) {
            self.digest = self.digest.wrapping_sub(digest_of(name, &old));
        }
        self.forget_deleted();
    }

    /// The state of a name is known, but cannot be applied here.
    pub fn is_not_applied(&mut self, name: &[u8]) {
        if self.rows.contains_key(name) {
            self.unapplied.insert(name.into());
        }
    }

    /// The names whose state is known, but could not be applied here.
    pub fn unapplied(&self) -> impl Iterator<Item = &[u8]> {
        self.unapplied.iter().map(|name| &**name)
    }

    /// The first of these names behind `after`.
    pub fn unapplied_after(&self, after: Option<&[u8]>) -> Option<&[u8]> {
        self.unapplied().find(|name| after.is_none_or(|after| *name > after))
    }

    fn forget_deleted(&mut self) {
        let deleted = self.rows.iter().filter(|(_, row)| row.policy.is_none());
        if deleted.clone().count() <= MAX_DELETED {
            return;
        }
        let oldest = deleted.min_by_key(|(_, row)| row.version).map(|(name, _)| name.clone());
        if let Some(name) = oldest
            && let Some(old) = self.rows.remove(&name)
        {
            self.digest = self.digest.wrapping_sub(digest_of(&name, &old));
            self.unapplied.remove(&name);
        }
    }

    /// The state of a name.
    pub fn get(&self, name: &[u8]) -> Option<&Shared> {
        self.rows.get(name)
    }

    /// Whether a name has a shared state.
    pub fn has(&self, name: &[u8]) -> bool {
        self.rows.contains_key(name)
    }

    /// All names with their state, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Shared)> {
        self.rows.iter().map(|(name, shared)| (&**name, shared))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A digest: equal on two nodes that share the same.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// All rows as words, for messages of about [`MAX_BATCH`] bytes each; at least one, which may be empty.
    ///
    /// A row: name, version, number of words of the policy (`-` for a deleted tier), these words.
    pub fn batches(&self) -> Vec<Vec<Box<[u8]>>> {
        let mut batches = vec![Vec::new()];
        let mut bytes = 0;
        for (name, row) in &self.rows {
            let words = words_of(name, row);
            let size: usize = words.iter().map(|word| word.len() + 4).sum();
            if bytes > 0 && bytes + size > MAX_BATCH {
                batches.push(Vec::new());
                bytes = 0;
            }
            bytes += size;
            if let Some(last) = batches.last_mut() {
                last.extend(words);
            }
        }
        batches
    }
}

/// The digest of one row.
fn digest_of(name: &[u8], row: &Shared) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for word in words_of(name, row) {
        hasher.update(&(word.len() as u64).to_le_bytes());
        hasher.update(&word);
    }
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}

/// A row as words.
pub fn words_of(name: &[u8], row: &Shared) -> Vec<Box<[u8]>> {
    let text = |text: String| text.into_bytes().into_boxed_slice();
    let count = row.policy.as_ref().map_or_else(|| "-".to_owned(), |policy| policy.len().to_string());
    let mut words = vec![name.into(), text(row.version.to_string()), text(count)];
    words.extend(row.policy.iter().flatten().cloned());
    words
}

/// The rows of words; `None` if they are damaged.
pub fn rows_of(words: &[&[u8]]) -> Option<Vec<(Box<[u8]>, Shared)>> {
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<u64>().ok();
    let (mut rows, mut rest) = (Vec::new(), words);
    while let [name, version, count, after @ ..] = rest {
        let version = number(version)?;
        let policy = if *count == b"-" {
            rest = after;
            None
        } else {
            let (policy, after) = after.split_at_checked(usize::try_from(number(count)?).ok()?)?;
            rest = after;
            Some(policy.iter().map(|&word| word.into()).collect())
        };
        rows.push(((*name).into(), Shared { version, policy }));
    }
    rest.is_empty().then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(version: u64, policy: Option<&str>) -> Shared {
        Shared { version, policy: policy.map(|words| words.split(' ').map(|word| word.as_bytes().into()).collect()) }
    }

    #[test]
    fn the_newest_version_of_a_name_wins() {
        let mut tiers = SharedTiers::default();
        assert!(tiers.put(b"a", row(5, Some("TTL 5"))));
        assert!(!tiers.put(b"a", row(5, Some("TTL 5"))) && !tiers.put(b"a", row(4, None)));
        assert!(tiers.put(b"a", row(6, None)));
        assert!(tiers.has(b"a") && !tiers.is_new(b"a", &row(6, None)) && tiers.is_new(b"a", &row(7, None)));
    }

    #[test]
    fn two_states_of_the_same_version_end_the_same_everywhere() {
        let states = [row(5, Some("TTL 5")), row(5, Some("TTL 6")), row(5, None)];
        let mut digests = Vec::new();
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut tiers = SharedTiers::default();
            order.iter().for_each(|&at| _ = tiers.put(b"a", states[at].clone()));
            digests.push(tiers.digest());
        }
        assert!(digests.iter().all(|digest| *digest == digests[0]));
        let (mut one, mut other) = (SharedTiers::default(), SharedTiers::default());
        one.put(b"a", states[0].clone());
        other.put(b"a", states[1].clone());
        assert_ne!(one.digest(), other.digest(), "the policy counts");
    }

    #[test]
    fn the_digest_is_that_of_the_rows_however_they_came() {
        let mut tiers = SharedTiers::default();
        assert_eq!(tiers.digest(), 0);
        for version in 1..1500_u64 {
            tiers.put((version % 1300).to_string().as_bytes(), row(version, (version % 7 == 0).then_some("TTL 7")));
        }
        tiers.replace(b"8", row(1, Some("TTL 9")));
        let mut other = SharedTiers::default();
        tiers.iter().for_each(|(name, row)| _ = other.put(name, row.clone()));
        assert_eq!((tiers.digest(), tiers.iter().count()), (other.digest(), other.iter().count()));
        assert_eq!(tiers.get(b"8"), Some(&row(1, Some("TTL 9"))));
    }

    #[test]
    fn what_cannot_be_applied_is_known_until_a_newer_state_comes() {
        let mut tiers = SharedTiers::default();
        tiers.is_not_applied(b"unknown");
        tiers.put(b"a", row(5, Some("TTL 5")));
        tiers.put(b"b", row(6, Some("TTL 5")));
        tiers.is_not_applied(b"a");
        tiers.is_not_applied(b"b");
        assert!(tiers.unapplied().eq([b"a", b"b"]));
        let mut walked = vec![tiers.unapplied_after(None).unwrap()];
        while let Some(next) = tiers.unapplied_after(walked.last().copied()) {
            walked.push(next);
        }
        assert_eq!(walked, [b"a", b"b"]);
        assert!(!tiers.put(b"a", row(4, None)));
        tiers.put(b"a", row(7, None));
        assert!(tiers.unapplied().eq([b"b"]));
        tiers.clear();
        assert_eq!(tiers.unapplied().count(), 0);
    }

    #[test]
    fn versions_grow_also_when_the_clock_goes_back() {
        let mut tiers = SharedTiers::default();
        let first = tiers.next_version(1000, 65_535);
        assert!(tiers.next_version(10, 3) > first);
        // Two nodes with slow clocks, after one with a fast clock: their versions still differ.
        tiers.put(b"a", row(99_000 << 16, None));
        let mut other = tiers.clone();
        assert_ne!(tiers.next_version(1000, 1), other.next_version(1000, 2));
        assert!(tiers.next_version(1000, 0) > 99_000 << 16);
    }

    #[test]
    fn deleted_names_are_bounded() {
        let mut tiers = SharedTiers::default();
        tiers.put(b"kept", row(1, Some("TTL 1")));
        for version in 2..2000 {
            tiers.put(version.to_string().as_bytes(), row(version, None));
        }
        assert_eq!(tiers.iter().count(), MAX_DELETED + 1);
        assert!(tiers.has(b"kept") && tiers.has(b"1999") && !tiers.has(b"2"));
    }

    #[test]
    fn large_tables_are_sent_in_parts() {
        let mut tiers = SharedTiers::default();
        assert_eq!(tiers.batches(), [Vec::<Box<[u8]>>::new()]);
        let long = "x".repeat(60_000);
        for number in 0..20_u64 {
            tiers.put(number.to_string().as_bytes(), row(number + 1, Some(&long)));
        }
        let batches = tiers.batches();
        assert!(batches.len() >= 4, "{}", batches.len());
        let mut other = SharedTiers::default();
        for batch in &batches {
            assert!(batch.iter().map(|word| word.len()).sum::<usize>() <= MAX_BATCH);
            let words: Vec<&[u8]> = batch.iter().map(AsRef::as_ref).collect();
            for (name, shared) in rows_of(&words).unwrap() {
                other.put(&name, shared);
            }
        }
        assert_eq!(other.digest(), tiers.digest());
    }

    #[test]
    fn damaged_rows_are_refused() {
        for words in
            [&[&b"a"[..]][..], &[b"a", b"1"], &[b"a", b"x", b"-"], &[b"a", b"1", b"2", b"TTL"], &[b"a", b"1", b"x"]]
        {
            assert_eq!(rows_of(words), None);
        }
        assert_eq!(rows_of(&[]), Some(Vec::new()));
    }

    proptest! {
        /// Nodes that exchange their rows in pairs, in any order, end with the same rows: for each name the newest one.
        #[test]
        fn nodes_agree_after_any_exchange(
            changes in prop::collection::vec((0..4_usize, 0..5_u8, 1..1000_u64, any::<bool>()), 0..40),
            meetings in prop::collection::vec((0..4_usize, 0..4_usize), 0..20),
        ) {
            let mut nodes = vec![SharedTiers::default(); 4];
            let mut newest = BTreeMap::new();
            for (number, (node, name, version, deletes)) in changes.into_iter().enumerate() {
                // No two changes have the same version.
                let version = version * 100 + number as u64;
                let policy = (!deletes).then(|| vec![Box::from(version.to_string().as_bytes())]);
                nodes[node].put(&[name], Shared { version, policy });
                newest.entry(name).and_modify(|seen: &mut u64| *seen = version.max(*seen)).or_insert(version);
            }
            let every_pair = (0..4).flat_map(|a| (0..4).map(move |b| (a, b)));
            for (from, to) in meetings.into_iter().chain(every_pair.clone()).chain(every_pair) {
                for batch in nodes[from].batches() {
                    let words: Vec<&[u8]> = batch.iter().map(AsRef::as_ref).collect();
                    for (name, shared) in rows_of(&words).unwrap() {
                        nodes[to].put(&name, shared);
                    }
                }
            }
            for node in &nodes {
                prop_assert_eq!(node.digest(), nodes[0].digest());
                let versions: BTreeMap<u8, u64> = node.iter().map(|(name, row)| (name[0], row.version)).collect();
                prop_assert_eq!(&versions, &newest);
            }
        }
    }
}
