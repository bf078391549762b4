//! The table of transitions, row by row, and the machine against a naive one.

use proptest::prelude::*;

use super::*;

const ASK: Ask = Ask { client: 1, lease_ms: 100, nostale: false, bind: false, may_grant: true, may_wait: true };
const HELD: Fetched = Fetched::Lease { token: 7, ms: 100 };

fn of(client: u64) -> Ask {
    Ask { client, ..ASK }
}

/// Client 1 has the lease of `k`, with token 7 and stamp 1, since 0.
fn held() -> Leases {
    let mut leases = Leases::new();
    assert_eq!(leases.fetch(0, 0, b"k", Seen::Absent, &ASK, 7, 1), HELD);
    leases
}

/// Client 2 waits for it too, since 1, and client 3, who wants nothing stale.
fn awaited() -> Leases {
    let mut leases = held();
    assert_eq!(leases.fetch(1, 0, b"k", Seen::Absent, &of(2), 8, 2), Fetched::Wait);
    let strict = Ask { nostale: true, ..of(3) };
    assert_eq!(leases.fetch(2, 0, b"k", Seen::Absent, &strict, 8, 2), Fetched::Wait);
    leases
}

const SECOND: Waiter = Waiter { client: 2, since: 1 };
const THIRD: Waiter = Waiter { client: 3, since: 2 };

#[test]
fn a_fetch_is_answered_by_what_it_finds_and_by_who_has_the_lease() {
    let refresh = |seen| Fetched::Refresh { token: 9, ms: 100, seen };
    let lease = Fetched::Lease { token: 9, ms: 100 };
    // What is seen, without a lease, with one, without one and wanting nothing stale, with one and wanting nothing stale.
    for (seen, free, with, strict, strict_with) in [
        (Seen::Absent, lease.clone(), Fetched::Wait, lease.clone(), Fetched::Wait),
        (Seen::Fresh, Fetched::Value, Fetched::Value, Fetched::Value, Fetched::Value),
        (Seen::Ageing, refresh(Seen::Ageing), Fetched::Value, refresh(Seen::Ageing), Fetched::Value),
        (Seen::Stale, refresh(Seen::Stale), Fetched::Stale, lease, Fetched::Wait),
    ] {
        let strictly = Ask { nostale: true, ..of(4) };
        assert_eq!(Leases::new().fetch(5, 0, b"k", seen, &of(4), 9, 3), free, "{seen:?}");
        assert_eq!(held().fetch(5, 0, b"k", seen, &of(4), 9, 3), with, "{seen:?}");
        assert_eq!(Leases::new().fetch(5, 0, b"k", seen, &strictly, 9, 3), strict, "{seen:?}");
        assert_eq!(held().fetch(5, 0, b"k", seen, &strictly, 9, 3), strict_with, "{seen:?}");
    }
}

#[test]
fn where_nothing_may_be_granted_nobody_waits_either() {
    let ask = Ask { may_grant: false, may_wait: false, ..of(4) };
    for (seen, expected) in [
        (Seen::Absent, Fetched::Busy),
        (Seen::Fresh, Fetched::Value),
        (Seen::Ageing, Fetched::Value),
        (Seen::Stale, Fetched::Stale),
    ] {
        assert_eq!(Leases::new().fetch(5, 0, b"k", seen, &ask, 9, 3), expected);
        assert_eq!(held().fetch(5, 0, b"k", seen, &ask, 9, 3), expected);
    }
    // WAIT 0: a free lease is granted, one that is held is not waited for.
    let impatient = Ask { may_wait: false, ..of(4) };
    assert_eq!(held().fetch(5, 0, b"k", Seen::Absent, &impatient, 9, 3), Fetched::Busy);
    assert!(matches!(Leases::new().fetch(5, 0, b"k", Seen::Absent, &impatient, 9, 3), Fetched::Lease { .. }));
}

#[test]
fn only_the_token_of_the_live_lease_fills_and_everybody_who_waits_gets_the_value() {
    let mut leases = awaited();
    assert_eq!(leases.holds(5, 0, b"k", 8), Err(Cause::Unknown));
    assert_eq!(leases.holds(5, 0, b"other", 7), Err(Cause::Unknown));
    assert_eq!(leases.holds(5, 1, b"k", 7), Err(Cause::Unknown));
    assert_eq!(leases.holds(5, 0, b"k", 7), Ok(Held { granted: 1, granted_at: 0 }));
    assert_eq!(leases.close(0, b"k"), [SECOND, THIRD]);
    assert_eq!((leases.len(), leases.waiting(), leases.is_empty()), (0, 0, true));
    assert_eq!(leases.holds(5, 0, b"k", 7), Err(Cause::Unknown));
}

#[test]
fn a_lease_ends_at_its_very_millisecond_and_one_waiter_is_granted() {
    let mut leases = awaited();
    assert_eq!(leases.next_end(), Some(100));
    assert_eq!(leases.end_due(99, 9), []);
    assert!(leases.holds(99, 0, b"k", 7).is_ok());
    assert_eq!(leases.end_due(100, 9), [(0, (*b"k").into())]);
    assert_eq!(leases.take_expired(), [(*b"k").into()]);
    assert_eq!(leases.holds(100, 0, b"k", 7), Err(Cause::Expired));
    assert_eq!(leases.renew(100, 0, b"k", 7, 50), Err(Cause::Expired));
    // Who comes now queues behind those who wait.
    assert_eq!(leases.fetch(100, 0, b"k", Seen::Absent, &of(4), 8, 4), Fetched::Wait);
    let answers = leases.answer(101, 0, b"k", Seen::Absent, Grant { token: 9, stamp: 5 }, usize::MAX);
    assert_eq!(answers, [(SECOND, Fetched::Lease { token: 9, ms: 100 })]);
    assert_eq!(leases.end_due(101, 9), []);
    assert_eq!(leases.take_expired().len(), 0);
    assert_eq!(leases.waiting(), 2);
    assert_eq!(leases.info(101, 0, b"k"), Some(LeaseInfo { ms_left: 100, waiters: 2, granted: 5 }));
}

#[test]
fn a_lease_that_nobody_waits_for_is_gone_when_it_ends() {
    let mut leases = held();
    assert_eq!(leases.end_due(100, 9), []);
    assert_eq!(leases.take_expired().len(), 1);
    assert!(leases.is_empty() && leases.next_end().is_none());
}

#[test]
fn a_heartbeat_counts_from_now() {
    let mut leases = held();
    assert_eq!(leases.renew(90, 0, b"k", 7, 50), Ok(()));
    assert!(leases.holds(139, 0, b"k", 7).is_ok());
    assert_eq!(leases.holds(140, 0, b"k", 7), Err(Cause::Expired));
    assert_eq!(leases.renew(0, 0, b"other", 7, 50), Err(Cause::Unknown));
}

#[test]
fn a_failure_is_told_to_all_who_wait_and_remembered() {
    let failure = Failure { reason: (*b"no").into(), negative_ms: 50, retry_ms: 30, stale: false };
    let mut leases = awaited();
    assert_eq!(leases.fail(10, 0, b"k", 8, failure.clone(), 3), Err(Cause::Unknown));
    assert_eq!(leases.fail(10, 0, b"k", 7, failure.clone(), 3), Ok(vec![SECOND, THIRD]));
    assert_eq!(leases.fetch(59, 0, b"k", Seen::Absent, &of(4), 9, 4), Fetched::Negative((*b"no").into()));
    assert!(matches!(leases.fetch(60, 0, b"k", Seen::Absent, &of(4), 9, 4), Fetched::Lease { .. }));
    assert_eq!(leases.fail(61, 0, b"k", 7, failure, 5), Err(Cause::Unknown));
}

#[test]
fn after_a_failed_refresh_the_stale_value_is_served_for_a_while() {
    let failure = Failure { reason: Box::default(), negative_ms: 0, retry_ms: 30, stale: true };
    let mut leases = held();
    assert_eq!(leases.fail(10, 0, b"k", 7, failure, 3), Ok(vec![]));
    assert_eq!(leases.fetch(39, 0, b"k", Seen::Stale, &of(4), 9, 4), Fetched::Stale);
    assert!(matches!(leases.fetch(40, 0, b"k", Seen::Stale, &of(4), 9, 4), Fetched::Refresh { .. }));
}

#[test]
fn what_changes_the_data_revokes_and_says_why() {
    for (cause, revoke) in [
        (Cause::Invalidated, (|l, now| l.revoke(now, 0, b"k", Cause::Invalidated)) as fn(&mut Leases, u64) -> _),
        (Cause::Overwritten, |l, now| l.written(now, 0, b"k")),
    ] {
        let mut leases = awaited();
        assert_eq!(revoke(&mut leases, 5), Some(Revoked { waiters: 2, granted: 1 }));
        assert_eq!(leases.holds(6, 0, b"k", 7), Err(cause));
        assert_eq!(revoke(&mut leases, 6), None);
        let answers = leases.answer(7, 0, b"k", Seen::Absent, Grant { token: 9, stamp: 5 }, usize::MAX);
        assert_eq!(answers, [(SECOND, Fetched::Lease { token: 9, ms: 100 })]);
    }
}

#[test]
fn a_write_serves_all_who_wait_and_forgets_a_failure() {
    let mut leases = awaited();
    leases.written(5, 0, b"k");
    let answers = leases.answer(6, 0, b"k", Seen::Fresh, Grant { token: 9, stamp: 5 }, usize::MAX);
    assert_eq!(answers, [(SECOND, Fetched::Value), (THIRD, Fetched::Value)]);
    assert!(leases.is_empty());
    let mut leases = held();
    let failure = Failure { reason: Box::default(), negative_ms: 50, retry_ms: 0, stale: false };
    leases.fail(10, 0, b"k", 7, failure, 3).unwrap();
    leases.written(11, 0, b"k");
    assert!(matches!(leases.fetch(12, 0, b"k", Seen::Absent, &of(4), 9, 4), Fetched::Lease { .. }));
}

#[test]
fn those_who_want_nothing_stale_are_granted_first_and_the_others_get_the_stale_value() {
    let mut leases = awaited();
    leases.revoke(5, 0, b"k", Cause::Invalidated);
    let answers = leases.answer(6, 0, b"k", Seen::Stale, Grant { token: 9, stamp: 5 }, usize::MAX);
    assert_eq!(answers, [(THIRD, Fetched::Lease { token: 9, ms: 100 }), (SECOND, Fetched::Stale)]);
}

#[test]
fn a_few_are_answered_at_a_time_first_of_all_the_one_who_is_granted() {
    let mut leases = awaited();
    leases.revoke(5, 0, b"k", Cause::Invalidated);
    let mut answers = |token| leases.answer(6, 0, b"k", Seen::Stale, Grant { token, stamp: 5 }, 1);
    assert_eq!(answers(9), [(THIRD, Fetched::Lease { token: 9, ms: 100 })]);
    assert_eq!(answers(10), [(SECOND, Fetched::Stale)]);
    assert_eq!(answers(11), []);
    let mut leases = awaited();
    leases.written(5, 0, b"k");
    let mut answers = || leases.answer(6, 0, b"k", Seen::Fresh, Grant { token: 9, stamp: 5 }, 1);
    assert_eq!([answers(), answers()], [[(SECOND, Fetched::Value)], [(THIRD, Fetched::Value)]]);
    assert!(leases.is_empty() && leases.waiting() == 0);
}

#[test]
fn a_bound_lease_ends_with_its_connection_and_another_does_not() {
    let mut leases = Leases::new();
    let bound = Ask { bind: true, ..ASK };
    leases.fetch(0, 0, b"bound", Seen::Absent, &bound, 7, 1);
    leases.fetch(0, 0, b"free", Seen::Absent, &ASK, 8, 2);
    leases.fetch(1, 0, b"bound", Seen::Absent, &of(2), 9, 3);
    assert_eq!(leases.disconnected(5, 1), [(0, (*b"bound").into())]);
    assert_eq!(leases.holds(6, 0, b"bound", 7), Err(Cause::Expired));
    assert!(leases.holds(6, 0, b"free", 8).is_ok());
}

#[test]
fn who_leaves_is_not_granted_anything() {
    let mut leases = awaited();
    assert_eq!(leases.waiter_left(2), Some((0, (*b"k").into())));
    assert_eq!(leases.waiter_left(2), None);
    leases.disconnected(4, 3);
    leases.revoke(5, 0, b"k", Cause::Invalidated);
    assert_eq!(leases.answer(6, 0, b"k", Seen::Absent, Grant { token: 9, stamp: 5 }, usize::MAX), []);
    assert!(leases.is_empty() && leases.waiting() == 0);
}

#[test]
fn flushes_and_swaps_revoke_all_of_theirs_and_nothing_else() {
    let mut leases = awaited();
    leases.fetch(0, 1, b"k", Seen::Absent, &of(8), 70, 3);
    leases.fetch(0, 2, b"k", Seen::Absent, &of(9), 71, 4);
    assert_eq!(leases.flushed(5, Some(0)), [(0, (*b"k").into())]);
    assert_eq!(leases.holds(6, 0, b"k", 7), Err(Cause::Invalidated));
    assert_eq!(leases.swapped(7, 1, 0), [(0, (*b"k").into())]);
    assert_eq!(leases.holds(8, 1, b"k", 70), Err(Cause::Invalidated));
    assert!(leases.holds(8, 2, b"k", 71).is_ok());
}

#[test]
fn after_a_demotion_every_token_is_unknown() {
    let mut leases = awaited();
    leases.abandon();
    assert_eq!(leases.holds(5, 0, b"k", 7), Err(Cause::Unknown));
    assert_eq!((leases.len(), leases.waiting(), leases.is_empty()), (0, 0, true));
}

#[test]
fn failures_older_than_an_invalidation_are_forgotten() {
    let failure = Failure { reason: Box::default(), negative_ms: 50, retry_ms: 0, stale: false };
    let mut leases = held();
    leases.fail(10, 0, b"k", 7, failure, 3).unwrap();
    leases.outdated(0, 4);
    assert!(matches!(leases.fetch(12, 0, b"k", Seen::Absent, &of(4), 9, 5), Fetched::Lease { .. }));
}

#[test]
fn without_the_fence_a_dead_token_fills() {
    let mut leases = held();
    leases.switch_fence_off();
    leases.revoke(5, 0, b"k", Cause::Invalidated);
    assert!(leases.holds(6, 0, b"k", 7).is_ok());
    assert!(leases.holds(6, 0, b"k", 8).is_err());
}

/// Everything as flat lists of facts.
#[derive(Debug, Default)]
struct Naive {
    /// Key, token, end, client if bound.
    live: Vec<(usize, u64, u64, Option<u64>)>,
    /// Tokens that were granted and are dead.
    dead: Vec<u64>,
    /// Key, client, in order of arrival.
    waiting: Vec<(usize, u64, Ask)>,
    /// Who was granted a token.
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
        let dead = &mut self.dead;
        self.live.retain(|&(_, token, end, _)| {
            end > now || {
                dead.push(token);
                false
            }
        });
    }
    fn kill(&mut self, which: impl Fn(usize, Option<u64>) -> bool) {
        let dead = &mut self.dead;
        self.live.retain(|&(key, token, _, bound)| {
            !which(key, bound) || {
                dead.push(token);
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
    /// A token for an operation: mostly the live one, or one that is dead, or one of another key.
    fn token(&self, key: usize, nth: usize) -> u64 {
        let known: Vec<u64> = self
            .holder(key)
            .into_iter()
            .chain(self.live.iter().map(|lease| lease.1))
            .chain(self.dead.clone())
            .collect();
        known.get(nth % (known.len() + 1)).copied().unwrap_or(999_999)
    }
}

#[test]
fn leases_are_counted_by_their_holders() {
    let mut leases = Leases::new();
    for (token, key) in [(1, b"a"), (2, b"b"), (3, b"c")] {
        leases.fetch(0, 0, key, Seen::Absent, &of(7), token, token);
    }
    assert_eq!((leases.held_by(7), leases.held_by(8)), (3, 0));
    leases.filled(0, b"a", 1);
    leases.revoke(0, 0, b"b", Cause::Invalidated);
    assert_eq!(leases.held_by(7), 1);
    leases.flushed(1, None);
    assert_eq!(leases.held_by(7), 0);
}

#[test]
fn what_a_token_has_done_is_remembered_for_its_key() {
    let mut leases = Leases::new();
    leases.fetch(0, 0, b"a", Seen::Absent, &ASK, 1, 1);
    leases.filled(0, b"a", 1);
    assert_eq!(leases.done(0, b"a", 1), Some(Done::Filled));
    assert_eq!((leases.done(0, b"b", 1), leases.done(1, b"a", 1), leases.done(0, b"a", 2)), (None, None, None));
    leases.fetch(0, 0, b"a", Seen::Absent, &ASK, 2, 2);
    let failure = Failure { reason: Box::default(), negative_ms: 0, retry_ms: 0, stale: false };
    leases.fail(0, 0, b"a", 2, failure, 3).unwrap();
    assert_eq!(leases.done(0, b"a", 2), Some(Done::Failed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn the_machine_agrees_with_a_naive_one(ops in proptest::collection::vec(op(), 1..120)) {
        let (mut leases, mut naive) = (Leases::new(), Naive::default());
        let (mut now, mut stamp) = (1000, 0);
        for op in ops {
            stamp += 1;
            naive.time(now);
            match op {
                // A client waits for one thing at a time.
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
                        // Ageing: somebody computes it already, or has just failed to.
                        Fetched::Value => prop_assert!(found == 1 || found == 2),
                        Fetched::Stale => prop_assert!(found == 3 && !nostale),
                        // Of failures of an earlier operation.
                        Fetched::Negative(_) => prop_assert!(!is_busy && (found == 0 || (found == 3 && nostale))),
                        // There is room, and everybody may wait, but for what comes from itself.
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
                        naive.kill(|of, _| of == key);
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
                    if let Ok(told) = failed {
                        prop_assert_eq!(told.len(), naive.waiting.iter().filter(|waiting| waiting.0 == key).count());
                        naive.waiting.retain(|waiting| waiting.0 != key);
                        naive.kill(|of, _| of == key);
                    }
                }
                Op::Revoke { key } => {
                    let (db, name) = place(key);
                    let revoked = leases.revoke(now, db, name, Cause::Invalidated);
                    prop_assert_eq!(revoked.is_some(), naive.holder(key).is_some());
                    naive.kill(|of, _| of == key);
                }
                Op::Answer { key, seen: found } => {
                    let (db, name) = place(key);
                    let answers = leases.answer(now, db, name, seen(found), Grant { token: stamp, stamp }, usize::MAX);
                    let had_holder = naive.holder(key).is_some();
                    for (waiter, fetched) in answers {
                        let at = naive.waiting.iter().position(|waiting| (waiting.0, waiting.1) == (key, waiter.client));
                        prop_assert!(at.is_some(), "answered twice, or never waited");
                        let (_, _, ask) = naive.waiting.remove(at.unwrap());
                        if let Fetched::Lease { token, .. } | Fetched::Refresh { token, .. } = fetched {
                            prop_assert!(!had_holder && naive.holder(key).is_none(), "two leases for one key");
                            naive.granted(key, token, now, &ask);
                        }
                    }
                    let still = naive.waiting.iter().any(|waiting| waiting.0 == key);
                    prop_assert!(!still || naive.holder(key).is_some(), "somebody waits and nobody computes");
                }
                Op::Disconnect { client } => {
                    leases.disconnected(now, client);
                    naive.waiting.retain(|waiting| waiting.1 != client);
                    naive.kill(|_, bound| bound == Some(client));
                }
                Op::Flush { db } => {
                    leases.flushed(now, db);
                    naive.kill(|key, _| db.is_none_or(|db| db == place(key).0));
                }
                Op::Swap => {
                    leases.swapped(now, 0, 1);
                    naive.kill(|_, _| true);
                }
                Op::Later { ms } => now += ms,
                Op::Attend => {
                    let due = leases.end_due(now, 100);
                    for key in 0..4 {
                        let (db, name) = place(key);
                        let is_owed = naive.holder(key).is_none() && naive.waiting.iter().any(|waiting| waiting.0 == key);
                        prop_assert_eq!(due.contains(&(db, name.into())), is_owed);
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
                for token in &naive.dead {
                    prop_assert!(leases.holds(now, db, name, *token).is_err(), "a dead token fills");
                }
            }
        }
    }
}
