//! Bounded memory of leases that have ended: the causes of their ends, failures, and tokens that were used.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use lru::LruCache;

use super::Cause;
use super::decide::Past;

/// The number of tokens of lost leases that are remembered. An older token is reported as unknown.
const ENDED: usize = 65_536;
/// The number of reasons, and the number of RETRY times, that are remembered.
const FAILURES: usize = 16_384;

/// The tokens of lost leases, with the cause. Keys can be long, so only their hashes are stored: a collision can only
/// change the cause in an error reply.
#[derive(Debug)]
pub(super) struct EndedTokens {
    causes: LruCache<(u64, u64), Cause>,
    hasher: RandomState,
}

impl EndedTokens {
    pub(super) fn new() -> Self {
        Self { causes: LruCache::unbounded(), hasher: RandomState::new() }
    }

    pub(super) fn remember(&mut self, db: i32, key: &[u8], token: u64, cause: Cause) {
        self.causes.put((self.hasher.hash_one((db, key)), token), cause);
        if self.causes.len() > ENDED {
            self.causes.pop_lru();
        }
    }

    pub(super) fn cause(&self, db: i32, key: &[u8], token: u64) -> Option<Cause> {
        self.causes.peek(&(self.hasher.hash_one((db, key)), token)).copied()
    }
}

/// A remembered failure of a key.
#[derive(Debug)]
struct Note {
    db: i32,
    key: Box<[u8]>,
    until: u64,
    /// The time of the failure on the clock of changes.
    stamp: u64,
    /// The number of the failure. It orders failures and flushes, which have no stamp.
    serial: u64,
    reason: Box<[u8]>,
}

/// Failed computations: their reasons, and the time until which an existing value is served before the next attempt.
#[derive(Debug)]
pub(super) struct Failures {
    negatives: LruCache<u64, Note>,
    retries: LruCache<u64, Note>,
    /// By database: failures with an earlier stamp, and those up to a serial, are forgotten.
    floors: HashMap<i32, (u64, u64)>,
    /// Failures of all databases up to this serial are forgotten.
    floor: u64,
    serial: u64,
    hasher: RandomState,
}

impl Failures {
    pub(super) fn new() -> Self {
        Self {
            negatives: LruCache::unbounded(),
            retries: LruCache::unbounded(),
            floors: HashMap::new(),
            floor: 0,
            serial: 0,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.negatives.is_empty() && self.retries.is_empty()
    }

    pub(super) fn negative(&mut self, db: i32, key: &[u8], until: u64, stamp: u64, reason: Box<[u8]>) {
        let (at, note) = self.note(db, key, until, stamp, reason);
        put(&mut self.negatives, at, note);
    }

    pub(super) fn retry(&mut self, db: i32, key: &[u8], until: u64, stamp: u64) {
        let (at, note) = self.note(db, key, until, stamp, Box::default());
        put(&mut self.retries, at, note);
    }

    fn note(&mut self, db: i32, key: &[u8], until: u64, stamp: u64, reason: Box<[u8]>) -> (u64, Note) {
        self.serial += 1;
        let note = Note { db, key: key.into(), until, stamp, serial: self.serial, reason };
        (self.hasher.hash_one((db, key)), note)
    }

    /// The remembered failure of a key. Removes it when its time is over.
    pub(super) fn past(&mut self, now: u64, db: i32, key: &[u8]) -> Past {
        if self.is_empty() {
            return Past::default();
        }
        let at = self.hasher.hash_one((db, key));
        let floors = (self.floors.get(&db).copied().unwrap_or_default(), self.floor);
        let runs = |notes: &mut LruCache<u64, Note>| match notes.get(&at) {
            Some(note) if note.db == db && *note.key == *key => {
                let ((stamp, serial), floor) = floors;
                let runs = note.until > now && note.stamp >= stamp && note.serial > serial.max(floor);
                if !runs {
                    notes.pop(&at);
                }
                runs
            }
            _ => false,
        };
        Past { negative: runs(&mut self.negatives), retry: runs(&mut self.retries) }
    }

    /// The reason of a failure that [`past`](Self::past) has found before.
    pub(super) fn reason(&self, db: i32, key: &[u8]) -> Box<[u8]> {
        self.negatives.peek(&self.hasher.hash_one((db, key))).map(|note| note.reason.clone()).unwrap_or_default()
    }

    pub(super) fn forget(&mut self, db: i32, key: &[u8]) {
        if self.is_empty() {
            return;
        }
        let at = self.hasher.hash_one((db, key));
        for notes in [&mut self.negatives, &mut self.retries] {
            if notes.peek(&at).is_some_and(|note| note.db == db && *note.key == *key) {
                notes.pop(&at);
            }
        }
    }

    /// Forgets the failures with an earlier stamp.
    pub(super) fn forget_before(&mut self, db: i32, stamp: u64) {
        if !self.is_empty() {
            let floor = self.floors.entry(db).or_default();
            floor.0 = floor.0.max(stamp);
        }
    }

    /// Forgets all failures of a database; `None` means all databases.
    pub(super) fn flushed(&mut self, db: Option<i32>) {
        match db {
            Some(db) => self.floors.entry(db).or_default().1 = self.serial,
            None => {
                self.floor = self.serial;
                self.negatives.clear();
                self.retries.clear();
            }
        }
    }
}

fn put(notes: &mut LruCache<u64, Note>, at: u64, note: Note) {
    notes.put(at, note);
    if notes.len() > FAILURES {
        notes.pop_lru();
    }
}

/// The number of used tokens that are remembered.
const DONE: usize = 1 << 16;

/// The use of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// FILL stored a value.
    Filled,
    /// The holder reported a failure.
    Failed,
}

/// Tokens that were used by FILL or by a failure. A client repeats a command whose reply was lost: it then gets the
/// same reply. Only hashes of the keys are stored.
#[derive(Debug)]
pub(super) struct DoneTokens {
    by_token: LruCache<u64, (u64, Done)>,
    hasher: RandomState,
}

impl DoneTokens {
    pub(super) fn new() -> Self {
        Self { by_token: LruCache::unbounded(), hasher: RandomState::new() }
    }

    fn place(&self, db: i32, key: &[u8]) -> u64 {
        self.hasher.hash_one((db, key))
    }

    pub(super) fn remember(&mut self, db: i32, key: &[u8], token: u64, done: Done) {
        self.by_token.put(token, (self.place(db, key), done));
        if self.by_token.len() > DONE {
            self.by_token.pop_lru();
        }
    }

    pub(super) fn of(&self, db: i32, key: &[u8], token: u64) -> Option<Done> {
        let (place, done) = *self.by_token.peek(&token)?;
        (place == self.place(db, key)).then_some(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_the_oldest_are_forgotten() {
        let (mut ended, mut failures) = (EndedTokens::new(), Failures::new());
        for token in 0..=ENDED as u64 {
            ended.remember(0, b"k", token, Cause::Expired);
            failures.negative(0, &token.to_be_bytes(), 10, 1, (*b"no").into());
            failures.retry(0, &token.to_be_bytes(), 10, 1);
        }
        assert_eq!((ended.causes.len(), failures.negatives.len(), failures.retries.len()), (ENDED, FAILURES, FAILURES));
        assert_eq!(ended.cause(0, b"k", 0), None);
        assert_eq!(ended.cause(0, b"k", 1), Some(Cause::Expired));
        assert!(!failures.past(0, 0, &0u64.to_be_bytes()).negative);
        assert!(failures.past(0, 0, &(ENDED as u64).to_be_bytes()).retry);
    }

    #[test]
    fn a_flush_forgets_only_the_earlier_failures_of_its_database() {
        let mut failures = Failures::new();
        failures.negative(0, b"k", 10, 5, (*b"no").into());
        failures.negative(1, b"k", 10, 5, (*b"no").into());
        failures.flushed(Some(0));
        assert!(!failures.past(0, 0, b"k").negative);
        assert!(failures.past(0, 1, b"k").negative);
        failures.forget_before(1, 5);
        assert!(failures.past(0, 1, b"k").negative);
        failures.forget_before(1, 6);
        assert!(!failures.past(0, 1, b"k").negative);
        failures.negative(0, b"k", 10, 7, (*b"no").into());
        assert!(failures.past(9, 0, b"k").negative);
        assert!(!failures.past(10, 0, b"k").negative);
    }
}
