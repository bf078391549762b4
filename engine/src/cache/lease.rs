//! Leases: who computes the value of a key, and who waits for it.
//!
//! One record per key. A lease is granted with a token and with a stamp on the clock of changes; only the token of the
//! live lease fills, so nothing that was invalidated while it was computed is ever stored. Waiters are client numbers in
//! order of arrival; when a lease ends without a value, the first of them is granted, never all at once.
//!
//! Pure: the time, tokens and stamps are parameters. Whoever owns this calls [`Leases::answer`] for every key that a
//! function returns, and for every key that [`Leases::end_due`] names, until that names none.

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
pub use words::{Ask, Cause, Failure, Fetched, Grant, Held, Key, LeaseInfo, MOST_LEASES, Revoked, Seen, Waiter};

/// All leases.
#[derive(Debug)]
pub struct Leases {
    table: Table,
    ended: EndedTokens,
    failures: Failures,
    done: DoneTokens,
    serial: u64,
    hooks: Hooks,
    /// Keys of leases that have ended since somebody asked.
    expired: Vec<Box<[u8]>>,
}

impl Default for Leases {
    fn default() -> Self {
        Self::new()
    }
}

impl Leases {
    /// None.
    pub fn new() -> Self {
        let (table, ended, failures) = (Table::default(), EndedTokens::new(), Failures::new());
        let done = DoneTokens::new();
        Self { table, ended, failures, done, serial: 0, hooks: Hooks::default(), expired: Vec::new() }
    }

    /// A client asks for a key. `token` is random and `stamp` new; both are used if a lease is granted. A client that
    /// is told to wait is not to ask again before it is answered or has left.
    #[expect(clippy::too_many_arguments, reason = "time, randomness and the stamp are parameters of a pure engine")]
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
            // It would wait for itself: its FILL comes after this on the same connection.
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
        self.table.leases() < MOST_LEASES
    }

    fn grant(&mut self, now: u64, db: i32, key: &[u8], ask: &Ask, token: u64, stamp: u64) {
        // Somebody tries anew: what the last attempt came to is of no use any more.
        self.failures.forget(db, key);
        self.serial += 1;
        let ends = now.saturating_add(ask.lease_ms);
        let bound = ask.bind.then_some(ask.client);
        let lease =
            Lease { token, granted: stamp, granted_at: now, ends, bound, holder: ask.client, serial: self.serial };
        self.table.apply(db, key, Event::Grant(lease));
    }

    /// Something happens to the lease of a key; a token that dies of it is remembered.
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

    /// A lease that has ended is dead, whether or not its end has been attended to.
    fn end_if_expired(&mut self, now: u64, db: i32, key: &[u8]) {
        self.apply(db, key, Event::Time(now));
    }

    /// Whether a token is that of the live lease: what FILL asks before it writes.
    ///
    /// # Errors
    /// Why it is not.
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

    /// What a token has done that is dead now: its command may have been sent again, since its reply was lost.
    pub fn done(&self, db: i32, key: &[u8], token: u64) -> Option<Done> {
        self.done.of(db, key, token)
    }

    /// How many leases a client holds.
    pub fn held_by(&self, client: u64) -> u32 {
        self.table.held_by(client)
    }

    /// FILL has written what the holder of this token computed: the lease is over and these get the value.
    pub fn filled(&mut self, db: i32, key: &[u8], token: u64) -> Vec<Waiter> {
        self.done.remember(db, key, token, Done::Filled);
        self.close(db, key)
    }

    /// The lease is over and these are told.
    fn close(&mut self, db: i32, key: &[u8]) -> Vec<Waiter> {
        self.failures.forget(db, key);
        let waiters = self.table.take_waiters(db, key);
        self.apply(db, key, Event::Done);
        waiters.iter().map(waiter).collect()
    }

    /// The lease is to end `ms` from now.
    ///
    /// # Errors
    /// Why the token is dead.
    pub fn renew(&mut self, now: u64, db: i32, key: &[u8], token: u64, ms: u64) -> Result<(), Cause> {
        self.end_if_expired(now, db, key);
        match self.apply(db, key, Event::Renew { token, ends: now.saturating_add(ms) }) {
            Effect::Active => Ok(()),
            _ => Err(self.ended.cause(db, key, token).unwrap_or(Cause::Unknown)),
        }
    }

    /// The holder gives up; these are told the reason.
    ///
    /// # Errors
    /// Why the token is dead.
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

    /// Takes a lease away; those who wait do so until they are [answered](Self::answer). Also forgets a failure of the
    /// key. `None` when no lease was live.
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

    /// A plain write, DEL or rename of the key.
    pub fn written(&mut self, now: u64, db: i32, key: &[u8]) -> Option<Revoked> {
        self.revoke(now, db, key, Cause::Overwritten)
    }

    /// Those who wait for a key ask again: the one who is granted first, the others in their order, at most `limit`. When
    /// this says of fewer, whom it says nothing of stays, and then somebody holds the lease.
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
        // Without a value only the one who is granted is answered: the others, who may be many, need no look.
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

    /// Attends to up to `limit` leases that have ended, and names up to `limit` keys without a holder whose waiters are
    /// to be answered: those of these leases, and any that were not answered since an earlier call.
    pub fn end_due(&mut self, now: u64, limit: usize) -> Vec<Key> {
        for _ in 0..limit {
            let Some((db, key)) = self.table.ended(now) else { break };
            self.end_if_expired(now, db, &key);
        }
        self.table.unassigned(limit)
    }

    /// The keys of the leases that have ended, by time or with their client, since this was asked; each end once.
    pub fn take_expired(&mut self) -> Vec<Box<[u8]>> {
        std::mem::take(&mut self.expired)
    }

    /// When [`end_due`](Self::end_due) has something to do; 0 while somebody is to be answered.
    pub fn next_end(&self) -> Option<u64> {
        self.table.next_end()
    }

    /// A client is gone: it waits no more, and leases bound to it end. Keys whose waiters are to be answered.
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

    /// A client waits no more: its time is up, or it was unblocked. Where it waited.
    pub fn waiter_left(&mut self, client: u64) -> Option<Key> {
        self.table.remove_waiter(client)
    }

    /// Failures of a database before a stamp are forgotten.
    pub fn forget_failures_before(&mut self, db: i32, stamp: u64) {
        self.failures.forget_before(db, stamp);
    }

    /// Visits up to `limit` records of keys that begin so, after `after`, and shows those that are leases; where to go
    /// on, `None` at the end.
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

    /// A database was emptied, `None` is all of them: its leases are revoked. Keys whose waiters are to be answered.
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

    /// Two databases changed places: the leases of both are revoked; who waits does so in the database it asked.
    pub fn swapped(&mut self, now: u64, a: i32, b: i32) -> Vec<Key> {
        let mut keys = self.flushed(now, Some(a));
        if a != b {
            keys.extend(self.flushed(now, Some(b)));
        }
        keys
    }

    /// Everything is forgotten, those who wait as well: tokens are unknown from now on.
    pub fn abandon(&mut self) {
        *self = Self { serial: self.serial, hooks: self.hooks, ..Self::new() };
    }

    /// What can be told of a key's lease, if one lives.
    pub fn info(&self, now: u64, db: i32, key: &[u8]) -> Option<LeaseInfo> {
        let lease = self.table.lease(db, key).filter(|lease| lease.ends > now)?;
        let waiters = self.table.waiter_count(db, key);
        Some(LeaseInfo { ms_left: lease.ends - now, waiters, granted: lease.granted })
    }

    /// The databases in which a key of this name is leased.
    pub fn databases(&self, key: &[u8]) -> Vec<i32> {
        self.table.databases(key)
    }

    /// How many leases there are.
    pub fn len(&self) -> usize {
        self.table.leases()
    }

    /// How many clients wait.
    pub fn waiting(&self) -> usize {
        self.table.waiting()
    }

    /// Whether a write of a key can mean nothing here: no lease, nobody who waits, no failure.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty() && self.failures.is_empty()
    }

    /// The stamp of the oldest lease.
    pub fn oldest_granted(&self) -> Option<u64> {
        self.table.oldest().map(|(granted, _)| granted)
    }

    /// The time of the oldest lease's grant.
    pub fn oldest_granted_at(&self) -> Option<u64> {
        self.table.oldest().map(|(_, at)| at)
    }
}

fn waiter(waiting: &Waiting) -> Waiter {
    Waiter { client: waiting.ask.client, since: waiting.since }
}
