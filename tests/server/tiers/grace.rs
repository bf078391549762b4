//! `GRACE`, `RETRY` and `REFRESH`: stale values, and values computed again before they are stale.

use super::{counted, fetch, field, served};
use crate::harness::{Reply, wait_until};

#[test]
fn given_grace_when_the_time_to_live_is_over_then_stale_only_for_requests_that_accept_it() {
    let (_server, mut client) = served(&["t PATTERN k* PTTL 5 GRACE 1000 LEASE 60000"]);
    client.ask("CACHE.SET k v").good();
    let left = client.ask("TTL k").integer();
    assert!((990..=1001).contains(&left), "{left}");
    wait_until("the entry is stale", || field(&mut client, "k", "stale") == 1);
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
    assert_eq!(client.ask("CACHE.MGET k").array(), [Reply::Nil]);
    assert_eq!(client.ask("CACHE.GET k STALE"), Reply::bulk("v"));
    assert_eq!(client.ask("GET k"), Reply::bulk("v"));
    assert_eq!((field(&mut client, "k", "fresh_ms"), field(&mut client, "k", "exists")), (0, 1));
    assert!(field(&mut client, "k", "grace_ms") > 900_000);
    let refresh = fetch(&mut client, "k");
    assert_eq!([&refresh[0], &refresh[1], &refresh[4]], ["refresh", "v", "stale"]);
    assert_eq!(fetch(&mut client, "k"), ["stale", "v"]);
    assert_eq!(fetch(&mut client, "k NOSTALE"), ["busy"]);
    client.ask("TIER.SET t PATTERN k* TTL 1000 GRACE 1000").good();
    client.call(&["CACHE.FILL", "k", &refresh[2], "w"]).good();
    assert_eq!(fetch(&mut client, "k NOSTALE"), ["hit", "w"]);
    assert_eq!(counted(&mut client, "t", "stale_hits"), 3);
}

#[test]
fn given_a_stale_value_when_fetched_with_nostale_then_a_lease_without_the_value() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    let lease = fetch(&mut client, "k NOSTALE");
    assert_eq!(lease[0], "lease");
    assert_eq!(fetch(&mut client, "k"), ["stale", "v"]);
}

#[test]
fn given_retry_when_a_refresh_fails_then_the_stale_value_is_served_without_a_lease() {
    let (_server, mut client) =
        served(&["t PATTERN k* TTL 1000 GRACE 1000", "u PATTERN u* TTL 1000 GRACE 1000 RETRY 1"]);
    for key in ["k", "u"] {
        client.ask(&format!("CACHE.SET {key} v")).good();
        client.ask(&format!("CACHE.INVALIDATE KEY {key} SOFT")).good();
        let refresh = fetch(&mut client, key);
        client.call(&["CACHE.FAIL", key, &refresh[2], "why"]).good();
    }
    // The default is 30 seconds; on a machine slower than that the lease may be granted again.
    assert_eq!(fetch(&mut client, "k"), ["stale", "v"]);
    wait_until("the refresh may be retried", || fetch(&mut client, "u")[0] == "refresh");
}

#[test]
fn given_refresh_when_an_entry_ages_then_one_reader_gets_a_lease_and_the_others_get_the_value() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 REFRESH 100 LEASE 60000"]);
    client.ask("CACHE.SET k v").good();
    let refresh = fetch(&mut client, "k");
    assert_eq!([&refresh[0], &refresh[1], &refresh[4]], ["refresh", "v", "fresh"]);
    for line in ["k", "k NOSTALE"] {
        assert_eq!(fetch(&mut client, line), ["hit", "v"]);
    }
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
    client.call(&["CACHE.FILL", "k", &refresh[2], "w"]).good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("w"));
    assert_eq!(counted(&mut client, "t", "refreshes"), 1);
    // The window is a part of the entry's own time to live.
    client.ask("TIER.SET t PATTERN k* TTL 1000 REFRESH 1").good();
    client.ask("CACHE.SET k v").good();
    assert_eq!(fetch(&mut client, "k"), ["hit", "v"]);
}
