//! When a stale entry stays stale: under changes of its tier, restarts, renames and on replicas.

use super::{await_indexed, fetch, field, served};
use crate::harness::{Reply, Server, wait_until};

#[test]
fn given_a_stale_entry_when_its_tier_changes_then_it_stays_stale() {
    let (_server, mut client) = served(&["t PATTERN k* PTTL 5 GRACE 1000"]);
    client.ask("CACHE.SET k v").good();
    wait_until("the entry is stale", || field(&mut client, "k", "stale") == 1);
    for line in ["TIER.SET t PATTERN k* TTL 9000", "TIER.SET u PATTERN k TTL 9000 GRACE 9"] {
        client.ask(line).good();
        await_indexed(&mut client);
        assert_eq!(client.ask("CACHE.GET k"), Reply::Nil, "{line}");
    }
}

#[test]
fn given_a_stale_entry_when_its_tier_is_deleted_then_it_stays_stale() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    client.ask("TIER.DEL t").good();
    await_indexed(&mut client);
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
}

#[test]
fn given_a_stale_entry_when_a_plain_command_writes_expires_or_persists_it_then_it_is_fresh_until_it_expires() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    for line in ["SET k v", "SET k v EX 50", "EXPIRE k 50", "PERSIST k", "GETEX k EX 50", "SET k v KEEPTTL"] {
        client.ask("CACHE.SET k v").good();
        client.ask("CACHE.INVALIDATE KEY k SOFT").good();
        assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
        client.ask(line).good();
        assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"), "{line}");
        assert_eq!(field(&mut client, "k", "grace_ms"), 0, "{line}");
    }
}

#[test]
fn given_soft_then_entries_are_stale_for_the_grace_and_removed_without_grace() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 9000 GRACE 100", "hard PATTERN h* TTL 9000"]);
    for clause in ["KEY k KEY h", "PATTERN *", "ALL", "TIER t TIER hard", "TAG x"] {
        client.ask("CACHE.MSET 2 k v h v TAGS 1 x").good();
        assert_eq!(client.ask(&format!("CACHE.INVALIDATE {clause} SOFT")).integer(), 2, "{clause}");
        assert!(!client.exists("h"), "{clause}");
        assert_eq!(client.ask("CACHE.GET k"), Reply::Nil, "{clause}");
        assert_eq!(client.ask("CACHE.GET k STALE"), Reply::bulk("v"), "{clause}");
        let left = client.ask("TTL k").integer();
        assert!((90..=100).contains(&left), "{clause}: {left}");
    }
}

#[test]
fn given_a_restart_then_freshness_is_the_rest_of_the_time_to_live_without_the_grace() {
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 5000 GRACE 1000").good();
    client.ask("CACHE.MSET 2 k v kold v").good();
    client.ask("CACHE.SET ktagged v TAGS 1 red").good();
    client.ask("CACHE.INVALIDATE KEY kold SOFT").good();
    server.restart_saving();
    let mut client = server.client();
    for key in ["k", "ktagged"] {
        assert_eq!(client.call(&["CACHE.GET", key]), Reply::bulk("v"), "{key}");
        assert!((4_900_000..=5_000_000).contains(&field(&mut client, key, "fresh_ms")), "{key}");
        assert_eq!(field(&mut client, key, "grace_ms"), 1_000_000, "{key}");
    }
    assert_eq!(client.ask("CACHE.GET kold"), Reply::Nil);
    assert_eq!(client.ask("CACHE.GET kold STALE"), Reply::bulk("v"));
    assert_eq!(client.ask("CACHE.INVALIDATE TAG red").integer(), 1);
}

#[test]
fn given_a_stale_entry_from_a_file_when_the_grace_is_removed_then_it_stays_stale() {
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 5000 GRACE 1000").good();
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
    client.ask("TIER.SET t PATTERN k* TTL 5000").good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
}

#[test]
fn given_renames_moves_and_copies_of_a_stale_entry_then_they_are_stale_too() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    for (line, db, key) in [("RENAME k k2", 0, "k2"), ("COPY k k2", 0, "k2"), ("MOVE k 1", 1, "k")] {
        client.ask("CACHE.SET k v").good();
        client.ask("CACHE.INVALIDATE KEY k SOFT").good();
        client.ask(line).good();
        client.ask(&format!("SELECT {db}")).good();
        assert_eq!(client.call(&["CACHE.GET", key]), Reply::Nil, "{line}");
        assert_eq!(client.call(&["CACHE.GET", key, "STALE"]), Reply::bulk("v"), "{line}");
        client.ask("SELECT 0").good();
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn given_a_replica_then_it_knows_which_entries_are_stale() {
    let (master, mut client) =
        served(&["t PATTERN k* PTTL 5 GRACE 1000", "u PATTERN u* TTL 1000 GRACE 1000 COMPRESS 10"]);
    let replica = Server::start();
    replica.follow(&master);
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.MSET 2 u v upacked vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv").good();
    client.ask("CACHE.SET ufresh v").good();
    client.ask("CACHE.INVALIDATE KEY u KEY upacked SOFT").good();
    wait_until("the entry is stale", || field(&mut client, "k", "stale") == 1);
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    for key in ["k", "u", "upacked"] {
        assert_eq!(there.call(&["CACHE.GET", key]), Reply::Nil, "{key}");
        assert_eq!(fetch(&mut there, key)[0], "stale", "{key}");
    }
    assert_eq!(there.ask("CACHE.GET ufresh"), Reply::bulk("v"));
}
