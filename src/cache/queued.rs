//! Deletions by plain commands, of keys that may not exist, also inside of transactions. The command filter of the
//! server sees a command when it arrives, not when EXEC runs it, and before the server checks it. So the deletions of
//! open transactions are remembered here until EXEC.
//!
//! Redis 7.0 does not tell a filter which client sent a command. There all transactions are counted together, and one
//! that lasts longer than [`FORGOTTEN_MS`] is forgotten, so that a wrong count (MULTI inside of MULTI, RESET) corrects
//! itself.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};

use super::follow;
use crate::clock::now_ms;
use crate::ffi::{client, user};
use crate::spec::KeyFlags;

/// The most names, and their most bytes, that are remembered for all open transactions together. Further deletions
/// revoke leases when they are queued, and not when EXEC runs them.
const MOST: usize = 1024;
const MOST_BYTES: usize = 1 << 20;
/// The most transactions that are remembered.
const MOST_OPEN: usize = 10_000;

/// How long a transaction is remembered on a server that does not name the client.
const FORGOTTEN_MS: u64 = 10_000;

/// Stands for all clients together on such a server.
const ANY_CLIENT: u64 = 0;

thread_local! {
    static QUEUED: RefCell<Queued> = RefCell::default();
}

/// Open transactions, and the keys that they delete.
#[derive(Default)]
struct Queued {
    open: HashMap<u64, Open>,
    transactions: usize,
    names: usize,
    bytes: usize,
}

/// The open transactions of one client: at most one, except for [`ANY_CLIENT`].
#[derive(Default)]
struct Open {
    /// When each of them began, in Unix milliseconds.
    begun: VecDeque<u64>,
    names: HashSet<Box<[u8]>>,
}

impl Queued {
    fn begins(&mut self, client: u64, now: u64) {
        if client == ANY_CLIENT {
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

    /// Records a deletion of an open transaction; returns whether it is remembered.
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

    /// A transaction has ended: the oldest one, where clients are not distinguished. The names are dropped with the
    /// last.
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
        while self.open.get(&ANY_CLIENT).is_some_and(is_old) {
            self.ends(ANY_CLIENT);
        }
    }

    fn names(&self, client: u64) -> impl Iterator<Item = &[u8]> {
        self.open.get(&client).into_iter().flat_map(|open| open.names.iter().map(AsRef::as_ref))
    }
}

/// A plain command deletes a key, now or when EXEC runs its transaction.
pub(crate) fn deletes(client: Option<u64>, name: &[u8]) {
    let waits_for_exec = QUEUED.with_borrow_mut(|queued| {
        let id = client.unwrap_or(ANY_CLIENT);
        if !queued.may_have_begun(id) {
            return false;
        }
        // The server may have refused MULTI, or RESET may have ended the transaction.
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

/// Revokes the leases of a key, unless the client lacks the permission to delete it: then the server refuses the
/// command.
fn revoke(client: Option<u64>, name: &[u8]) {
    if follow::is_leased(name) && client.is_none_or(|id| user::client_may_access(id, name, KeyFlags::DELETE)) {
        follow::deleting(name);
    }
}

/// A client sent MULTI, which the server may still refuse.
pub(crate) fn begins(client: Option<u64>) {
    QUEUED.with_borrow_mut(|queued| {
        let id = client.unwrap_or(ANY_CLIENT);
        // An older transaction of the client has ended, unless this is MULTI inside of MULTI, which changes nothing.
        if client.is_some() && queued.may_have_begun(id) && !client::is_in_transaction(id) {
            queued.ends(id);
        }
        queued.begins(id, now_ms());
    });
}

/// A client sent EXEC.
pub(crate) fn runs(client: Option<u64>) {
    let id = client.unwrap_or(ANY_CLIENT);
    QUEUED.with_borrow_mut(|queued| {
        if !queued.may_have_begun(id) {
            return;
        }
        queued.forget_old(now_ms());
        queued.names(id).for_each(|name| revoke(client, name));
        queued.ends(id);
    });
}

/// A client sent DISCARD.
pub(crate) fn discards(client: Option<u64>) {
    QUEUED.with_borrow_mut(|queued| queued.ends(client.unwrap_or(ANY_CLIENT)));
}

/// A client disconnected.
pub(crate) fn client_left(client: u64, in_transaction: bool) {
    QUEUED.with_borrow_mut(|queued| {
        queued.ends(client);
        if in_transaction {
            queued.ends(ANY_CLIENT);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{ANY_CLIENT, FORGOTTEN_MS, MOST, MOST_OPEN, Queued};

    fn names(queued: &Queued, client: u64) -> Vec<&[u8]> {
        let mut names: Vec<&[u8]> = queued.names(client).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn deletions_are_recorded_for_the_transaction_of_their_client() {
        let mut queued = Queued::default();
        assert!(!queued.deletes(1, b"a"));
        assert!(!queued.may_have_begun(1) && names(&queued, 1).is_empty(), "the client has no open transaction");
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
    fn unattributed_names_are_kept_until_the_last_transaction_ends() {
        let mut queued = Queued::default();
        queued.begins(ANY_CLIENT, 0);
        queued.begins(ANY_CLIENT, 0);
        assert!(queued.deletes(ANY_CLIENT, b"a"));
        queued.ends(ANY_CLIENT);
        assert_eq!(names(&queued, ANY_CLIENT), [b"a"]);
        queued.ends(ANY_CLIENT);
        assert!(!queued.may_have_begun(ANY_CLIENT));
        queued.ends(ANY_CLIENT);
    }

    #[test]
    fn unattributed_transactions_that_never_end_are_forgotten() {
        let mut queued = Queued::default();
        queued.begins(ANY_CLIENT, 0);
        queued.begins(ANY_CLIENT, 5);
        assert!(queued.deletes(ANY_CLIENT, b"a"));
        queued.forget_old(FORGOTTEN_MS + 4);
        assert_eq!(names(&queued, ANY_CLIENT), [b"a"]);
        queued.forget_old(FORGOTTEN_MS + 6);
        assert!(!queued.may_have_begun(ANY_CLIENT));
        queued.begins(7, 0);
        queued.forget_old(u64::MAX);
        assert!(queued.may_have_begun(7), "a transaction of a known client is never forgotten");
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
