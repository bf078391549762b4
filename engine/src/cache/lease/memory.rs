//! What is remembered of leases that are over: why a token died, and failures. All of it is bounded.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use lru::LruCache;

use super::Cause;
use super::decide::Past;

/// How many dead tokens are remembered; an older one is as unknown as one that never was.
const ENDED: usize = 65_536;
/// How many reasons, and how many RETRYs, are remembered.
const FAILURES: usize = 16_384;

/// Why tokens died. Keys are hashed, for they may be long: two that collide could only change the word in a refusal.
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

/// A failure of a key.
#[derive(Debug)]
struct Note {
    db: i32,
    key: Box<[u8]>,
    until: u64,
    /// On the clock of changes.
    stamp: u64,
    /// On the clock of this memory, which also orders what has no stamp: a flush.
    serial: u64,
    reason: Box<[u8]>,
}

/// Failed computations: their reasons, and how long what is there is served before the next attempt.
#[derive(Debug)]
pub(super) struct Failures {
    negatives: LruCache<u64, Note>,
    retries: LruCache<u64, Note>,
    /// What is older is forgotten, per database: a stamp and a serial.
    floors: HashMap<i32, (u64, u64)>,
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

    /// What is remembered of a key; what is over is dropped.
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

    /// The reason of a failure that [`past`](Self::past) has just found.
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

    /// Forgets what is older than a stamp.
    pub(super) fn forget_before(&mut self, db: i32, stamp: u64) {
        if !self.is_empty() {
            let floor = self.floors.entry(db).or_default();
            floor.0 = floor.0.max(stamp);
        }
    }

    /// Forgets all there is of a database; `None` is all of them.
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

/// How many tokens are remembered that have done what they were granted for.
const DONE: usize = 1 << 16;

/// What a token has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Its value was stored.
    Filled,
    /// It was given up.
    Failed,
}

/// Tokens that have done what they were granted for: clients send a command again whose reply was lost. Keys are hashed.
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
    fn memory_is_bounded_and_forgets_the_oldest() {
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
    fn a_flush_forgets_what_was_before_it_and_nothing_else() {
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
