//! Leases by user. `assess.max-leases-per-client` bounds one connection, since a lease belongs to the connection that
//! it was granted to (`BIND`, and the count in the engine). A user with many connections could still take every lease,
//! and all other users would get `busy`. So when half of all leases are held, a user who holds half of all gets no more.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use assess_engine::cache::lease::{Leases, MAX_LEASES};

use super::with;
use crate::ffi::account::{self, Account};

/// The most leases of one user.
pub(crate) const MOST: usize = MAX_LEASES / 2;
/// For so long the sums by user are used: to add them up takes time in proportion to the connections that hold leases.
const FRESH_MS: u64 = 100;
/// So many connections more than leases are remembered before those without leases are forgotten.
const SLACK: usize = 1024;

#[derive(Default)]
struct Holders {
    /// By connection that was granted a lease: the account of its user, which is kept as long, so that it stays the same.
    users: HashMap<u64, Arc<Account>>,
    /// When the leases by account were added up, in Unix milliseconds.
    added_up_at: u64,
    sums: HashMap<u64, usize>,
}

thread_local! {
    static HOLDERS: RefCell<Holders> = RefCell::default();
}

/// A lease was granted to a connection.
pub(super) fn granted(client: u64) {
    // Those granted since the sums were added up count too.
    let is_known = HOLDERS.with_borrow_mut(|holders| {
        let user = holders.users.get(&client).map(|user| user.id());
        user.map(|user| *holders.sums.entry(user).or_default() += 1).is_some()
    });
    if is_known {
        return;
    }
    let user = account::of_client(client);
    let many = with(|cache| cache.leases.len()) + SLACK;
    HOLDERS.with_borrow_mut(|holders| {
        *holders.sums.entry(user.id()).or_default() += 1;
        holders.users.insert(client, user);
        if holders.users.len() > many {
            with(|cache| holders.users.retain(|client, _| cache.leases.held_by(*client) > 0));
        }
    });
}

/// Whether the user of a command may be granted one more lease.
pub(super) fn has_room(client: u64, now: u64) -> bool {
    if with(|cache| cache.leases.len()) < MOST {
        return true;
    }
    let user = account::of_client(client).id();
    HOLDERS.with_borrow_mut(|holders| {
        if now.saturating_sub(holders.added_up_at) >= FRESH_MS {
            with(|cache| holders.add_up(&cache.leases));
            holders.added_up_at = now;
        }
        holders.sums.get(&user).copied().unwrap_or(0) < MOST
    })
}

impl Holders {
    fn add_up(&mut self, leases: &Leases) {
        self.sums.clear();
        for (client, user) in &self.users {
            *self.sums.entry(user.id()).or_default() += leases.held_by(*client) as usize;
        }
    }
}
