//! `NEGATIVE`, `COMPRESS`, `LEASE`, `WAIT` and `INDEX`.

use super::{counted, fetch, served};
use crate::harness::{Client, Reply};

#[test]
fn given_negative_when_a_computation_fails_then_it_is_remembered_until_it_is_invalidated() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 NEGATIVE 1000"]);
    for forget in ["CACHE.INVALIDATE KEY k", "CACHE.INVALIDATE ALL", "CACHE.INVALIDATE PATTERN k*", "FLUSHALL"] {
        let lease = fetch(&mut client, "k");
        client.call(&["CACHE.FAIL", "k", &lease[1], "none"]).good();
        assert_eq!(fetch(&mut client, "k"), ["negative", "none"], "{forget}");
        assert!(!client.exists("k"));
        client.ask(forget).good();
    }
    let lease = fetch(&mut client, "k");
    client.call(&["CACHE.FAIL", "k", &lease[1]]).good();
    assert_eq!(fetch(&mut client, "k"), ["negative", ""]);
    client.ask("CACHE.SET k v").good();
    assert_eq!(fetch(&mut client, "k"), ["hit", "v"]);
    client.ask("DEL k").good();
    assert_eq!(fetch(&mut client, "k")[0], "lease");
    assert_eq!((counted(&mut client, "t", "negative_hits"), counted(&mut client, "t", "errors")), (5, 5));
}

#[test]
fn given_compress_then_long_values_are_smaller_and_read_by_this_module_only() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 COMPRESS 1000"]);
    let value = "compress me ".repeat(1000);
    client.call(&["CACHE.SET", "k", &value]).good();
    client.call(&["CACHE.SET", "kshort", "short"]).good();
    client.call(&["SET", "plain", &value]).good();
    assert_eq!(client.ask("TYPE k").text(), "assessent");
    assert_eq!(client.ask("TYPE kshort").text(), "string");
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk(&value));
    assert_eq!(client.ask("CACHE.MGET k kshort").texts(), [value.as_str(), "short"]);
    assert_eq!(fetch(&mut client, "k"), ["hit", value.as_str()]);
    assert_eq!(client.ask("GET k").code(), "WRONGTYPE");
    let usage = |client: &mut Client, key: &str| client.call(&["MEMORY", "USAGE", key]).integer();
    assert!(usage(&mut client, "k") * 5 < usage(&mut client, "plain"));
    assert!(client.ask("CACHE.STATS t").map()["compression_ratio"].double() > 5.0);
    assert!((990..=1000).contains(&client.ask("TTL k").integer()));
    // Random bytes do not become smaller, and stay a string.
    let mut random = crate::harness::random::Random::new(7);
    let noise: Vec<u8> = (0..2000).map(|_| random.below(256) as u8).collect();
    client.call(&[b"CACHE.SET", &b"knoise"[..], &noise]).good();
    assert_eq!(client.ask("TYPE knoise").text(), "string");
    assert_eq!(client.ask("CACHE.GET knoise"), Reply::Bulk(noise));
}

#[test]
fn given_lease_and_wait_then_they_are_the_defaults_of_fetch() {
    let (server, mut client) = served(&["t PATTERN k* TTL 1000 LEASE 777 WAIT 0", "u PATTERN u* TTL 9 WAIT 3"]);
    assert_eq!(client.ask("CACHE.FETCH k").array()[2].integer(), 777);
    assert_eq!(client.ask("CACHE.FETCH k").texts(), ["busy"]);
    client.ask("CACHE.FETCH u LEASE 3600000").good();
    assert_eq!(server.client().ask("CACHE.FETCH u").texts(), ["timeout"]);
}

#[test]
fn given_index_no_then_entries_are_read_and_invalidated_but_not_counted() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 INDEX no"]);
    client.ask("CACHE.MSET 2 k1 v k2 v").good();
    client.ask("SET k3 v").good();
    assert_eq!(client.ask("CACHE.GET k1"), Reply::bulk("v"));
    assert_eq!(fetch(&mut client, "k2"), ["hit", "v"]);
    assert_eq!((counted(&mut client, "t", "entries"), counted(&mut client, "t", "hits")), (0, 2));
    assert_eq!(client.ask("CACHE.INVALIDATE TIER t").integer(), 3);
    assert_eq!(client.ask("DBSIZE").integer(), 0);
}
