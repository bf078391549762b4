//! Replicas and promotion: tiers, entries, freshness and tokens.

use super::{assert_right, fill, state};
use crate::harness::{Client, Reply, Server, wait_until};

#[test]
fn a_replica_with_tiers_in_its_configuration_has_those_of_its_master() {
    let master = Server::with_test_hooks(&["TIER own PATTERN own:* TTL 60"]);
    let replica = Server::with_test_hooks(&["TIER own PATTERN own:* TTL 61", "TIER mine PATTERN mine:* TTL 5"]);
    let mut client = master.client();
    client.ask("SET own:1 v").good();
    replica.follow(&master);
    let mut there = replica.client();
    assert_eq!(there.ask("TIER.LIST").texts(), ["assessment", "own"]);
    assert_eq!(there.ask("TIER.INFO own").map()["ttl_ms"], Reply::Integer(60_000));
    there.audit();
}

#[test]
fn a_replica_has_the_state_of_its_master_and_takes_over() {
    for before in [true, false] {
        let (mut master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
        if before {
            replica.follow(&master);
        }
        let mut here = master.client();
        fill(&mut here);
        if !before {
            replica.follow(&master);
        }
        replica.await_in_sync_with(&master);
        let mut there = replica.client();
        let expected = state(&mut here);
        assert_eq!(state(&mut there), expected);
        there.audit();
        master.kill();
        there.ask("REPLICAOF NO ONE").good();
        assert_right(&mut there, &expected);
    }
}

#[test]
fn a_replica_catches_up_after_a_lost_connection() {
    let (master, replica) = (Server::with_test_hooks(&["repl-backlog-size 10mb"]), Server::with_test_hooks(&[]));
    replica.follow(&master);
    let mut here = master.client();
    let partial = here.info_number("stats", "sync_partial_ok");
    here.ask("CLIENT KILL TYPE replica").good();
    fill(&mut here);
    wait_until("the replica is back", || here.info_number("stats", "sync_partial_ok") > partial);
    replica.await_in_sync_with(&master);
    let expected = state(&mut here);
    let mut there = replica.client();
    assert_eq!(state(&mut there), expected);
    there.audit();
}

#[test]
fn a_replica_uses_the_tiers_of_its_master_and_no_longer_its_own() {
    let (master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
    let mut there = replica.client();
    there.ask("TIER.SET own PATTERN plain:* TTL 5").good();
    fill(&mut master.client());
    replica.follow(&master);
    assert_eq!(there.ask("TIER.LIST"), master.client().ask("TIER.LIST"));
    assert_eq!(there.ask("CACHE.TTL plain:1").map()["tier"], Reply::bulk("plain"));
    assert_eq!(there.ask("TIER.SET other PATTERN x TTL 5").code(), "READONLY");
    there.audit();
}

#[test]
fn stale_entries_are_stale_on_both_sides_and_after_a_promotion() {
    let (mut master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
    let late = Server::with_test_hooks(&[]);
    replica.follow(&master);
    let mut here = master.client();
    here.ask("TIER.SET grace PATTERN grace:* PTTL 300 GRACE 3600").good();
    for key in ["grace:plain", "grace:tagged"] {
        here.call(&["CACHE.SET", key, "v"]).good();
    }
    here.ask("CACHE.SET grace:tagged v TAGS 1 t").good();
    here.ask("CACHE.SET grace:soft v PX 3600000").good();
    here.invalidate("KEY grace:soft SOFT");
    late.follow(&master);
    for key in ["grace:plain", "grace:tagged"] {
        wait_until("the entry is stale", || here.call(&["CACHE.GET", key]) == Reply::Nil);
    }
    for server in [&replica, &late] {
        server.await_in_sync_with(&master);
        let mut there = server.client();
        for key in ["grace:plain", "grace:tagged", "grace:soft"] {
            assert_eq!(there.call(&["CACHE.GET", key]), Reply::Nil, "{key}");
            assert_eq!(there.call(&["CACHE.GET", key, "STALE"]), Reply::bulk("v"), "{key}");
        }
    }
    master.kill();
    for server in [&replica, &late] {
        let mut there = server.client();
        there.ask("REPLICAOF NO ONE").good();
        for key in ["grace:plain", "grace:tagged", "grace:soft"] {
            assert_eq!(there.call(&["CACHE.GET", key]), Reply::Nil, "{key}");
            assert_eq!(there.call(&["CACHE.FETCH", key, "WAIT", "0"]).array()[0], Reply::bulk("refresh"), "{key}");
        }
    }
}

#[test]
fn earlier_tokens_are_refused_after_a_restart_and_a_failover() {
    let (mut master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
    replica.follow(&master);
    let mut here = master.client();
    here.ask("TIER.SET a PATTERN a:* TTL 60").good();
    let token = here.ask("CACHE.FETCH a:1 LEASE 600000").array()[1].text();
    let reloaded = here.ask("CACHE.FETCH a:2 LEASE 600000").array()[1].text();
    replica.await_in_sync_with(&master);
    let refused = |client: &mut Client, key: &str, token: &str| {
        let reply = client.call(&["CACHE.FILL", key, token, "v"]);
        assert_eq!(reply.code(), "LEASELOST");
        assert!(reply.error().contains("unknown"), "{reply:?}");
    };
    here.ask("DEBUG RELOAD").good();
    refused(&mut here, "a:2", &reloaded);
    master.kill();
    let mut there = replica.client();
    there.ask("REPLICAOF NO ONE").good();
    refused(&mut there, "a:1", &token);
    master.start_again();
    refused(&mut master.client(), "a:1", &token);
}
