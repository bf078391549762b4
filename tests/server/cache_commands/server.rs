//! The commands with client tracking, a full server, replicas, `WATCH` and several databases.

use super::{served, stats};
use crate::harness::{Reply, Server};

#[test]
fn given_tracking_when_an_entry_is_removed_then_the_client_is_notified() {
    let (server, mut client) = served();
    client.ask("CACHE.MSET 2 k v ktagged v TAGS 1 red").good();
    for key in ["k", "ktagged"] {
        let mut tracking = server.client().resp3();
        tracking.ask("CLIENT TRACKING ON").good();
        tracking.call(&["CACHE.GET", key]).good();
        client.call(&["CACHE.INVALIDATE", "KEY", key]).good();
        let Reply::Push(push) = tracking.receive() else { panic!("no push") };
        assert_eq!((push[0].text(), push[1].texts()), ("invalidate".to_owned(), vec![key.to_owned()]));
    }
}

#[test]
fn given_a_full_server_then_reads_are_answered_and_writes_refused() {
    let (_server, mut client) = served();
    client.ask("CACHE.SET k v").good();
    client.ask("CONFIG SET maxmemory 1").good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
    assert_eq!(client.ask("CACHE.FETCH k").texts(), ["hit", "v"]);
    let lease = client.ask("CACHE.FETCH knew LEASE 60000");
    assert_eq!(lease.array()[0].text(), "lease");
    let token = lease.array()[1].text();
    for line in [
        "CACHE.SET k w",
        "CACHE.MSET 1 k w",
        &format!("CACHE.FILL knew {token} w"),
        "TIER.SET u PATTERN u* TTL 5 GRACE 5",
    ] {
        assert_eq!(client.ask(line).code(), "OOM", "{line}");
    }
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
    assert_eq!(client.ask("CACHE.INVALIDATE KEY k").integer(), 1);
    client.ask("CONFIG SET maxmemory 0").good();
    assert_eq!(client.call(&["CACHE.FILL", "knew", &token, "w"]), Reply::ok());
}

#[test]
fn given_a_replica_then_reads_are_answered_and_writes_refused() {
    let (master, mut client) = served();
    let replica = Server::start();
    replica.follow(&master);
    client.ask("CACHE.MSET 2 k v ktagged w TAGS 1 red").good();
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    assert_eq!(there.ask("CACHE.MGET k ktagged").texts(), ["v", "w"]);
    assert_eq!(there.ask("TIER.LIST"), client.ask("TIER.LIST"));
    for line in
        ["CACHE.SET k w", "CACHE.MSET 1 k w", "CACHE.INVALIDATE ALL", "TIER.SET u PATTERN u* TTL 5", "TIER.DEL t"]
    {
        assert_eq!(there.ask(line).code(), "READONLY", "{line}");
    }
    client.ask("TIER.DEL t").good();
    client.ask("CACHE.INVALIDATE TAG red").good();
    replica.await_in_sync_with(&master);
    assert_eq!(there.ask("CACHE.GET ktagged"), Reply::Nil);
    assert_eq!(there.ask("TIER.LIST").texts(), ["assessment"]);
}

#[test]
fn given_watch_when_a_command_of_the_cache_writes_then_exec_is_refused() {
    let (server, mut client) = served();
    let mut other = server.client();
    for (line, aborts) in [
        ("CACHE.GET k", false),
        ("CACHE.SET k w", true),
        ("CACHE.SET k w TAGS 1 red", true),
        ("CACHE.INVALIDATE KEY k", true),
        ("CACHE.INVALIDATE ALL", true),
    ] {
        client.ask("CACHE.SET k v").good();
        client.ask("WATCH k").good();
        other.ask(line).good();
        client.ask("MULTI").good();
        client.ask("PING").good();
        assert_eq!(client.ask("EXEC") == Reply::Nil, aborts, "{line}");
    }
}

#[test]
fn given_another_database_then_its_entries_are_separate() {
    let (server, mut client) = served();
    let mut other = server.client();
    other.ask("SELECT 5").good();
    client.ask("CACHE.SET k zero").good();
    other.ask("CACHE.SET k five TAGS 1 red").good();
    assert_eq!(client.ask("CACHE.INVALIDATE TAG red").integer(), 0);
    assert_eq!(client.ask("CACHE.INVALIDATE ALL").integer(), 1);
    assert_eq!((client.ask("CACHE.GET k"), other.ask("CACHE.GET k")), (Reply::Nil, Reply::bulk("five")));
    assert_eq!(other.ask("CACHE.HOT t").array().len(), 1);
    assert_eq!(client.ask("CACHE.HOT t").array().len(), 0);
    assert_eq!(client.ask("CACHE.EXPORT PATTERN *").array()[1].array().len(), 0);
    assert_eq!(stats(&mut client, "t")["entries"].integer(), 1);
}
