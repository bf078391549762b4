//! Leases: single flight. One client computes the value of a key, the other clients wait for it.
//!
//! There is one record per key. A lease is granted with a fencing token and a stamp on the clock of changes. FILL needs
//! the token of the current lease, so a value that was invalidated during its computation is never stored. Waiters are
//! client numbers in the order of arrival. When a lease ends without a value, only the first waiter is granted a lease.
//!
//! The time, tokens and stamps are parameters. The caller calls [`Leases::answer`] for every key that a method returns,
//! and for every key that [`Leases::end_due`] returns, until that returns none.

mod decide;
mod hooks;
mod memory;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod words;

use decide::{Decision, Past, decide};
use hooks::Hooks;
pub use memory::Done;
use memory::{DoneTokens, EndedTokens, Failures};
use state::{Effect, Event, Lease, State};
use table::{Table, Waiting};
pub use words::{Ask, Cause, Failure, Fetched, Grant, Held, Key, LeaseInfo, MAX_LEASES, Revoked, Seen, Waiter};

/// All leases.
#[derive(Debug)]
pub struct Leases {
    table: Table,
    ended: EndedTokens,
    failures: Failures,
    done: DoneTokens,
    serial: u64,
    hooks: Hooks,
    /// Keys of leases that expired after the last [`Leases::take_expired`].
    expired: Vec<Box<[u8]>>,
}

impl Default for Leases {
    fn default() -> Self {
        Self::new()
    }
}

impl Leases {
    /// No leases.
    pub fn new() -> Self {
        let (table, ended, failures) = (Table::default(), EndedTokens::new(), Failures::new());
        let done = DoneTokens::new();
        Self { table, ended, failures, done, serial: 0, hooks: Hooks::default(), expired: Vec::new() }
    }

    /// A FETCH of a key. `token` is random and `stamp` is new; both are used if a lease is granted. A client that gets
    /// [`Fetched::Wait`] must not fetch again before it is answered or removed.
    #[expect(clippy::too_many_arguments, reason = "time, randomness and the stamp are parameters of the engine")]
    pub fn fetch(&mut self, now: u64, db: i32, key: &[u8], seen: Seen, ask: &Ask, token: u64, stamp: u64) -> Fetched {
        if seen == Seen::Fresh {
            return Fetched::Value;
        }
        self.end_if_expired(now, db, key);
        let state = self.table.state(db, key);
        let past = if state == State::Free { self.failures.past(now, db, key) } else { Past::default() };
        match decide(seen, state, ask, past, self.has_room()) {
            Decision::Value => Fetched::Value,
            Decision::Stale => Fetched::Stale,
            Decision::Refresh => {
                self.grant(now, db, key, ask, token, stamp);
                Fetched::Refresh { token, ms: ask.lease_ms, seen }
            }
            Decision::Lease => {
                self.grant(now, db, key, ask, token, stamp);
                Fetched::Lease { token, ms: ask.lease_ms }
            }
            Decision::Negative => Fetched::Negative(self.failures.reason(db, key)),
            // The holder would wait for itself: its FILL follows on the same connection.
            Decision::Wait if self.table.lease(db, key).is_some_and(|lease| lease.holder == ask.client) => {
                Fetched::Busy
            }
            Decision::Wait => {
                self.table.add_waiter(db, key, Waiting { since: now, ask: *ask });
                Fetched::Wait
            }
            Decision::Busy => Fetched::Busy,
        }
    }

    fn has_room(&self) -> bool {
        self.table.leases() < MAX_LEASES
    }

    fn grant(&mut self, now: u64, db: i32, key: &[u8], ask: &Ask, token: u64, stamp: u64) {
        // A new attempt begins: the failure of the last one no longer counts.
        self.failures.forget(db, key);
        self.serial += 1;
        let ends = now.saturating_add(ask.lease_ms);
        let bound = ask.bind.then_some(ask.client);
        let lease =
            Lease { token, granted: stamp, granted_at: now, ends, bound, holder: ask.client, serial: self.serial };
        self.table.apply(db, key, Event::Grant(lease));
    }

    /// Applies an event to the lease of a key. Remembers the token of a lease that the holder lost.
    fn apply(&mut self, db: i32, key: &[u8], event: Event) -> Effect {
        let effect = self.table.apply(db, key, event);
        if let Effect::Lost(lease, cause) = effect {
            self.ended.remember(db, key, lease.token, cause);
            if cause == Cause::Expired {
                self.expired.push(key.into());
            }
        }
        effect
    }

    /// Ends the lease of a key if its time is over, also when no timer has handled that yet.
    fn end_if_expired(&mut self, now: u64, db: i32, key: &[u8]) {
        self.apply(db, key, Event::Time(now));
    }

    /// Checks that a token is that of the current lease. FILL does so before it writes.
    ///
    /// # Errors
    /// The reason why the token is refused.
    pub fn holds(&mut self, now: u64, db: i32, key: &[u8], token: u64) -> Result<Held, Cause> {
        self.end_if_expired(now, db, key);
        let held = self.table.lease(db, key).filter(|lease| lease.token == token);
        let ended = self.ended.cause(db, key, token);
        match (held, ended) {
            (Some(lease), _) if self.hooks.is_fence_off() => {
                Ok(Held { granted: u64::MAX, granted_at: lease.granted_at })
            }
            (Some(lease), _) => Ok(Held { granted: lease.granted, granted_at: lease.granted_at }),
            (None, Some(_)) if self.hooks.is_fence_off() => Ok(Held { granted: u64::MAX, granted_at: now }),
            (None, cause) => Err(cause.unwrap_or(Cause::Unknown)),
        }
    }

    /// The use of a token that has ended. A client may repeat a command whose reply was lost.
    pub fn done(&self, db: i32, key: &[u8], token: u64) -> Option<Done> {
        self.done.of(db, key, token)
    }

    /// The number of leases that a client holds.
    pub fn held_by(&self, client: u64) -> u32 {
        self.table.held_by(client)
    }

    /// FILL has stored the value of the holder of this token: ends the lease. Returns the waiters, which get the value.
    pub fn filled(&mut self, db: i32, key: &[u8], token: u64) -> Vec<Waiter> {
        self.done.remember(db, key, token, Done::Filled);
        self.close(db, key)
    }

    /// Ends a lease that its holder has used. Returns the waiters to answer.
    fn close(&mut self, db: i32, key: &[u8]) -> Vec<Waiter> {
        self.failures.forget(db, key);
        let waiters = self.table.take_waiters(db, key);
        self.apply(db, key, Event::Done);
        waiters.iter().map(waiter).collect()
    }

    /// Renews a lease: it ends `ms` from now.
    ///
    /// # Errors
    /// The reason why the token is refused.
    pub fn renew(&mut self, now: u64, db: i32, key: &[u8], token: u64, ms: u64) -> Result<(), Cause> {
        self.end_if_expired(now, db, key);
        match self.apply(db, key, Event::Renew { token, ends: now.saturating_add(ms) }) {
            Effect::Active => Ok(()),
            _ => Err(self.ended.cause(db, key, token).unwrap_or(Cause::Unknown)),
        }
    }

    /// The computation of the holder failed: ends the lease. Returns the waiters, which get the reason.
    ///
    /// # Errors
    /// The reason why the token is refused.
    pub fn fail(
        &mut self,
        now: u64,
        db: i32,
        key: &[u8],
        token: u64,
        failure: Failure,
        stamp: u64,
    ) -> Result<Vec<Waiter>, Cause> {
        self.end_if_expired(now, db, key);
        if self.table.lease(db, key).is_none_or(|lease| lease.token != token) {
            return Err(self.ended.cause(db, key, token).unwrap_or(Cause::Unknown));
        }
        self.done.remember(db, key, token, Done::Failed);
        let waiters = self.close(db, key);
        if failure.negative_ms > 0 {
            self.failures.negative(db, key, now.saturating_add(failure.negative_ms), stamp, failure.reason);
        }
        if failure.stale && failure.retry_ms > 0 {
            self.failures.retry(db, key, now.saturating_add(failure.retry_ms), stamp);
        }
        Ok(waiters)
    }

    /// Revokes the lease of a key; its waiters wait until they are [answered](Self::answer). Also forgets a failure of
    /// the key. `None` when the key had no lease.
    pub fn revoke(&mut self, now: u64, db: i32, key: &[u8], cause: Cause) -> Option<Revoked> {
        self.failures.forget(db, key);
        self.end_if_expired(now, db, key);
        match self.apply(db, key, Event::Revoke(cause)) {
            Effect::Lost(lease, _) => {
                Some(Revoked { waiters: self.table.waiter_count(db, key), granted: lease.granted })
            }
            Effect::None | Effect::Active | Effect::Finished(_) => None,
        }
    }

    /// A plain write, DEL or rename of the key: revokes its lease.
    pub fn written(&mut self, now: u64, db: i32, key: &[u8]) -> Option<Revoked> {
        self.revoke(now, db, key, Cause::Overwritten)
    }

    /// Answers at most `limit` waiters of a key: first the waiter that is granted a lease, then the others in their
    /// order. When fewer than `limit` are answered, the remaining waiters wait for the holder of the lease.
    pub fn answer(
        &mut self,
        now: u64,
        db: i32,
        key: &[u8],
        seen: Seen,
        Grant { token, stamp }: Grant,
        limit: usize,
    ) -> Vec<(Waiter, Fetched)> {
        self.end_if_expired(now, db, key);
        let is_held = self.table.lease(db, key).is_some();
        let mut grantee = None;
        if !is_held && self.has_room() && seen != Seen::Fresh {
            let strict = self.table.waiters(db, key).find(|(_, waiting)| seen == Seen::Stale && waiting.ask.nostale);
            grantee = strict.or_else(|| self.table.waiters(db, key).next());
        }
        let chosen = grantee.map(|(arrival, _)| arrival);
        let has_holder = is_held || grantee.is_some();
        let reply = |(arrival, waiting): (u64, Waiting)| {
            let ms = waiting.ask.lease_ms;
            let fetched = match (seen, waiting.ask.nostale) {
                (Seen::Absent, _) | (Seen::Stale, true) if chosen == Some(arrival) => Fetched::Lease { token, ms },
                _ if chosen == Some(arrival) => Fetched::Refresh { token, ms, seen },
                (Seen::Fresh | Seen::Ageing, _) => Fetched::Value,
                (Seen::Stale, false) => Fetched::Stale,
                (Seen::Absent, _) | (Seen::Stale, true) if has_holder => return None,
                (Seen::Absent, _) | (Seen::Stale, true) => Fetched::Busy,
            };
            Some((arrival, waiting, fetched))
        };
        // Without a value only the grantee is answered. The others, which can be many, are not visited.
        let answers: Vec<_> = if seen == Seen::Absent && has_holder {
            grantee.into_iter().filter_map(reply).collect()
        } else {
            let others = self.table.waiters(db, key).filter(|(arrival, _)| chosen != Some(*arrival));
            grantee.into_iter().chain(others).filter_map(reply).take(limit.max(1)).collect()
        };
        for (arrival, ..) in &answers {
            self.table.take_waiter(db, key, *arrival);
        }
        match grantee {
            Some((_, waiting)) => self.grant(now, db, key, &waiting.ask, token, stamp),
            None => _ = self.apply(db, key, Event::Left),
        }
        answers.into_iter().map(|(_, waiting, fetched)| (waiter(&waiting), fetched)).collect()
    }

    /// Ends up to `limit` leases whose time is over. Returns up to `limit` keys without a holder whose waiters must be
    /// answered: keys of these leases, and keys that were not answered after an earlier call.
    pub fn end_due(&mut self, now: u64, limit: usize) -> Vec<Key> {
        for _ in 0..limit {
            let Some((db, key)) = self.table.ended(now) else { break };
            self.end_if_expired(now, db, &key);
        }
        self.table.unassigned(limit)
    }

    /// The keys of the leases that expired or whose client disconnected, after the last call. Each end is listed once.
    pub fn take_expired(&mut self) -> Vec<Box<[u8]>> {
        std::mem::take(&mut self.expired)
    }

    /// The time at which [`end_due`](Self::end_due) must be called; 0 while there are waiters to answer.
    pub fn next_end(&self) -> Option<u64> {
        self.table.next_end()
    }

    /// A client disconnected: it no longer waits, and the leases bound to it end. Returns the keys whose waiters must
    /// be answered.
    pub fn disconnected(&mut self, now: u64, client: u64) -> Vec<Key> {
        self.table.remove_waiter(client);
        let mut keys = self.table.bound_to(client);
        keys.retain(|(db, key)| {
            self.end_if_expired(now, *db, key);
            self.apply(*db, key, Event::Revoke(Cause::Expired));
            self.table.state(*db, key) == State::Unassigned
        });
        keys
    }

    /// A client no longer waits, because of a timeout or an unblock. Returns the key for which it waited.
    pub fn waiter_left(&mut self, client: u64) -> Option<Key> {
        self.table.remove_waiter(client)
    }

    /// Forgets the failures of a database with an earlier stamp.
    pub fn forget_failures_before(&mut self, db: i32, stamp: u64) {
        self.failures.forget_before(db, stamp);
    }

    /// Visits up to `limit` records of keys with a prefix, after the key `after`, and calls `visit` with the key and
    /// the stamp of each lease. Returns the key to continue after; `None` at the end.
    pub fn walk(
        &self,
        db: i32,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        visit: impl FnMut(&[u8], u64),
    ) -> Option<Box<[u8]>> {
        self.table.walk(db, prefix, after, limit, visit)
    }

    /// A database was flushed (`None`: all of them): its leases are revoked. Returns the keys whose waiters must be
    /// answered.
    pub fn flushed(&mut self, now: u64, db: Option<i32>) -> Vec<Key> {
        self.failures.flushed(db);
        let mut keys = self.table.keys(db);
        keys.retain(|(db, key)| {
            self.end_if_expired(now, *db, key);
            self.apply(*db, key, Event::Revoke(Cause::Invalidated));
            self.table.state(*db, key) == State::Unassigned
        });
        keys
    }

    /// Two databases were swapped: the leases of both are revoked. A waiter stays in the database of its request.
    /// Returns the keys whose waiters must be answered.
    pub fn swapped(&mut self, now: u64, a: i32, b: i32) -> Vec<Key> {
        let mut keys = self.flushed(now, Some(a));
        if a != b {
            keys.extend(self.flushed(now, Some(b)));
        }
        keys
    }

    /// Forgets everything, waiters included. All tokens are unknown from now on.
    pub fn abandon(&mut self) {
        *self = Self { serial: self.serial, hooks: self.hooks, ..Self::new() };
    }

    /// The public data of the lease of a key, if there is one.
    pub fn info(&self, now: u64, db: i32, key: &[u8]) -> Option<LeaseInfo> {
        let lease = self.table.lease(db, key).filter(|lease| lease.ends > now)?;
        let waiters = self.table.waiter_count(db, key);
        Some(LeaseInfo { ms_left: lease.ends - now, waiters, granted: lease.granted })
    }

    /// The databases in which a key of this name has a lease.
    pub fn databases(&self, key: &[u8]) -> Vec<i32> {
        self.table.databases(key)
    }

    /// The number of leases.
    pub fn len(&self) -> usize {
        self.table.leases()
    }

    /// The number of clients that wait.
    pub fn waiting(&self) -> usize {
        self.table.waiting()
    }

    /// Whether there are no leases, no waiters and no failures, so that no write of a key matters here.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty() && self.failures.is_empty()
    }

    /// The stamp of the oldest lease.
    pub fn oldest_granted(&self) -> Option<u64> {
        self.table.oldest().map(|(granted, _)| granted)
    }

    /// The time at which the oldest lease was granted.
    pub fn oldest_granted_at(&self) -> Option<u64> {
        self.table.oldest().map(|(_, at)| at)
    }
}

fn waiter(waiting: &Waiting) -> Waiter {
    Waiter { client: waiting.ask.client, since: waiting.since }
}
