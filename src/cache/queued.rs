//! Deletions of keys that may not be there, and those that transactions have queued: a filter of commands sees a command
//! when it comes, not when EXEC runs it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::follow;

/// How many names are remembered of all open transactions together, and how many bytes they have. Deletions beyond that
/// revoke no lease when EXEC runs them.
const MOST: usize = 1024;
const MOST_BYTES: usize = 1 << 20;

/// All clients together, on a server that does not say which one a command is of.
const ANYBODY: u64 = 0;

thread_local! {
    static QUEUED: RefCell<Queued> = RefCell::default();
}

/// Transactions that have begun, and what they will delete.
#[derive(Default)]
struct Queued {
    open: HashMap<u64, Open>,
    names: usize,
    bytes: usize,
}

/// Those of one client: one at most, unless it is [`ANYBODY`].
#[derive(Default)]
struct Open {
    transactions: usize,
    names: HashSet<Box<[u8]>>,
}

impl Queued {
    fn begins(&mut self, client: u64) {
        let open = self.open.entry(client).or_default();
        // MULTI inside of MULTI is an error, and begins nothing.
        open.transactions = if client == ANYBODY { open.transactions + 1 } else { 1 };
    }

    /// Whether a command may have been queued.
    fn deletes(&mut self, client: u64, name: &[u8]) -> bool {
        let Some(open) = self.open.get_mut(&client) else { return false };
        if self.names < MOST && self.bytes + name.len() <= MOST_BYTES && open.names.insert(name.into()) {
            self.names += 1;
            self.bytes += name.len();
        }
        true
    }

    /// A transaction is over. Which of them is not known of [`ANYBODY`]: the names are kept until the last is.
    fn ends(&mut self, client: u64) {
        let Some(open) = self.open.get_mut(&client) else { return };
        open.transactions -= 1;
        if open.transactions == 0 {
            self.names -= open.names.len();
            self.bytes -= open.names.iter().map(|name| name.len()).sum::<usize>();
            self.open.remove(&client);
        }
    }

    fn names(&self, client: u64) -> impl Iterator<Item = &[u8]> {
        self.open.get(&client).into_iter().flat_map(|open| open.names.iter().map(AsRef::as_ref))
    }
}

/// A plain command deletes a key, now or when its transaction is run.
pub(crate) fn deletes(client: Option<u64>, name: &[u8]) {
    let is_queued = QUEUED.with_borrow_mut(|queued| queued.deletes(client.unwrap_or(ANYBODY), name));
    if !is_queued || client.is_none() {
        follow::deleting(name);
    }
}

/// A client begins a transaction.
pub(crate) fn begins(client: Option<u64>) {
    QUEUED.with_borrow_mut(|queued| queued.begins(client.unwrap_or(ANYBODY)));
}

/// A client has its transaction run.
pub(crate) fn runs(client: Option<u64>) {
    let client = client.unwrap_or(ANYBODY);
    QUEUED.with_borrow_mut(|queued| {
        queued.names(client).for_each(follow::deleting);
        queued.ends(client);
    });
}

/// A client gives its transaction up.
pub(crate) fn discards(client: Option<u64>) {
    QUEUED.with_borrow_mut(|queued| queued.ends(client.unwrap_or(ANYBODY)));
}

/// A connection has ended.
pub(crate) fn client_left(client: u64, in_transaction: bool) {
    QUEUED.with_borrow_mut(|queued| {
        queued.ends(client);
        if in_transaction {
            queued.ends(ANYBODY);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{ANYBODY, MOST, Queued};

    #[test]
    fn a_client_queues_what_it_deletes_in_its_own_transaction() {
        let mut queued = Queued::default();
        assert!(!queued.deletes(1, b"a"), "it has begun none");
        queued.begins(1);
        queued.begins(1);
        assert!(queued.deletes(1, b"a") && queued.deletes(1, b"a") && !queued.deletes(2, b"b"));
        assert!(queued.names(1).eq([b"a"]));
        queued.ends(2);
        queued.ends(1);
        assert!(queued.names(1).next().is_none() && queued.open.is_empty() && queued.names == 0 && queued.bytes == 0);
    }

    #[test]
    fn names_of_anybody_are_kept_until_the_last_transaction_is_over() {
        let mut queued = Queued::default();
        queued.begins(ANYBODY);
        queued.begins(ANYBODY);
        assert!(queued.deletes(ANYBODY, b"a"));
        queued.ends(ANYBODY);
        assert_eq!(queued.names(ANYBODY).count(), 1);
        queued.ends(ANYBODY);
        assert!(queued.names(ANYBODY).next().is_none());
        queued.ends(ANYBODY);
    }

    #[test]
    fn names_are_bounded_over_all_clients() {
        let mut queued = Queued::default();
        for client in 1..=3 {
            queued.begins(client);
            (0..MOST).for_each(|i| _ = queued.deletes(client, i.to_string().as_bytes()));
        }
        assert_eq!((queued.names, queued.names(1).count(), queued.names(2).count()), (MOST, MOST, 0));
        queued.ends(1);
        assert!(queued.deletes(2, b"a") && queued.names(2).count() == 1);
        let long = vec![b'x'; super::MOST_BYTES];
        assert!(queued.deletes(3, &long), "it may be queued, and is not remembered");
        assert!(queued.names(3).next().is_none());
    }
}
