//! The transitions of leases, one by one.

use super::*;

mod naive;

const ASK: Ask = Ask { client: 1, lease_ms: 100, nostale: false, bind: false, may_grant: true, may_wait: true };
const HELD: Fetched = Fetched::Lease { token: 7, ms: 100 };

fn of(client: u64) -> Ask {
    Ask { client, ..ASK }
}

/// Client 1 holds the lease of `k`, with token 7 and stamp 1, since time 0.
fn held() -> Leases {
    let mut leases = Leases::new();
    assert_eq!(leases.fetch(0, 0, b"k", Seen::Absent, &ASK, 7, 1), HELD);
    leases
}

/// Client 2 waits for `k` since time 1, client 3 with NOSTALE since time 2.
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
fn the_reply_to_a_fetch_depends_on_the_value_and_on_the_lease() {
    let refresh = |seen| Fetched::Refresh { token: 9, ms: 100, seen };
    let lease = Fetched::Lease { token: 9, ms: 100 };
    // The value; the replies without a lease, with one, with NOSTALE without a lease, with NOSTALE with one.
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
fn a_client_that_cannot_be_granted_a_lease_does_not_wait() {
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
    // WAIT 0: a lease is granted when none is held, otherwise the client does not wait.
    let impatient = Ask { may_wait: false, ..of(4) };
    assert_eq!(held().fetch(5, 0, b"k", Seen::Absent, &impatient, 9, 3), Fetched::Busy);
    assert!(matches!(Leases::new().fetch(5, 0, b"k", Seen::Absent, &impatient, 9, 3), Fetched::Lease { .. }));
}

#[test]
fn only_the_token_of_the_current_lease_fills_and_all_waiters_get_the_value() {
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
fn a_lease_ends_at_its_exact_millisecond_and_one_waiter_is_granted_the_next() {
    let mut leases = awaited();
    assert_eq!(leases.next_end(), Some(100));
    assert_eq!(leases.end_due(99, 9), []);
    assert!(leases.holds(99, 0, b"k", 7).is_ok());
    assert_eq!(leases.end_due(100, 9), [(0, (*b"k").into())]);
    assert_eq!(leases.take_expired(), [(*b"k").into()]);
    assert_eq!(leases.holds(100, 0, b"k", 7), Err(Cause::Expired));
    assert_eq!(leases.renew(100, 0, b"k", 7, 50), Err(Cause::Expired));
    // A later client queues behind the waiters.
    assert_eq!(leases.fetch(100, 0, b"k", Seen::Absent, &of(4), 8, 4), Fetched::Wait);
    let answers = leases.answer(101, 0, b"k", Seen::Absent, Grant { token: 9, stamp: 5 }, usize::MAX);
    assert_eq!(answers, [(SECOND, Fetched::Lease { token: 9, ms: 100 })]);
    assert_eq!(leases.end_due(101, 9), []);
    assert_eq!(leases.take_expired().len(), 0);
    assert_eq!(leases.waiting(), 2);
    assert_eq!(leases.info(101, 0, b"k"), Some(LeaseInfo { ms_left: 100, waiters: 2, granted: 5 }));
}

#[test]
fn a_lease_without_waiters_is_removed_when_it_ends() {
    let mut leases = held();
    assert_eq!(leases.end_due(100, 9), []);
    assert_eq!(leases.take_expired().len(), 1);
    assert!(leases.is_empty() && leases.next_end().is_none());
}

#[test]
fn a_renewed_lease_ends_relative_to_the_time_of_the_renewal() {
    let mut leases = held();
    assert_eq!(leases.renew(90, 0, b"k", 7, 50), Ok(()));
    assert!(leases.holds(139, 0, b"k", 7).is_ok());
    assert_eq!(leases.holds(140, 0, b"k", 7), Err(Cause::Expired));
    assert_eq!(leases.renew(0, 0, b"other", 7, 50), Err(Cause::Unknown));
}

#[test]
fn all_waiters_get_a_failure_and_it_is_remembered() {
    let failure = Failure { reason: (*b"no").into(), negative_ms: 50, retry_ms: 30, stale: false };
    let mut leases = awaited();
    assert_eq!(leases.fail(10, 0, b"k", 8, failure.clone(), 3), Err(Cause::Unknown));
    assert_eq!(leases.fail(10, 0, b"k", 7, failure.clone(), 3), Ok(vec![SECOND, THIRD]));
    assert_eq!(leases.fetch(59, 0, b"k", Seen::Absent, &of(4), 9, 4), Fetched::Negative((*b"no").into()));
    assert!(matches!(leases.fetch(60, 0, b"k", Seen::Absent, &of(4), 9, 4), Fetched::Lease { .. }));
    assert_eq!(leases.fail(61, 0, b"k", 7, failure, 5), Err(Cause::Unknown));
}

#[test]
fn after_a_failed_refresh_the_stale_value_is_served_for_the_retry_time() {
    let failure = Failure { reason: Box::default(), negative_ms: 0, retry_ms: 30, stale: true };
    let mut leases = held();
    assert_eq!(leases.fail(10, 0, b"k", 7, failure, 3), Ok(vec![]));
    assert_eq!(leases.fetch(39, 0, b"k", Seen::Stale, &of(4), 9, 4), Fetched::Stale);
    assert!(matches!(leases.fetch(40, 0, b"k", Seen::Stale, &of(4), 9, 4), Fetched::Refresh { .. }));
}

#[test]
fn invalidations_and_writes_revoke_the_lease_with_their_cause() {
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
fn a_write_serves_all_waiters_and_forgets_a_failure() {
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
fn a_nostale_waiter_is_granted_first_and_the_others_get_the_stale_value() {
    let mut leases = awaited();
    leases.revoke(5, 0, b"k", Cause::Invalidated);
    let answers = leases.answer(6, 0, b"k", Seen::Stale, Grant { token: 9, stamp: 5 }, usize::MAX);
    assert_eq!(answers, [(THIRD, Fetched::Lease { token: 9, ms: 100 }), (SECOND, Fetched::Stale)]);
}

#[test]
fn waiters_are_answered_in_batches_the_grantee_first() {
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
fn a_bound_lease_ends_when_its_client_disconnects_and_an_unbound_one_does_not() {
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
fn a_removed_waiter_is_not_granted_a_lease() {
    let mut leases = awaited();
    assert_eq!(leases.waiter_left(2), Some((0, (*b"k").into())));
    assert_eq!(leases.waiter_left(2), None);
    leases.disconnected(4, 3);
    leases.revoke(5, 0, b"k", Cause::Invalidated);
    assert_eq!(leases.answer(6, 0, b"k", Seen::Absent, Grant { token: 9, stamp: 5 }, usize::MAX), []);
    assert!(leases.is_empty() && leases.waiting() == 0);
}

#[test]
fn flushes_and_swaps_revoke_exactly_the_leases_of_their_databases() {
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
fn abandon_makes_every_token_unknown() {
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
    leases.forget_failures_before(0, 4);
    assert!(matches!(leases.fetch(12, 0, b"k", Seen::Absent, &of(4), 9, 5), Fetched::Lease { .. }));
}

#[test]
fn without_the_fence_the_token_of_a_revoked_lease_is_accepted() {
    let mut leases = held();
    leases.switch_fence_off();
    leases.revoke(5, 0, b"k", Cause::Invalidated);
    assert!(leases.holds(6, 0, b"k", 7).is_ok());
    assert!(leases.holds(6, 0, b"k", 8).is_err());
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
fn the_use_of_a_token_is_remembered_for_its_key() {
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
