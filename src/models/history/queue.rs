//! The bounded queue of entries that are not written yet.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use assess_engine::history::Entry;

/// The most queued entries, and the most bytes of their documents.
const MAX_WAITING: usize = 10_000;
const MAX_WAITING_BYTES: usize = 16 << 20;
/// A computed assessment that waits to be written.
pub(super) struct Waiting {
    /// The account of the user who requested the assessment.
    pub(super) user: u64,
    pub(super) db: i32,
    pub(super) key: Vec<u8>,
    /// The generation of the assessed model (`types::value::Loaded::generation`).
    pub(super) generation: u64,
    pub(super) entry: Arc<Entry>,
}

/// Entries in the order of their assessments.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// By user: the number of its entries.
    users: HashMap<u64, usize>,
}

impl Queue {
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        self.remove(0)
    }

    /// The oldest entry.
    pub(super) fn next(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().rev()
    }

    fn remove(&mut self, at: usize) -> Option<Waiting> {
        let waiting = self.waiting.remove(at)?;
        self.bytes -= waiting.entry.document.len();
        if let Some(count) = self.users.get_mut(&waiting.user) {
            *count -= 1;
            if *count == 0 {
                self.users.remove(&waiting.user);
            }
        }
        Some(waiting)
    }

    fn is_full_for(&self, bytes: usize) -> bool {
        self.waiting.len() >= MAX_WAITING || self.bytes + bytes > MAX_WAITING_BYTES
    }

    /// Makes room for an entry of a user: while the queue is full, a user with more entries than this one loses the
    /// oldest. Returns how many were dropped, or `None` if there is no room, since no other user has more.
    pub(super) fn make_room(&mut self, user: u64, bytes: usize) -> Option<u64> {
        let mut dropped = 0;
        while self.is_full_for(bytes) {
            let own = self.users.get(&user).copied().unwrap_or(0);
            let (most, count) =
                self.users.iter().max_by_key(|(_, count)| **count).map(|(user, count)| (*user, *count))?;
            if count <= own + 1 {
                return None;
            }
            let oldest = self.waiting.iter().position(|waiting| waiting.user == most)?;
            self.remove(oldest);
            dropped += 1;
        }
        Some(dropped)
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.entry.document.len();
        *self.users.entry(waiting.user).or_default() += 1;
        self.waiting.push_back(waiting);
    }
}

#[cfg(test)]
mod tests {
    use assess_engine::history::Record;

    use super::*;

    fn waiting(user: u64, document: &[u8]) -> Waiting {
        let record = Record::default();
        let entry = Entry { id: 0, time: 0, tenant: String::new(), hash: [0; 16], record, document: document.into() };
        Waiting { user, db: 0, key: Vec::new(), generation: 0, entry: Arc::new(entry) }
    }

    #[test]
    fn a_user_who_fills_the_queue_makes_room_for_others_and_not_for_itself() {
        let mut queue = Queue::default();
        for _ in 0..MAX_WAITING {
            assert_eq!(queue.make_room(1, 1), Some(0));
            queue.push(waiting(1, b"x"));
        }
        assert_eq!(queue.make_room(1, 1), None);
        for _ in 0..MAX_WAITING {
            if queue.make_room(2, 1).is_some() {
                queue.push(waiting(2, b"x"));
            }
        }
        assert_eq!(queue.waiting.len(), MAX_WAITING);
        assert!(queue.users[&2].abs_diff(MAX_WAITING / 2) <= 1, "{:?}", queue.users);
        while queue.pop().is_some() {}
        assert!(queue.users.is_empty() && queue.bytes == 0);
    }
}
