//! The records of leases, and their indexes: by key, end, holder and waiter. Only [`Table::apply`] changes a state, so
//! that the indexes stay consistent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::state::{Effect, Event, Lease, State};
use super::{Ask, Key};

/// A client that waits, and its request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) since: u64,
    pub(super) ask: Ask,
}

#[derive(Debug, Default)]
struct Record {
    state: State,
    /// By the number of their arrival.
    waiters: BTreeMap<u64, Waiting>,
}

type Place = (i32, Arc<[u8]>);

#[derive(Debug, Default)]
pub(super) struct Table {
    databases: HashMap<i32, BTreeMap<Arc<[u8]>, Record>>,
    /// Ends of leases, with the serials of their grants.
    ends: BTreeSet<(u64, u64)>,
    /// Leases by the serial of their grant: place, stamp, time.
    held: BTreeMap<u64, (Place, u64, u64)>,
    /// By client: the serials of the grants that end when it disconnects.
    bound: HashMap<u64, BTreeSet<u64>>,
    /// By client: the number of leases that it holds.
    holders: HashMap<u64, u32>,
    /// By client: the key for which it waits, and the number of its arrival.
    waiting: HashMap<u64, (Place, u64)>,
    /// Records without a holder, whose waiters must be answered.
    unassigned: BTreeSet<Place>,
    arrivals: u64,
}

impl Table {
    pub(super) fn leases(&self) -> usize {
        self.held.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.unassigned.is_empty()
    }

    fn record(&self, db: i32, key: &[u8]) -> Option<&Record> {
        self.databases.get(&db)?.get(key)
    }

    pub(super) fn state(&self, db: i32, key: &[u8]) -> State {
        self.record(db, key).map_or(State::Free, |record| record.state)
    }

    pub(super) fn lease(&self, db: i32, key: &[u8]) -> Option<Lease> {
        match self.state(db, key) {
            State::Held(lease) => Some(lease),
            State::Free | State::Unassigned => None,
        }
    }

    /// The number of leases that a client holds.
    pub(super) fn held_by(&self, client: u64) -> u32 {
        self.holders.get(&client).copied().unwrap_or(0)
    }

    /// The databases in which a key of this name has a lease.
    pub(super) fn databases(&self, key: &[u8]) -> Vec<i32> {
        let held = |&&db: &&i32| self.lease(db, key).is_some();
        self.databases.keys().filter(held).copied().collect()
    }

    /// The waiters of a key in their order, with the numbers of their arrivals.
    pub(super) fn waiters(&self, db: i32, key: &[u8]) -> impl Iterator<Item = (u64, Waiting)> {
        self.record(db, key).into_iter().flat_map(|record| record.waiters.iter().map(|(&at, &waiting)| (at, waiting)))
    }

    pub(super) fn waiter_count(&self, db: i32, key: &[u8]) -> usize {
        self.record(db, key).map_or(0, |record| record.waiters.len())
    }

    /// Applies an event to the record of a key. No other function changes a state.
    pub(super) fn apply(&mut self, db: i32, key: &[u8], event: Event) -> Effect {
        let names = match event {
            Event::Grant(_) => self.databases.entry(db).or_default(),
            _ => match self.databases.get_mut(&db) {
                Some(names) => names,
                None => return Effect::None,
            },
        };
        let (key, mut record) = match names.remove_entry(key) {
            Some(found) => found,
            None if matches!(event, Event::Grant(_)) => (Arc::from(key), Record::default()),
            None => return Effect::None,
        };
        let before = record.state;
        let (state, effect) = before.next(event, !record.waiters.is_empty());
        record.state = state;
        let place = (db, key.clone());
        if state != State::Free {
            names.insert(key, record);
        }
        self.reindex(place, before, state);
        effect
    }

    fn reindex(&mut self, place: Place, before: State, after: State) {
        if let State::Held(lease) = before {
            self.ends.remove(&(lease.ends, lease.serial));
            self.held.remove(&lease.serial);
            if let Some(count) = self.holders.get_mut(&lease.holder) {
                *count -= 1;
                if *count == 0 {
                    self.holders.remove(&lease.holder);
                }
            }
            if let Some(client) = lease.bound
                && let Some(grants) = self.bound.get_mut(&client)
            {
                grants.remove(&lease.serial);
                if grants.is_empty() {
                    self.bound.remove(&client);
                }
            }
        }
        match after {
            State::Held(lease) => {
                self.unassigned.remove(&place);
                self.ends.insert((lease.ends, lease.serial));
                self.held.insert(lease.serial, (place, lease.granted, lease.granted_at));
                *self.holders.entry(lease.holder).or_default() += 1;
                if let Some(client) = lease.bound {
                    self.bound.entry(client).or_default().insert(lease.serial);
                }
            }
            State::Unassigned => _ = self.unassigned.insert(place),
            State::Free => _ = self.unassigned.remove(&place),
        }
    }

    /// Adds a waiter to a key that has a record.
    pub(super) fn add_waiter(&mut self, db: i32, key: &[u8], waiting: Waiting) {
        let Some(names) = self.databases.get_mut(&db) else { return };
        let Some(name) = names.get_key_value(key).map(|(name, _)| name.clone()) else { return };
        let Some(record) = names.get_mut(key) else { return };
        self.arrivals += 1;
        record.waiters.insert(self.arrivals, waiting);
        self.waiting.insert(waiting.ask.client, ((db, name), self.arrivals));
    }

    /// Removes a waiter that left. Returns the key for which it waited.
    pub(super) fn remove_waiter(&mut self, client: u64) -> Option<Key> {
        let ((db, key), arrival) = self.waiting.remove(&client)?;
        if let Some(record) = self.databases.get_mut(&db).and_then(|names| names.get_mut(&key)) {
            record.waiters.remove(&arrival);
        }
        self.apply(db, &key, Event::Left);
        Some((db, key.as_ref().into()))
    }

    /// Removes a waiter that is answered. The caller changes the state.
    pub(super) fn take_waiter(&mut self, db: i32, key: &[u8], arrival: u64) {
        let record = self.databases.get_mut(&db).and_then(|names| names.get_mut(key));
        if let Some(waiting) = record.and_then(|record| record.waiters.remove(&arrival)) {
            self.waiting.remove(&waiting.ask.client);
        }
    }

    /// Removes all waiters of a key.
    pub(super) fn take_waiters(&mut self, db: i32, key: &[u8]) -> Vec<Waiting> {
        let record = self.databases.get_mut(&db).and_then(|names| names.get_mut(key));
        let waiters = record.map(|record| std::mem::take(&mut record.waiters)).unwrap_or_default();
        waiters.into_values().inspect(|waiting| _ = self.waiting.remove(&waiting.ask.client)).collect()
    }

    /// The next time at which a lease ends; 0 while there are waiters to answer.
    pub(super) fn next_end(&self) -> Option<u64> {
        if self.unassigned.is_empty() { self.ends.first().map(|&(ends, _)| ends) } else { Some(0) }
    }

    /// The key of the lease that ends first, if its time is over.
    pub(super) fn ended(&self, now: u64) -> Option<Key> {
        let &(_, serial) = self.ends.first().filter(|&&(ends, _)| ends <= now)?;
        self.held.get(&serial).map(|((db, key), ..)| (*db, key.as_ref().into()))
    }

    pub(super) fn unassigned(&self, limit: usize) -> Vec<Key> {
        self.unassigned.iter().take(limit).map(|(db, key)| (*db, key.as_ref().into())).collect()
    }

    /// The keys whose leases end when a client disconnects.
    pub(super) fn bound_to(&self, client: u64) -> Vec<Key> {
        let grants = self.bound.get(&client).into_iter().flatten();
        grants.filter_map(|serial| self.held.get(serial)).map(|((db, key), ..)| (*db, key.as_ref().into())).collect()
    }

    /// Stamp and time of the oldest lease.
    pub(super) fn oldest(&self) -> Option<(u64, u64)> {
        self.held.first_key_value().map(|(_, &(_, granted, granted_at))| (granted, granted_at))
    }

    /// The keys of a database that have a record; `None` means all databases.
    pub(super) fn keys(&self, db: Option<i32>) -> Vec<Key> {
        let of = self.databases.iter().filter(|(of, _)| db.is_none_or(|db| db == **of));
        of.flat_map(|(&db, names)| names.keys().map(move |key| (db, key.as_ref().into()))).collect()
    }

    /// Visits up to `limit` records of keys with a prefix, after the key `after`. Returns the key to continue after.
    pub(super) fn walk(
        &self,
        db: i32,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        mut visit: impl FnMut(&[u8], u64),
    ) -> Option<Box<[u8]>> {
        let names = self.databases.get(&db)?;
        let start = after.filter(|after| *after >= prefix).map_or(Bound::Included(prefix), Bound::Excluded);
        let mut range =
            names.range::<[u8], _>((start, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
        let mut last = None;
        for (key, record) in range.by_ref().take(limit) {
            if let State::Held(lease) = record.state {
                visit(key, lease.granted);
            }
            last = Some(key);
        }
        range.next().and(last).map(|key| key.as_ref().into())
    }
}
