//! Deletions of keys that may not be there, and those that transactions have queued: a filter of commands sees a command
//! when it comes, not when EXEC runs it, and sees it before anything is checked.
//!
//! Redis 7.0 does not say which client a command is of. There all transactions are counted together, and one that lasts
//! longer than [`FORGOTTEN_MS`] is forgotten, so that a count that went wrong (MULTI inside of MULTI, RESET) heals.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};

use super::follow;
use crate::clock::now_ms;
use crate::ffi::{client, user};
use crate::spec::KeyFlags;

/// How many names are remembered of all open transactions together, and how many bytes they have. Deletions beyond that
/// revoke leases when they are queued, and none when EXEC runs them.
const MOST: usize = 1024;
const MOST_BYTES: usize = 1 << 20;
/// How many transactions are remembered.
const MOST_OPEN: usize = 10_000;

/// How long a transaction is remembered on a server that does not say whose it is.
const FORGOTTEN_MS: u64 = 10_000;

/// All clients together, on such a server.
const ANYBODY: u64 = 0;

thread_local! {
    static QUEUED: RefCell<Queued> = RefCell::default();
}

/// Transactions that have begun, and what they will delete.
#[derive(Default)]
struct Queued {
    open: HashMap<u64, Open>,
    transactions: usize,
    names: usize,
    bytes: usize,
}

/// Those of one client: one at most, unless it is [`ANYBODY`].
#[derive(Default)]
struct Open {
    /// When they began, in Unix milliseconds.
    begun: VecDeque<u64>,
    names: HashSet<Box<[u8]>>,
}

impl Queued {
    fn begins(&mut self, client: u64, now: u64) {
        if client == ANYBODY {
            self.forget_old(now);
        } else if self.open.contains_key(&client) {
            return;
        }
        if self.transactions < MOST_OPEN {
            self.transactions += 1;
            self.open.entry(client).or_default().begun.push_back(now);
        }
    }

    fn may_have_begun(&self, client: u64) -> bool {
        self.open.contains_key(&client)
    }

    /// A deletion that is queued, or may be; whether it is remembered.
    fn deletes(&mut self, client: u64, name: &[u8]) -> bool {
        let Some(open) = self.open.get_mut(&client) else { return false };
        if open.names.contains(name) {
            return true;
        }
        let has_room = self.names < MOST && self.bytes + name.len() <= MOST_BYTES;
        if has_room {
            self.names += 1;
            self.bytes += name.len();
            open.names.insert(name.into());
        }
        has_room
    }

    /// A transaction is over: the oldest one, where they cannot be told apart. The names go with the last.
    fn ends(&mut self, client: u64) {
        let Some(open) = self.open.get_mut(&client) else { return };
        self.transactions -= usize::from(open.begun.pop_front().is_some());
        if open.begun.is_empty() {
            self.names -= open.names.len();
            self.bytes -= open.names.iter().map(|name| name.len()).sum::<usize>();
            self.open.remove(&client);
        }
    }

    fn forget_old(&mut self, now: u64) {
        let is_old = |open: &Open| open.begun.front().is_some_and(|&begun| begun + FORGOTTEN_MS < now);
        while self.open.get(&ANYBODY).is_some_and(is_old) {
            self.ends(ANYBODY);
        }
    }

    fn names(&self, client: u64) -> impl Iterator<Item = &[u8]> {
        self.open.get(&client).into_iter().flat_map(|open| open.names.iter().map(AsRef::as_ref))
    }
}

/// A plain command deletes a key, now or when its transaction is run.
pub(crate) fn deletes(client: Option<u64>, name: &[u8]) {
    let waits_for_exec = QUEUED.with_borrow_mut(|queued| {
        let id = client.unwrap_or(ANYBODY);
        if !queued.may_have_begun(id) {
            return false;
        }
        // MULTI may have been refused, or RESET have ended it.
        if client.is_some() && !client::is_in_transaction(id) {
            queued.ends(id);
            return false;
        }
        queued.deletes(id, name) && client.is_some()
    });
    if !waits_for_exec {
        revoke(client, name);
    }
}

/// A client that may not delete a key revokes no lease of it: the server will refuse its command.
fn revoke(client: Option<u64>, name: &[u8]) {
    if follow::is_leased(name) && client.is_none_or(|id| user::client_may_access(id, name, KeyFlags::DELETE)) {
        follow::deleting(name);
    }
}

/// A client begins a transaction, if the server lets it.
pub(crate) fn begins(client: Option<u64>) {
    QUEUED.with_borrow_mut(|queued| {
        let id = client.unwrap_or(ANYBODY);
        // What it has queued before is over, unless this is MULTI inside of MULTI, which changes nothing.
        if client.is_some() && queued.may_have_begun(id) && !client::is_in_transaction(id) {
            queued.ends(id);
        }
        queued.begins(id, now_ms());
    });
}

/// A client has its transaction run.
pub(crate) fn runs(client: Option<u64>) {
    let id = client.unwrap_or(ANYBODY);
    QUEUED.with_borrow_mut(|queued| {
        if !queued.may_have_begun(id) {
            return;
        }
        queued.forget_old(now_ms());
        queued.names(id).for_each(|name| revoke(client, name));
        queued.ends(id);
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
    use super::{ANYBODY, FORGOTTEN_MS, MOST, MOST_OPEN, Queued};

    fn names(queued: &Queued, client: u64) -> Vec<&[u8]> {
        let mut names: Vec<&[u8]> = queued.names(client).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_client_queues_what_it_deletes_in_its_own_transaction() {
        let mut queued = Queued::default();
        assert!(!queued.deletes(1, b"a"));
        assert!(!queued.may_have_begun(1) && names(&queued, 1).is_empty(), "it has begun none");
        queued.begins(1, 0);
        queued.begins(1, 0);
        assert!(["a", "b", "a"].iter().all(|name| queued.deletes(1, name.as_bytes())));
        assert!(!queued.deletes(2, b"c"));
        assert_eq!(names(&queued, 1), [b"a", b"b"]);
        queued.ends(2);
        queued.ends(1);
        assert!(queued.open.is_empty());
        assert_eq!((queued.names, queued.bytes, queued.transactions), (0, 0, 0));
    }

    #[test]
    fn names_of_anybody_are_kept_until_the_last_transaction_is_over() {
        let mut queued = Queued::default();
        queued.begins(ANYBODY, 0);
        queued.begins(ANYBODY, 0);
        assert!(queued.deletes(ANYBODY, b"a"));
        queued.ends(ANYBODY);
        assert_eq!(names(&queued, ANYBODY), [b"a"]);
        queued.ends(ANYBODY);
        assert!(!queued.may_have_begun(ANYBODY));
        queued.ends(ANYBODY);
    }

    #[test]
    fn transactions_of_anybody_that_never_end_are_forgotten() {
        let mut queued = Queued::default();
        queued.begins(ANYBODY, 0);
        queued.begins(ANYBODY, 5);
        assert!(queued.deletes(ANYBODY, b"a"));
        queued.forget_old(FORGOTTEN_MS + 4);
        assert_eq!(names(&queued, ANYBODY), [b"a"]);
        queued.forget_old(FORGOTTEN_MS + 6);
        assert!(!queued.may_have_begun(ANYBODY));
        queued.begins(7, 0);
        queued.forget_old(u64::MAX);
        assert!(queued.may_have_begun(7), "whose end is known is never forgotten");
    }

    #[test]
    fn names_and_transactions_are_bounded_over_all_clients() {
        let mut queued = Queued::default();
        for client in 1..=3 {
            queued.begins(client, 0);
            let remembered = (0..MOST).filter(|i| queued.deletes(client, i.to_string().as_bytes())).count();
            assert_eq!(remembered, if client == 1 { MOST } else { 0 });
        }
        assert_eq!((queued.names, queued.names(1).count(), queued.names(2).count()), (MOST, MOST, 0));
        queued.ends(1);
        assert!(queued.deletes(2, b"a") && !queued.deletes(3, &vec![b'x'; super::MOST_BYTES]));
        assert_eq!((names(&queued, 2), names(&queued, 3)), (vec![b"a".as_slice()], vec![]));
        (0..2 * MOST_OPEN as u64).for_each(|i| queued.begins(100 + i, 0));
        assert_eq!((queued.open.len(), queued.transactions), (MOST_OPEN, MOST_OPEN));
    }
}
