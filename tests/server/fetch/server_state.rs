//! Replicas, demotion, restarts, and a cache that is disabled.

use super::{assert_lost, await_waiters, lease, served, waiters, words};
use crate::harness::{Reply, Server};

#[test]
fn given_a_replica_when_fetched_then_hits_and_busy_only() {
    let (master, mut client) = served();
    let replica = Server::start();
    replica.follow(&master);
    client.ask("CACHE.SET k v").good();
    lease(&mut client, "k2");
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    assert_eq!(words(&there.ask("CACHE.FETCH k")), ["hit", "v"]);
    assert_eq!(words(&there.ask("CACHE.FETCH k2")), ["busy"]);
    assert_eq!(words(&there.ask("CACHE.FETCH k3")), ["busy"]);
    assert_eq!(there.ask("CACHE.FILL k3 0000000000000001 v").code(), "READONLY");
    assert_eq!(there.ask("CACHE.STATS").map()["leases"].integer(), 0);
}

#[test]
fn given_waiters_when_the_server_becomes_a_replica_then_they_are_unblocked_and_tokens_are_forgotten() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 2, "k");
    client.ask("REPLICAOF 127.0.0.1 1").good();
    for waiter in &mut all {
        assert_eq!(waiter.receive().code(), "UNBLOCKED");
    }
    await_waiters(&mut client, 0);
    client.ask("REPLICAOF NO ONE").good();
    assert_lost(&mut client, "k", &token, "unknown");
    lease(&mut client, "k WAIT 0");
}

#[test]
fn given_a_restart_when_filled_then_every_old_token_is_unknown() {
    let (mut server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    server.restart_saving();
    let mut client = server.client();
    assert_lost(&mut client, "k", &token, "unknown");
    lease(&mut client, "k WAIT 0");
}

#[test]
fn given_a_disabled_cache_when_used_then_every_client_computes_and_nothing_is_stored() {
    let (_server, mut client) = served();
    client.ask("CACHE.SET k v").good();
    let token = lease(&mut client, "k2");
    client.ask("CONFIG SET assess.enabled no").good();
    assert_eq!(words(&client.ask("CACHE.FETCH k")), ["busy"]);
    assert_eq!(words(&client.ask("CACHE.FETCH k3")), ["busy"]);
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
    client.call(&["CACHE.FILL", "k2", &token, "v"]).good();
    client.ask("CACHE.SET k4 v").good();
    assert!(!client.exists("k2") && !client.exists("k4"));
    client.ask("CONFIG SET assess.enabled yes").good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
}
