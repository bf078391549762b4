//! Clients that wait for something in a queue, in the order of their arrival.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// Waiting clients by what they wait for.
pub(super) struct Parked<K, T> {
    arrivals: u64,
    order: BTreeMap<(K, u64), u64>,
    clients: HashMap<u64, (K, u64, T)>,
}

impl<K: Ord + Clone, T> Default for Parked<K, T> {
    fn default() -> Self {
        Self { arrivals: 0, order: BTreeMap::new(), clients: HashMap::new() }
    }
}

impl<K: Ord + Clone, T> Parked<K, T> {
    pub(super) fn add(&mut self, client: u64, key: K, value: T) {
        self.arrivals += 1;
        self.order.insert((key.clone(), self.arrivals), client);
        self.clients.insert(client, (key, self.arrivals, value));
    }

    pub(super) fn remove(&mut self, client: u64) -> Option<T> {
        let (key, arrival, value) = self.clients.remove(&client)?;
        self.order.remove(&(key, arrival));
        Some(value)
    }

    pub(super) fn get(&self, client: u64) -> Option<&T> {
        self.clients.get(&client).map(|(.., value)| value)
    }

    /// The next client that waits for this, and arrived after `after` (0: the first). Returns its arrival, too.
    pub(super) fn next(&self, key: &K, after: u64) -> Option<(u64, u64)> {
        let range = (Bound::Excluded((key.clone(), after)), Bound::Included((key.clone(), u64::MAX)));
        self.order.range(range).next().map(|((_, arrival), &client)| (*arrival, client))
    }

    /// The last arrival so far.
    pub(super) fn last_arrival(&self) -> u64 {
        self.arrivals
    }

    /// The number of all waiting clients.
    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    /// The keys after `after` that clients wait for, each once.
    pub(super) fn keys_after<'p>(&'p self, after: &K) -> impl Iterator<Item = &'p K> {
        let mut last = after.clone();
        std::iter::from_fn(move || {
            let from = (Bound::Excluded((last.clone(), u64::MAX)), Bound::Unbounded);
            let ((key, _), _) = self.order.range(from).next()?;
            last = key.clone();
            Some(key)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_key_are_found_in_the_order_of_their_arrival() {
        let mut parked = Parked::default();
        parked.add(7, "a", 'x');
        parked.add(3, "b", 'y');
        parked.add(5, "a", 'z');
        let (first, client) = parked.next(&"a", 0).unwrap();
        assert_eq!((client, parked.get(7)), (7, Some(&'x')));
        assert_eq!(parked.next(&"a", first).map(|(_, client)| client), Some(5));
        assert_eq!(parked.remove(7), Some('x'));
        assert_eq!((parked.remove(7), parked.next(&"a", 0).map(|(_, client)| client)), (None, Some(5)));
        assert_eq!((parked.len(), parked.next(&"c", 0)), (2, None));
        parked.add(9, "b", 'w');
        assert_eq!(parked.keys_after(&"").collect::<Vec<_>>(), [&"a", &"b"]);
        assert_eq!(parked.keys_after(&"a").collect::<Vec<_>>(), [&"b"]);
    }
}
