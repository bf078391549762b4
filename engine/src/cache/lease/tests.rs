//! The transition table of leases.

use super::*;

const ASK: Ask = Ask { client: 1, lease_ms: 100, nostale: false, bind: false, may_grant: true, may_wait: true };

#[test]
fn given_a_lease_when_it_ends_then_its_token_is_dead_at_that_very_millisecond() {
    let mut leases = Leases::new();
    assert_eq!(leases.fetch(0, 0, b"k", Seen::Absent, &ASK, 7, 1), Fetched::Lease { token: 7, ms: 100 });
    assert_eq!(leases.holds(99, 0, b"k", 7), Ok(Held { granted: 1, granted_at: 0 }));
    assert_eq!(leases.holds(99, 0, b"l", 7), Err(Cause::Unknown));
    assert_eq!(leases.holds(100, 0, b"k", 7), Err(Cause::Expired));
}

#[test]
fn given_a_waiter_when_the_key_is_written_then_the_token_is_dead_and_the_waiter_is_granted() {
    let mut leases = Leases::new();
    leases.fetch(0, 0, b"k", Seen::Absent, &ASK, 7, 1);
    let second = Ask { client: 2, ..ASK };
    assert_eq!(leases.fetch(1, 0, b"k", Seen::Absent, &second, 8, 2), Fetched::Wait);
    assert_eq!(leases.written(2, 0, b"k"), Some(Revoked { waiters: 1, granted: 1 }));
    assert_eq!(leases.holds(2, 0, b"k", 7), Err(Cause::Overwritten));
    let answers = leases.answer(3, 0, b"k", Seen::Absent, 9, 3);
    assert_eq!(answers, [(Waiter { client: 2, since: 1 }, Fetched::Lease { token: 9, ms: 100 })]);
    assert_eq!((leases.waiting(), leases.len()), (0, 1));
}
