//! The leases compared with a naive implementation.

use proptest::prelude::*;

use super::*;

/// A naive implementation: flat lists.
#[derive(Debug, Default)]
struct Naive {
    /// Key, token, end, client if bound.
    live: Vec<(usize, u64, u64, Option<u64>)>,
    /// Tokens of leases that have ended.
    ended: Vec<u64>,
    /// Key, client and request, in order of arrival.
    waiting: Vec<(usize, u64, Ask)>,
    /// Tokens and the clients that were granted them.
    grantees: Vec<(u64, u64)>,
}

#[derive(Debug, Clone)]
enum Op {
    Fetch { key: usize, client: u64, seen: u8, bind: bool, nostale: bool, lease_ms: u64 },
    Fill { key: usize, nth: usize },
    Renew { key: usize, nth: usize },
    Fail { key: usize, nth: usize },
    Revoke { key: usize },
    Answer { key: usize, seen: u8 },
    Disconnect { client: u64 },
    Flush { db: Option<i32> },
    Swap,
    Later { ms: u64 },
    Attend,
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0..4usize;
    prop_oneof![
        8 => (key(), 0..6u64, 0..4u8, any::<bool>(), any::<bool>(), 1..60u64)
            .prop_map(|(key, client, seen, bind, nostale, lease_ms)| Op::Fetch { key, client, seen, bind, nostale, lease_ms }),
        4 => (key(), any::<usize>()).prop_map(|(key, nth)| Op::Fill { key, nth }),
        2 => (key(), any::<usize>()).prop_map(|(key, nth)| Op::Renew { key, nth }),
        2 => (key(), any::<usize>()).prop_map(|(key, nth)| Op::Fail { key, nth }),
        2 => key().prop_map(|key| Op::Revoke { key }),
        4 => (key(), 0..4u8).prop_map(|(key, seen)| Op::Answer { key, seen }),
        1 => (0..6u64).prop_map(|client| Op::Disconnect { client }),
        1 => proptest::option::of(0..2i32).prop_map(|db| Op::Flush { db }),
        1 => Just(Op::Swap),
        3 => (1..50u64).prop_map(|ms| Op::Later { ms }),
        2 => Just(Op::Attend),
    ]
}

/// Two keys in each of two databases.
fn place(key: usize) -> (i32, &'static [u8]) {
    ((key / 2) as i32, [&b"a"[..], b"b"][key % 2])
}

fn seen(number: u8) -> Seen {
    [Seen::Absent, Seen::Fresh, Seen::Ageing, Seen::Stale][usize::from(number)]
}

impl Naive {
    fn time(&mut self, now: u64) {
        let ended = &mut self.ended;
        self.live.retain(|&(_, token, end, _)| {
            end > now || {
                ended.push(token);
                false
            }
        });
    }
    fn end(&mut self, which: impl Fn(usize, Option<u64>) -> bool) {
        let ended = &mut self.ended;
        self.live.retain(|&(key, token, _, bound)| {
            !which(key, bound) || {
                ended.push(token);
                false
            }
        });
    }
    fn holder(&self, key: usize) -> Option<u64> {
        self.live.iter().find(|lease| lease.0 == key).map(|lease| lease.1)
    }
    fn granted(&mut self, key: usize, token: u64, now: u64, ask: &Ask) {
        self.grantees.push((token, ask.client));
        self.live.push((key, token, now + ask.lease_ms, ask.bind.then_some(ask.client)));
    }
    /// A token for an operation: often the current one, or one of a lease that has ended, of another key, or unknown.
    fn token(&self, key: usize, nth: usize) -> u64 {
        let known: Vec<u64> = self
            .holder(key)
            .into_iter()
            .chain(self.live.iter().map(|lease| lease.1))
            .chain(self.ended.clone())
            .collect();
        known.get(nth % (known.len() + 1)).copied().unwrap_or(999_999)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn leases_agree_with_a_naive_implementation(ops in proptest::collection::vec(op(), 1..120)) {
        let (mut leases, mut naive) = (Leases::new(), Naive::default());
        let (mut now, mut stamp) = (1000, 0);
        for op in ops {
            stamp += 1;
            naive.time(now);
            match op {
                // A client waits for one key at a time.
                Op::Fetch { client, .. } if naive.waiting.iter().any(|waiting| waiting.1 == client) => {}
                Op::Fetch { key, client, seen: found, bind, nostale, lease_ms } => {
                    let (db, name) = place(key);
                    let ask = Ask { client, lease_ms, nostale, bind, may_grant: true, may_wait: true };
                    let is_busy = naive.holder(key).is_some() || naive.waiting.iter().any(|waiting| waiting.0 == key);
                    let is_own = naive.holder(key).is_some_and(|token| naive.grantees.contains(&(token, client)));
                    let fetched = leases.fetch(now, db, name, seen(found), &ask, stamp, stamp);
                    match &fetched {
                        Fetched::Lease { token, .. } | Fetched::Refresh { token, .. } => {
                            prop_assert!(!is_busy && found != 1);
                            naive.granted(key, *token, now, &ask);
                        }
                        Fetched::Wait => {
                            prop_assert!(is_busy && !is_own && (found == 0 || (found == 3 && nostale)));
                            naive.waiting.push((key, client, ask));
                        }
                        // Ageing: another client computes the value, or its computation failed.
                        Fetched::Value => prop_assert!(found == 1 || found == 2),
                        Fetched::Stale => prop_assert!(found == 3 && !nostale),
                        // An earlier operation failed.
                        Fetched::Negative(_) => prop_assert!(!is_busy && (found == 0 || (found == 3 && nostale))),
                        // There is room for leases, and every client may wait, except for its own lease.
                        Fetched::Busy => prop_assert!(is_own && (found == 0 || (found == 3 && nostale))),
                    }
                }
                Op::Fill { key, nth } => {
                    let ((db, name), token) = (place(key), naive.token(key, nth));
                    let held = leases.holds(now, db, name, token);
                    prop_assert_eq!(held.is_ok(), naive.holder(key) == Some(token));
                    if held.is_ok() {
                        let served: Vec<u64> = leases.close(db, name).iter().map(|waiter| waiter.client).collect();
                        let expected: Vec<u64> =
                            naive.waiting.iter().filter(|waiting| waiting.0 == key).map(|waiting| waiting.1).collect();
                        prop_assert_eq!(served, expected);
                        naive.waiting.retain(|waiting| waiting.0 != key);
                        naive.end(|of, _| of == key);
                    }
                }
                Op::Renew { key, nth } => {
                    let ((db, name), token) = (place(key), naive.token(key, nth));
                    let renewed = leases.renew(now, db, name, token, 40);
                    prop_assert_eq!(renewed.is_ok(), naive.holder(key) == Some(token));
                    if renewed.is_ok() {
                        naive.live.iter_mut().filter(|lease| lease.0 == key).for_each(|lease| lease.2 = now + 40);
                    }
                }
                Op::Fail { key, nth } => {
                    let ((db, name), token) = (place(key), naive.token(key, nth));
                    let failure = Failure { reason: Box::default(), negative_ms: 5, retry_ms: 5, stale: true };
                    let failed = leases.fail(now, db, name, token, failure, stamp);
                    prop_assert_eq!(failed.is_ok(), naive.holder(key) == Some(token));
                    if let Ok(waiters) = failed {
                        prop_assert_eq!(waiters.len(), naive.waiting.iter().filter(|waiting| waiting.0 == key).count());
                        naive.waiting.retain(|waiting| waiting.0 != key);
                        naive.end(|of, _| of == key);
                    }
                }
                Op::Revoke { key } => {
                    let (db, name) = place(key);
                    let revoked = leases.revoke(now, db, name, Cause::Invalidated);
                    prop_assert_eq!(revoked.is_some(), naive.holder(key).is_some());
                    naive.end(|of, _| of == key);
                }
                Op::Answer { key, seen: found } => {
                    let (db, name) = place(key);
                    let answers = leases.answer(now, db, name, seen(found), Grant { token: stamp, stamp }, usize::MAX);
                    let had_holder = naive.holder(key).is_some();
                    for (waiter, fetched) in answers {
                        let at = naive.waiting.iter().position(|waiting| (waiting.0, waiting.1) == (key, waiter.client));
                        prop_assert!(at.is_some(), "a client is answered twice, or did not wait");
                        let (_, _, ask) = naive.waiting.remove(at.unwrap());
                        if let Fetched::Lease { token, .. } | Fetched::Refresh { token, .. } = fetched {
                            prop_assert!(!had_holder && naive.holder(key).is_none(), "two leases of one key");
                            naive.granted(key, token, now, &ask);
                        }
                    }
                    let still = naive.waiting.iter().any(|waiting| waiting.0 == key);
                    prop_assert!(!still || naive.holder(key).is_some(), "a client waits, but no client computes");
                }
                Op::Disconnect { client } => {
                    leases.disconnected(now, client);
                    naive.waiting.retain(|waiting| waiting.1 != client);
                    naive.end(|_, bound| bound == Some(client));
                }
                Op::Flush { db } => {
                    leases.flushed(now, db);
                    naive.end(|key, _| db.is_none_or(|db| db == place(key).0));
                }
                Op::Swap => {
                    leases.swapped(now, 0, 1);
                    naive.end(|_, _| true);
                }
                Op::Later { ms } => now += ms,
                Op::Attend => {
                    let due = leases.end_due(now, 100);
                    for key in 0..4 {
                        let (db, name) = place(key);
                        let is_due = naive.holder(key).is_none() && naive.waiting.iter().any(|waiting| waiting.0 == key);
                        prop_assert_eq!(due.contains(&(db, name.into())), is_due);
                    }
                }
            }
            naive.time(now);
            leases.end_due(now, 100);
            prop_assert_eq!(leases.len(), naive.live.len());
            prop_assert_eq!(leases.waiting(), naive.waiting.len());
            for key in 0..4 {
                let (db, name) = place(key);
                prop_assert_eq!(leases.info(now, db, name).is_some(), naive.holder(key).is_some());
                for token in &naive.ended {
                    prop_assert!(leases.holds(now, db, name, *token).is_err(), "an ended token is accepted");
                }
            }
        }
    }
}
