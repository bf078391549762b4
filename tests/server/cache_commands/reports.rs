//! Commands that report: `CACHE.HOT`, `CACHE.EXPORT`, `CACHE.TTL`, `CACHE.STATS` and help.

use super::{served, stats};
use crate::harness::Reply;

#[test]
fn given_reads_then_hot_lists_the_most_requested_first() {
    let (_server, mut client) = served();
    for i in 1..=20 {
        client.ask(&format!("CACHE.SET k{i} v")).good();
        for _ in 0..i {
            client.ask(&format!("CACHE.GET k{i}")).good();
        }
    }
    let hot = client.ask("CACHE.HOT t 3").good();
    let row = |row: &Reply| (row.array()[0].text(), row.array()[1].integer());
    let rows: Vec<_> = hot.array().iter().map(row).collect();
    assert_eq!(rows, [("k20".to_owned(), 20), ("k19".to_owned(), 19), ("k18".to_owned(), 18)]);
    assert_eq!(client.ask("CACHE.HOT t").array().len(), 10);
}

#[test]
fn given_many_entries_when_exported_then_each_is_exported_once() {
    let (_server, mut client) = served();
    for i in 0..95 {
        client.ask(&format!("CACHE.SET k{i} v{i}")).good();
    }
    client.call(&[&b"CACHE.SET"[..], b"k\xff", b"\xfe\x00", b"TAGS", b"1", b"red"]).good();
    client.call(&["CACHE.SET", "kbig", &"x".repeat(600_000)]).good();
    let (mut lines, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let page = client.call(&["CACHE.EXPORT", "PATTERN", "k*", "CURSOR", &cursor, "COUNT", "10"]).good();
        lines.extend(page.array()[1].texts());
        cursor = page.array()[0].text();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(lines.len(), 97);
    let parsed: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let binary = parsed.iter().find(|line| line["key_hex"] == "6bff").expect("the binary entry");
    assert_eq!((&binary["value_hex"], &binary["tags"][0]), (&"fe00".into(), &"red".into()));
    let plain = parsed.iter().find(|line| line["key"] == "k7").expect("a plain entry");
    assert_eq!(plain["value"], "v7");
    assert!(plain["ttl_ms"].as_u64().is_some_and(|ms| (900_000..=1_000_000).contains(&ms)));
}

#[test]
fn given_an_entry_then_ttl_describes_it() {
    let (server, mut client) = served();
    let names = ["bytes", "exists", "fresh_ms", "grace_ms", "lease_ms", "stale", "tags", "tier", "waiters"];
    let none = client.ask("CACHE.TTL other").map();
    assert_eq!(none.keys().collect::<Vec<_>>(), names);
    assert_eq!((none["tier"].clone(), none["exists"].integer(), none["fresh_ms"].integer()), (Reply::Nil, 0, -2));
    client.ask("CACHE.SET k value TAGS 2 a b").good();
    let reply = server.client().resp3().ask("CACHE.TTL k");
    assert!(matches!(reply, Reply::Map(_)));
    let entry = reply.map();
    assert_eq!((entry["tier"].text(), entry["tags"].texts()), ("t".to_owned(), vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!((entry["bytes"].integer(), entry["stale"].integer(), entry["exists"].integer()), (5, 0, 1));
    assert!((900_000..=1_000_000).contains(&entry["fresh_ms"].integer()));
}

#[test]
fn given_traffic_then_stats_count_it_until_they_are_reset() {
    let (server, mut client) = served();
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.GET k").good();
    client.ask("CACHE.MGET k knone").good();
    client.ask("CACHE.INVALIDATE KEY k").good();
    client.ask("CACHE.SET k v").good();
    client.ask("GET k").good();
    let tier = stats(&mut client, "t");
    for (name, count) in [
        ("hits", 2),
        ("misses", 1),
        ("total_requests", 3),
        ("sets", 2),
        ("invalidations", 1),
        ("cache_size", 1),
        ("entries", 1),
        ("bytes", 1),
        ("max_cache_size", 0),
        ("ttl_seconds", 1000),
    ] {
        assert_eq!(tier[name].integer(), count, "{name}");
    }
    assert_eq!(tier["hit_rate_percent"].double(), 66.67);
    let total = stats(&mut client, "");
    for name in ["connected", "used_memory_mb", "used_memory_peak_mb", "evicted_keys", "expired_keys", "ttl_seconds"] {
        assert!(total.contains_key(name), "{name}");
    }
    assert_eq!((total["connected"].integer(), total["hits"].integer()), (1, 2));
    assert!(total["total_commands_processed"].integer() > 5);
    assert!(matches!(server.client().resp3().ask("CACHE.STATS"), Reply::Map(_)));
    assert_eq!(client.info_number("assess", "cache_hits"), 2);
    let metrics = client.ask("CACHE.METRICS").text();
    assert!(metrics.ends_with("\n# EOF") && metrics.contains("tier=\"t\""), "{metrics}");
    assert_eq!(client.ask("CACHE.STATS RESET"), Reply::ok());
    let tier = stats(&mut client, "t");
    assert_eq!((tier["hits"].integer(), tier["misses"].integer(), tier["entries"].integer()), (0, 0, 1));
}

#[test]
fn given_help_then_every_family_of_commands_has_it() {
    let (_server, mut client) = served();
    for line in ["CACHE.HELP", "TIER.HELP", "JOB.HELP"] {
        assert!(client.ask(line).array().len() > 3, "{line}");
    }
    assert_eq!(client.ask("CACHE.REPLAY k FRESH 5 5").code(), "ERR");
    assert_eq!(client.ask("JOB.REPLAY k bytes").code(), "ERR");
}
