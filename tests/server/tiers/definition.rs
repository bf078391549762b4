//! Declaring a tier: its patterns, a replacement, errors, the built-in tier, tiers as load arguments.

use super::{await_indexed, counted, served, tier_of};
use crate::harness::{Reply, Server};

#[test]
fn given_several_patterns_that_match_then_the_most_specific_wins() {
    let (_server, mut client) = served(&[
        "wide PATTERN * TTL 10",
        "prefix PATTERN hs:* TTL 10",
        "longer PATTERN hs:*:eu TTL 10",
        "b PATTERN same:?x TTL 10",
        "a PATTERN same:?x PATTERN second:* TTL 10",
        "escaped PATTERN e\\*f:* TTL 10",
    ]);
    for (key, tier) in [
        ("x", "wide"),
        ("hs:1", "prefix"),
        ("hs:1:eu", "longer"),
        ("same:1x", "a"),
        ("second:", "a"),
        ("e*f:1", "escaped"),
        ("exf:1", "wide"),
        ("assessment:{m}:s", "assessment"),
    ] {
        assert_eq!(tier_of(&mut client, key), tier, "{key}");
    }
    assert_eq!(client.ask("TIER.LIST").texts(), ["a", "assessment", "b", "escaped", "longer", "prefix", "wide"]);
}

#[test]
fn given_a_tier_when_set_again_then_the_whole_policy_is_replaced_and_keys_move() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 10 GRACE 5 CAPACITY 100", "u PATTERN ka* TTL 10"]);
    client.ask("CACHE.MSET 3 k1 v ka v kb v").good();
    assert_eq!((counted(&mut client, "t", "entries"), counted(&mut client, "u", "entries")), (2, 1));
    client.ask("TIER.SET t PATTERN kb* TTL 20").good();
    await_indexed(&mut client);
    let info = client.ask("TIER.INFO t").map();
    assert_eq!((info["grace_ms"].integer(), info["capacity"].integer(), info["ttl_ms"].integer()), (0, 0, 20_000));
    assert_eq!(info["patterns"].texts(), ["kb*"]);
    assert_eq!((counted(&mut client, "t", "entries"), counted(&mut client, "u", "entries")), (1, 1));
    assert_eq!(tier_of(&mut client, "k1"), "none");
    assert_eq!(client.ask("CACHE.GET k1"), Reply::bulk("v"), "it keeps its time to live");
    assert_eq!((client.ask("TIER.DEL u").integer(), client.ask("TIER.DEL u").integer()), (1, 0));
    await_indexed(&mut client);
    assert_eq!(tier_of(&mut client, "ka"), "none");
    client.ask("SET zz v").good();
    client.ask("TIER.SET z PATTERN zz* TTL 20").good();
    await_indexed(&mut client);
    assert_eq!(counted(&mut client, "z", "entries"), 1);
}

#[test]
fn given_a_bad_policy_then_an_error_that_names_it_and_nothing_changed() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 10"]);
    for (options, named) in [
        ("PATTERN k* TTL 0", "TTL"),
        ("PATTERN k* TTL 5 PTTL 6", "TTL"),
        ("PATTERN k* TTL 5 TTL 6", "TTL"),
        ("PATTERN k* JITTER 5", "TTL"),
        ("TTL 5 JITTER 5 GRACE 5", "PATTERN"),
        ("PATTERN k* TTL 5 JITTER 101", "JITTER"),
        ("PATTERN k* TTL 5 REFRESH 101", "REFRESH"),
        ("PATTERN k* TTL 5 CAPACITY 0", "CAPACITY"),
        ("PATTERN k* TTL 5 MINHIT 0", "MINHIT"),
        ("PATTERN k* TTL 5 MAXMEMORY 5tb", "MAXMEMORY"),
        ("PATTERN k* TTL 5 LEASE 0", "LEASE"),
        ("PATTERN k* TTL 5 INDEX maybe", "INDEX"),
        ("PATTERN k* TTL 5 INDEX no CAPACITY 5", "CAPACITY"),
        ("PATTERN k* TTL 5 QUEUE q", "QUEUE"),
        ("PATTERN k* TTL 5 COLOUR red", "COLOUR"),
        ("PATTERN k* TTL 5 GRACE", "GRACE"),
    ] {
        let reply = client.ask(&format!("TIER.SET t {options}"));
        assert!(reply.error().contains(named), "{options}: {reply:?}");
        assert_eq!(client.ask("TIER.INFO t").map()["ttl_ms"].integer(), 10_000);
    }
    assert_eq!(client.call(&["TIER.SET", "no blanks", "PATTERN", "k*", "TTL", "5"]).code(), "ERR");
    assert_eq!(client.ask("TIER.INFO other").code(), "ERR");
}

#[test]
fn given_the_built_in_tier_when_redefined_then_assessments_follow_it_until_it_is_deleted() {
    let server = Server::with(&["assess.default-ttl 3000"]);
    let mut client = server.client();
    let info = client.ask("TIER.INFO assessment").map();
    assert_eq!((info["ttl_ms"].integer(), info["patterns"].texts()), (3_000_000, vec!["assessment:*".to_owned()]));
    client.ask("TIER.SET assessment PATTERN assessment:* TTL 50 GRACE 7").good();
    server.load_mini(&mut client, "icio");
    let key = client.cached("icio USA C10");
    assert!((50..=57).contains(&client.call(&["TTL", &key]).integer()));
    assert_eq!(client.ask("TIER.DEL assessment").integer(), 1);
    assert_eq!(client.ask("TIER.INFO assessment").map()["ttl_ms"].integer(), 3_000_000);
}

#[test]
fn given_tiers_as_load_arguments_then_they_exist_from_the_start_and_after_a_restart() {
    let mut server =
        Server::with(&["TIER hs PATTERN hs:* TTL 3600", "TIER rules PATTERN rule:* PATTERN rules:* TTL 1800"]);
    let mut client = server.client();
    assert_eq!(client.ask("TIER.LIST").texts(), ["assessment", "hs", "rules"]);
    assert_eq!(tier_of(&mut client, "rules:1"), "rules");
    client.ask("TIER.SET more PATTERN m* TTL 7 GRACE 8").good();
    client.ask("TIER.SET hs PATTERN hs:* TTL 5").good();
    client.ask("CACHE.SET rule:1 v TTL 5000").good();
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(client.ask("TIER.LIST").texts(), ["assessment", "hs", "more", "rules"]);
    // The configuration is applied again after loading.
    assert_eq!(client.ask("TIER.INFO hs").map()["ttl_ms"].integer(), 3_600_000);
    assert_eq!(client.ask("TIER.INFO more").map()["grace_ms"].integer(), 8_000);
    await_indexed(&mut client);
    assert_eq!(client.ask("CACHE.GET rule:1"), Reply::bulk("v"));
    assert_eq!(counted(&mut client, "rules", "entries"), 1);
}
