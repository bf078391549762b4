//! The bounded queue of results. A result that is queued again takes the place of the older one of its key.

use std::collections::HashMap;

use lru::LruCache;

/// The most results, and the most bytes of their names and documents.
const MOST: usize = 4096;
const MOST_BYTES: usize = 64 << 20;

/// Database and cache key.
pub(super) type Place = (i32, Vec<u8>);

struct Queued<T> {
    result: T,
    user: u64,
    bytes: usize,
}

/// How many results and bytes of a user are queued.
#[derive(Debug, Default, Clone, Copy)]
struct Held {
    results: usize,
    bytes: usize,
}

/// Results in the order of their arrival, and what each user has in the queue.
pub(super) struct Queue<T> {
    results: LruCache<Place, Queued<T>>,
    users: HashMap<u64, Held>,
    bytes: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { results: LruCache::unbounded(), users: HashMap::new(), bytes: 0 }
    }
}

impl<T> Queue<T> {
    pub(super) fn len(&self) -> usize {
        self.results.len()
    }

    pub(super) fn get(&self, place: &Place) -> Option<&T> {
        self.results.peek(place).map(|queued| &queued.result)
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.results.iter().map(|(place, _)| place)
    }

    /// Queues a result of a user. Returns how many others were pushed out for it: the oldest of the users who have the
    /// most, of the results or of the bytes, whichever is over its bound. So a user who queues many pushes out its own.
    pub(super) fn push(&mut self, place: Place, result: T, user: u64, bytes: usize) -> usize {
        self.remove(&place);
        self.results.push(place, Queued { result, user, bytes });
        self.bytes += bytes;
        let held = self.users.entry(user).or_default();
        held.results += 1;
        held.bytes += bytes;
        let mut pushed_out = 0;
        while self.results.len() > 1 && (self.results.len() > MOST || self.bytes > MOST_BYTES) {
            let over_bytes = self.bytes > MOST_BYTES;
            let most = self.users.iter().max_by_key(|(_, held)| if over_bytes { held.bytes } else { held.results });
            let Some(loser) = most.map(|(user, _)| *user) else { break };
            let oldest = self.results.iter().rev().find(|(_, queued)| queued.user == loser);
            let Some(place) = oldest.map(|(place, _)| place.clone()) else { break };
            self.remove(&place);
            pushed_out += 1;
        }
        pushed_out
    }

    pub(super) fn remove(&mut self, place: &Place) -> Option<T> {
        let queued = self.results.pop(place)?;
        Some(self.forget(queued))
    }

    /// Removes the oldest result.
    pub(super) fn pop(&mut self) -> Option<(Place, T)> {
        let (place, queued) = self.results.pop_lru()?;
        Some((place, self.forget(queued)))
    }

    fn forget(&mut self, queued: Queued<T>) -> T {
        self.bytes -= queued.bytes;
        if let Some(held) = self.users.get_mut(&queued.user) {
            held.results -= 1;
            held.bytes -= queued.bytes;
            if held.results == 0 {
                self.users.remove(&queued.user);
            }
        }
        queued.result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(user: u64, number: usize) -> Place {
        (0, format!("{user}:{number}").into_bytes())
    }

    #[test]
    fn a_user_with_the_most_results_pushes_out_its_own() {
        let mut queue = Queue::default();
        assert_eq!(queue.push(place(2, 0), (), 2, 1), 0);
        let pushed_out: usize = (0..2 * MOST).map(|number| queue.push(place(1, number), (), 1, 1)).sum();
        assert_eq!((queue.len(), pushed_out), (MOST, MOST + 1));
        assert!(queue.get(&place(2, 0)).is_some(), "the oldest of all, of a user with one");
        assert!(queue.get(&place(1, 2 * MOST - 1)).is_some() && queue.get(&place(1, 0)).is_none());
        // A second user gets room, up to as much as the first one has.
        (1..MOST).for_each(|number| _ = queue.push(place(2, number), (), 2, 1));
        let of = |queue: &Queue<()>, user| queue.users[&user].results;
        assert_eq!((of(&queue, 1), of(&queue, 2)), (MOST / 2, MOST / 2));
    }

    #[test]
    fn bytes_are_bounded_too_and_the_user_with_the_most_bytes_loses() {
        let mut queue = Queue::default();
        (0..10).for_each(|number| _ = queue.push(place(2, number), (), 2, 1));
        for number in 0..8 {
            queue.push(place(1, number), (), 1, MOST_BYTES / 4);
        }
        assert!(queue.bytes <= MOST_BYTES);
        assert_eq!((queue.users[&1].results, queue.users[&2].results), (3, 10));
        // A single result that is over the bound is not worth all the others.
        assert_eq!(queue.push(place(3, 0), (), 3, 2 * MOST_BYTES), 1);
        assert!(queue.get(&place(3, 0)).is_none());
    }

    #[test]
    fn what_is_removed_is_no_longer_counted() {
        let mut queue = Queue::default();
        queue.push(place(1, 0), 'a', 1, 10);
        queue.push(place(1, 0), 'b', 1, 20);
        assert_eq!((queue.len(), queue.bytes, queue.get(&place(1, 0))), (1, 20, Some(&'b')));
        queue.push(place(1, 1), 'c', 1, 5);
        assert_eq!(queue.remove(&place(1, 1)), Some('c'));
        assert_eq!(queue.pop(), Some((place(1, 0), 'b')));
        assert!(queue.pop().is_none() && queue.users.is_empty() && queue.bytes == 0);
    }
}
