//! Leases and fills under an invalidation.

use super::with_test_hooks;
use crate::harness::waiting::wait_for;
use crate::harness::{Client, Reply, wait_until};

#[test]
fn leases_are_revoked_and_one_waiter_gets_a_new_lease() {
    let (server, mut client) = with_test_hooks();
    for (key, clauses) in [
        ("a:k", "KEY a:k"),
        ("a:k", "PATTERN a:*"),
        ("a:k", "TIER a"),
        ("a:k", "ALL"),
        ("free:k", "KEY free:k"),
        ("free:k", "PATTERN free:*"),
        ("free:k", "ALL"),
    ] {
        let token = client.call(&["CACHE.FETCH", key, "LEASE", "600000"]).array()[1].text();
        let mut waiters = [server.client(), server.client()];
        for (i, waiter) in waiters.iter_mut().enumerate() {
            waiter.call(&["CLIENT", "SETNAME", "w"]).good();
            waiter.send(&["CACHE.FETCH", key, "LEASE", "600000", "WAIT", "600000"]);
            wait_until("the client waits", || client.info_number("assess", "cache_waiters") == i as i64 + 1);
        }
        client.invalidate(clauses);
        let lost = client.call(&["CACHE.FILL", key, &token, "old", "EX", "60"]);
        assert_eq!(lost.code(), "LEASELOST", "{clauses}");
        assert!(lost.error().contains("invalidated"), "{lost:?}");
        let granted = waiters[0].receive();
        assert_eq!(granted.array()[0], Reply::bulk("lease"), "{clauses}");
        let token = granted.array()[1].text();
        assert_eq!(client.info_number("assess", "cache_waiters"), 1, "one lease at a time");
        client.call(&["CACHE.FILL", key, &token, "new", "EX", "60"]).good();
        assert_eq!(waiters[1].receive(), Reply::Array(vec![Reply::bulk("hit"), Reply::bulk("new")]));
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn a_fill_is_refused_when_its_tag_was_invalidated_after_the_grant() {
    let (_server, mut client) = with_test_hooks();
    let token = |client: &mut Client, key: &str| client.call(&["CACHE.FETCH", key]).array()[1].text();
    let (first, second, third) = (token(&mut client, "a:1"), token(&mut client, "a:2"), token(&mut client, "a:3"));
    client.invalidate("TAG t");
    client.invalidate("TAG x TAG y MATCH all");
    assert_eq!(client.call(&["CACHE.FILL", "a:1", &first, "v", "TAGS", "2", "s", "t"]).code(), "LEASELOST");
    client.serves("a:1", None);
    client.call(&["CACHE.FILL", "a:2", &second, "v", "TAGS", "2", "s", "x"]).good();
    assert_eq!(client.call(&["CACHE.FILL", "a:3", &third, "v", "TAGS", "2", "y", "x"]).code(), "LEASELOST");
    let later = wait_for("a lease", || {
        let reply = client.ask("CACHE.FETCH a:4 WAIT 0").good();
        (reply.array()[0].text() == "lease").then(|| reply.array()[1].text())
    });
    client.call(&["CACHE.FILL", "a:4", &later, "v", "TAGS", "1", "t"]).good();
    client.serves("a:4", Some("v"));
}
