//! Arguments that are refused, with an error that names them.

use super::{served, stats};

#[test]
fn given_too_few_or_too_many_arguments_then_an_error() {
    let (_server, mut client) = served();
    for line in [
        "CACHE.GET",
        "CACHE.MGET",
        "CACHE.SET k",
        "CACHE.MSET 1 k",
        "CACHE.FETCH",
        "CACHE.FILL k 0000000000000001",
        "CACHE.RENEW k 0000000000000001",
        "CACHE.RENEW k 0000000000000001 5 6",
        "CACHE.FAIL k",
        "CACHE.FAIL k 0000000000000001 a b",
        "CACHE.INVALIDATE",
        "CACHE.TTL",
        "CACHE.TTL k k",
        "CACHE.STATS t t",
        "CACHE.METRICS x",
        "CACHE.HOT",
        "CACHE.HOT t 5 5",
        "CACHE.HEALTH x",
        "CACHE.EXPORT",
        "TIER.SET t",
        "TIER.DEL",
        "TIER.DEL a b",
        "TIER.LIST x",
        "TIER.INFO",
    ] {
        assert_eq!(client.ask(line).code(), "ERR", "{line}");
    }
    assert_eq!(client.ask("PING").text(), "PONG");
}

#[test]
fn given_bad_options_then_an_error_that_names_them_and_nothing_changed() {
    let (_server, mut client) = served();
    for (line, named) in [
        ("CACHE.GET k FRESH", "FRESH"),
        ("CACHE.GET k STALE STALE", "STALE"),
        ("CACHE.SET k v COLOUR red", "COLOUR"),
        ("CACHE.SET k v EX 5 EX 6", "EX"),
        ("CACHE.SET k v EX 5 PX 6", "PX"),
        ("CACHE.SET k v TTL 0", "TTL"),
        ("CACHE.SET k v TTL -5", "TTL"),
        ("CACHE.SET k v EX 99999999999", "EX"),
        ("CACHE.SET k v PXAT 5", "PXAT"),
        ("CACHE.SET k v KEEPTTL PERSIST", "KEEPTTL"),
        ("CACHE.SET k v NX XX", "XX"),
        ("CACHE.SET k v TAGS 65 a", "TAGS"),
        ("CACHE.SET k v TAGS 2 a", "TAGS"),
        ("CACHE.SET other v", "no tier"),
        ("CACHE.MSET 2 k v", "n must"),
        ("CACHE.MSET 0 k v", "n must"),
        ("CACHE.MSET -1 k v", "n must"),
        ("CACHE.MSET 1 k v NX", "NX"),
        ("CACHE.FETCH k LEASE 0", "LEASE"),
        ("CACHE.FETCH k WAIT 3600001", "WAIT"),
        ("CACHE.FETCH k BIND BIND", "BIND"),
        ("CACHE.FETCH k STALE", "STALE"),
        ("CACHE.FILL k 1 v", "16 hex digits"),
        ("CACHE.FILL k xxxxxxxxxxxxxxxx v", "16 hex digits"),
        ("CACHE.RENEW k 0000000000000001 0", "milliseconds"),
        ("CACHE.INVALIDATE k", "unknown clause"),
        ("CACHE.INVALIDATE KEY", "KEY"),
        ("CACHE.INVALIDATE SOFT", "nothing"),
        ("CACHE.INVALIDATE KEY k MATCH all", "TAG"),
        ("CACHE.INVALIDATE TAG t MATCH some", "MATCH"),
        ("CACHE.INVALIDATE TIER other", "tier"),
        ("CACHE.STATS other", "tier"),
        ("CACHE.HOT other", "tier"),
        ("CACHE.HOT t 0", "n must"),
        ("CACHE.HOT t 257", "n must"),
        ("CACHE.EXPORT COUNT 5", "PATTERN"),
        ("CACHE.EXPORT PATTERN * COUNT 0", "COUNT"),
        ("CACHE.EXPORT PATTERN * CURSOR xyz", "CURSOR"),
        ("CACHE.EXPORT PATTERN * CURSOR 6", "CURSOR"),
        ("TIER.INFO other", "tier"),
    ] {
        let reply = client.ask(line);
        assert!(reply.code() == "ERR" && reply.error().contains(named), "{line}: {reply:?}");
    }
    let bad: [&[&[u8]]; 3] = [
        &[b"CACHE.SET", b"k", b"v", b"\xff\r\n\x00"],
        &[b"CACHE.INVALIDATE", b"\xff\r\n\x00"],
        &[b"CACHE.SET", b"k", b"v", b"TAGS", b"1", &[b'x'; 257]],
    ];
    for words in bad {
        let reply = client.call(words);
        assert!(reply.code() == "ERR" && reply.error().is_ascii(), "{reply:?}");
    }
    assert_eq!(client.ask("DBSIZE").integer(), 0);
    assert_eq!(stats(&mut client, "")["leases"].integer(), 0);
}
