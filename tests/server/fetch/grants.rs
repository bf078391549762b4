//! Granting a lease: its length, and the fill that ends it.

use super::{lease, served, words};
use crate::harness::Reply;

#[test]
fn given_an_absent_key_when_fetched_then_a_lease_is_granted_and_its_fill_is_a_hit() {
    let (_server, mut client) = served();
    let token = lease(&mut client, "k LEASE 60000");
    assert_eq!(words(&client.ask("CACHE.FETCH k WAIT 0")), ["busy"]);
    assert_eq!(client.call(&["CACHE.FILL", "k", &token, "v"]), Reply::ok());
    assert_eq!(words(&client.ask("CACHE.FETCH k")), ["hit", "v"]);
    assert_eq!(client.ask("GET k"), Reply::bulk("v"));
    assert!((990..=1000).contains(&client.ask("TTL k").integer()));
    // The token has been used. A repetition of the same fill is accepted, nothing else.
    assert_eq!(client.call(&["CACHE.FILL", "k", &token, "v"]), Reply::ok());
    for (command, cause) in [
        (&["CACHE.FILL", "k", &token, "late"][..], "overwritten"),
        (&["CACHE.RENEW", "k", &token, "9"], "unknown"),
        (&["CACHE.FAIL", "k", &token], "unknown"),
    ] {
        let reply = client.call(command);
        assert!(reply.error().starts_with(&format!("LEASELOST {cause}")), "{command:?}: {reply:?}");
    }
    assert_eq!(client.ask("GET k"), Reply::bulk("v"));
}

#[test]
fn given_no_length_of_the_lease_when_fetched_then_the_configured_length_applies() {
    let (_server, mut client) = served();
    assert_eq!(words(&client.ask("CACHE.FETCH k"))[2], "5000");
    assert_eq!(words(&client.ask("CACHE.FETCH k2 LEASE 77"))[2], "77");
    client.ask("CONFIG SET assess.default-lease-ms 1234").good();
    assert_eq!(words(&client.ask("CACHE.FETCH k3"))[2], "1234");
}

#[test]
fn given_a_key_in_no_tier_when_filled_then_a_time_to_live_is_needed_and_the_lease_survives_the_error() {
    let (_server, mut client) = served();
    let token = lease(&mut client, "other LEASE 60000");
    assert_eq!(client.call(&["CACHE.FILL", "other", &token, "v"]).code(), "ERR");
    assert!(!client.exists("other"));
    client.call(&["CACHE.FILL", "other", &token, "v", "PX", "60000"]).good();
    assert!(client.ask("PTTL other").integer() > 50_000);
}

#[test]
fn given_wrong_type_when_fetched_then_an_error_and_no_lease() {
    let (_server, mut client) = served();
    client.ask("RPUSH k a").good();
    assert_eq!(client.ask("CACHE.FETCH k").code(), "WRONGTYPE");
    assert_eq!(client.ask("CACHE.STATS").map()["leases"].integer(), 0);
}

#[test]
fn given_multi_or_a_script_when_fetched_then_it_neither_waits_nor_grants_a_lease() {
    let (_server, mut client) = served();
    client.ask("SET k1 v").good();
    for round in 0..2 {
        client.ask("MULTI").good();
        client.ask("CACHE.FETCH k").good();
        client.ask("CACHE.FETCH k1").good();
        let replies = client.ask("EXEC");
        assert_eq!(words(&replies.array()[0]), ["busy"]);
        assert_eq!(words(&replies.array()[1]), ["hit", "v"]);
        for eval in ["EVAL", "EVAL_RO"] {
            let script = [eval, "return redis.call('CACHE.FETCH', KEYS[1])", "1", "k"];
            assert_eq!(words(&client.call(&script)), ["busy"]);
        }
        if round == 0 {
            lease(&mut client, "k LEASE 60000");
        }
    }
}

#[test]
fn given_a_token_when_filled_in_multi_or_a_script_then_stored() {
    let (_server, mut client) = served();
    let token = lease(&mut client, "k1");
    client.ask("MULTI").good();
    client.call(&["CACHE.FILL", "k1", &token, "v"]).good();
    assert_eq!(client.ask("EXEC").array(), [Reply::ok()]);
    let token = lease(&mut client, "k2");
    let script = "return redis.call('CACHE.FILL', KEYS[1], ARGV[1], 'v')";
    client.call(&["EVAL", script, "1", "k2", &token]).good();
    assert_eq!(client.ask("CACHE.MGET k1 k2").texts(), ["v", "v"]);
}

#[test]
fn given_resp3_when_fetched_then_the_reply_is_the_same() {
    let (server, mut client) = served();
    let mut newer = server.client().resp3();
    let granted = newer.ask("CACHE.FETCH k LEASE 70").good();
    assert!(matches!(granted.array(), [Reply::Bulk(_), Reply::Bulk(_), Reply::Integer(70)]), "{granted:?}");
    client.ask("SET k v").good();
    assert_eq!(newer.ask("CACHE.FETCH k"), Reply::Array(vec![Reply::bulk("hit"), Reply::bulk("v")]));
}
