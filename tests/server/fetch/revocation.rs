//! Events that revoke a lease, after which a late fill is refused, and events that do not.

use super::{assert_lost, lease, served, words};
use crate::harness::{Reply, Server};

#[test]
fn given_a_lease_when_the_key_is_invalidated_then_the_late_fill_is_refused() {
    for clause in ["KEY k", "PATTERN k*", "PATTERN *", "TIER t", "ALL", "KEY k SOFT", "ALL ASYNC", "KEY k ASYNC"] {
        let (_server, mut client) = served();
        let token = lease(&mut client, "k LEASE 60000");
        client.ask(&format!("CACHE.INVALIDATE {clause}")).good();
        assert_lost(&mut client, "k", &token, "invalidated");
        lease(&mut client, "k WAIT 0");
    }
}

#[test]
fn given_a_lease_of_a_key_in_no_tier_when_a_pattern_covers_it_then_it_is_revoked() {
    let (_server, mut client) = served();
    for clause in ["KEY other", "PATTERN oth*", "ALL"] {
        let token = lease(&mut client, "other LEASE 60000");
        client.ask(&format!("CACHE.INVALIDATE {clause}")).good();
        assert_lost(&mut client, "other", &token, "invalidated");
        let token = lease(&mut client, "other");
        client.call(&["CACHE.FAIL", "other", &token]).good();
    }
}

#[test]
fn given_a_lease_when_a_tag_is_invalidated_then_only_fills_with_that_tag_are_refused() {
    let (_server, mut client) = served();
    let (first, second) = (lease(&mut client, "k1"), lease(&mut client, "k2"));
    client.ask("CACHE.INVALIDATE TAG red").good();
    let refused = client.call(&["CACHE.FILL", "k1", &first, "v", "TAGS", "2", "blue", "red"]);
    assert!(refused.error().starts_with("LEASELOST invalidated"), "{refused:?}");
    client.call(&["CACHE.FILL", "k2", &second, "v", "TAGS", "1", "blue"]).good();
    // A lease that is granted after the invalidation may fill with the tag.
    let third = lease(&mut client, "k1 WAIT 0");
    client.call(&["CACHE.FILL", "k1", &third, "v", "TAGS", "1", "red"]).good();
}

#[test]
fn given_a_lease_on_a_stale_value_when_it_is_written_deleted_or_renamed_then_the_token_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 1000 GRACE 1000").good();
    for write in [
        "SET k new",
        "DEL k",
        "UNLINK k",
        "RENAME k k3",
        "RENAME made k",
        "APPEND k x",
        "CACHE.SET k new",
        "COPY made k REPLACE",
    ] {
        client.ask("CACHE.SET k old").good();
        client.ask("SET made new").good();
        client.ask("CACHE.INVALIDATE KEY k SOFT").good();
        let refresh = words(&client.ask("CACHE.FETCH k"));
        assert_eq!((refresh[0].as_str(), refresh[1].as_str(), refresh[4].as_str()), ("refresh", "old", "stale"));
        client.ask(write).good();
        assert_lost(&mut client, "k", &refresh[2], "overwritten");
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn given_a_lease_when_the_database_is_flushed_or_swapped_then_the_token_is_refused() {
    for line in ["FLUSHDB", "FLUSHALL", "FLUSHALL ASYNC", "SWAPDB 0 1"] {
        let (_server, mut client) = served();
        let token = lease(&mut client, "k LEASE 60000");
        client.ask(line).good();
        assert_lost(&mut client, "k", &token, "invalidated");
    }
}

#[test]
fn given_a_lease_when_the_value_expires_or_is_evicted_then_the_lease_stays_valid() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 1000 GRACE 1000").good();
    client.ask("CACHE.SET k old").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    let refresh = words(&client.ask("CACHE.FETCH k LEASE 3600000"));
    client.ask("PEXPIRE k 1").good();
    client.await_removed("k");
    assert_eq!(words(&client.ask("CACHE.FETCH k WAIT 0")), ["busy"]);
    client.call(&["CACHE.FILL", "k", &refresh[2], "v"]).good();
    assert_eq!(words(&client.ask("CACHE.FETCH k")), ["hit", "v"]);
}

#[test]
fn given_a_token_when_it_is_of_another_key_or_database_then_unknown() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k1 LEASE 60000");
    lease(&mut client, "k2 LEASE 60000");
    assert_lost(&mut client, "k2", &token, "unknown");
    assert_lost(&mut client, "k3", &token, "unknown");
    let mut other = server.client();
    other.ask("SELECT 3").good();
    assert_lost(&mut other, "k1", &token, "unknown");
    let another = lease(&mut other, "k1 LEASE 60000");
    other.call(&["CACHE.FILL", "k1", &another, "of 3"]).good();
    client.call(&["CACHE.FILL", "k1", &token, "of 0"]).good();
    assert_eq!(other.ask("CACHE.GET k1"), Reply::bulk("of 3"));
    assert_eq!(client.ask("CACHE.GET k1"), Reply::bulk("of 0"));
}
