//! Every command of the cache: what it replies, what it refuses, and which users may run it.

use std::collections::BTreeMap;

use crate::harness::{Client, Reply, Server, wait_until};

fn served() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 1000").good();
    (server, client)
}

/// A client of a user with these rules.
fn user(server: &Server, admin: &mut Client, rules: &str) -> Client {
    admin.ask(&format!("ACL SETUSER limited reset on nopass {rules}")).good();
    let mut client = server.client();
    client.ask("AUTH limited any").good();
    client
}

#[track_caller]
fn stats(client: &mut Client, line: &str) -> BTreeMap<String, Reply> {
    client.ask(&format!("CACHE.STATS {line}")).good().map()
}

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

#[test]
fn given_entries_then_get_replies_values_or_nil_and_names_wrong_types() {
    let (_server, mut client) = served();
    client.ask("RPUSH klist a").good();
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.SET ktagged w TAGS 2 a b").good();
    client.call(&[b"CACHE.SET", &b"k\x00\xff"[..], b"\x00\r\n\xff"]).good();
    assert_eq!(client.ask("CACHE.GET knone"), Reply::Nil);
    assert_eq!(client.ask("CACHE.GET klist").code(), "WRONGTYPE");
    assert_eq!(client.call(&[b"CACHE.GET", &b"k\x00\xff"[..]]), Reply::Bulk(b"\x00\r\n\xff".to_vec()));
    let several = client.ask("CACHE.MGET k knone klist ktagged k");
    let expected = [Reply::bulk("v"), Reply::Nil, Reply::Nil, Reply::bulk("w"), Reply::bulk("v")];
    assert_eq!(several.array(), expected);
    // A key in no tier is read too.
    client.ask("SET other v").good();
    assert_eq!(client.ask("CACHE.GET other"), Reply::bulk("v"));
    client.ask("CACHE.SET klist v").good();
    assert_eq!(client.ask("GET klist"), Reply::bulk("v"));
    client.ask("CACHE.SET kempty").code();
    client.call(&["CACHE.SET", "kempty", ""]).good();
    assert_eq!(client.ask("CACHE.GET kempty"), Reply::bulk(""));
}

#[test]
fn given_conditions_then_only_what_they_allow_is_stored() {
    let (_server, mut client) = served();
    assert_eq!(client.ask("CACHE.SET k v XX"), Reply::Nil);
    assert_eq!(client.ask("CACHE.SET k v NX"), Reply::ok());
    assert_eq!(client.ask("CACHE.SET k w NX"), Reply::Nil);
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
    assert_eq!(client.ask("CACHE.SET k w XX EX 5"), Reply::ok());
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("w"));
    client.ask("CACHE.SET k x KEEPTTL").good();
    assert!(client.ask("TTL k").integer() <= 5);
    client.ask("CACHE.SET k x").good();
    assert!(client.ask("TTL k").integer() > 900);
    client.ask("CACHE.SET other x PERSIST").good();
    assert_eq!(client.ask("TTL other").integer(), -1);
    client.ask("CACHE.SET other y KEEPTTL").good();
    assert_eq!((client.ask("TTL other").integer(), client.ask("CACHE.GET other")), (-1, Reply::bulk("y")));
}

#[test]
fn given_several_entries_when_one_cannot_be_stored_then_none_is() {
    let (_server, mut client) = served();
    assert_eq!(client.ask("CACHE.MSET 2 k v other v").code(), "ERR");
    assert_eq!(client.ask("DBSIZE").integer(), 0);
    client.ask("CACHE.MSET 3 k v other w k x TTL 50 TAGS 1 red").good();
    assert_eq!(client.ask("CACHE.MGET k other").texts(), ["x", "w"]);
    assert_eq!(client.ask("CACHE.INVALIDATE TAG red").integer(), 2);
    // An entry that exists has a time to live to keep.
    client.ask("SET other v EX 50").good();
    assert_eq!(client.ask("CACHE.MSET 2 k v other w KEEPTTL"), Reply::ok());
    assert!((1..=50).contains(&client.ask("TTL other").integer()));
}

#[test]
fn given_mset_by_a_user_with_some_keys_then_every_key_is_checked() {
    let (server, mut admin) = served();
    let mut narrow = user(&server, &mut admin, "~k1 ~k2 +@all");
    narrow.ask("CACHE.MSET 2 k1 v k2 v").good();
    for line in ["CACHE.MSET 1 k3 v", "CACHE.MSET 2 k1 w k3 w", "CACHE.MSET 3 k1 w k2 w k3 w"] {
        assert_eq!(narrow.ask(line).code(), "NOPERM", "{line}");
        let script = format!("return redis.call('{}')", line.replace(' ', "','"));
        // Before 7.2, a refusal by the server itself has another code inside a script.
        assert!(["NOPERM", "ERR"].contains(&narrow.call(&["EVAL", &script, "0"]).code()), "{script}");
    }
    assert_eq!(admin.ask("CACHE.MGET k1 k2 k3").array(), [Reply::bulk("v"), Reply::bulk("v"), Reply::Nil]);
    let mut reader = user(&server, &mut admin, "%R~k* +@all");
    assert_eq!(reader.ask("CACHE.MSET 2 k1 w k2 w").code(), "NOPERM");
    assert_eq!(reader.ask("CACHE.GET k1"), Reply::bulk("v"));
}

#[test]
fn given_a_user_with_some_keys_then_other_keys_are_refused() {
    let (server, mut admin) = served();
    admin.ask("CACHE.MSET 2 k1 v k2 v TAGS 1 red").good();
    let mut narrow = user(&server, &mut admin, "~k1 +@all");
    for line in [
        "CACHE.GET k2",
        "CACHE.MGET k1 k2",
        "CACHE.SET k2 v",
        "CACHE.FETCH k2",
        "CACHE.FILL k2 0000000000000001 v",
        "CACHE.RENEW k2 0000000000000001 5",
        "CACHE.FAIL k2 0000000000000001",
        "CACHE.TTL k2",
        "CACHE.INVALIDATE KEY k2",
        "CACHE.INVALIDATE KEY k1 KEY k2",
        "CACHE.INVALIDATE MODEL k2",
        "CACHE.INVALIDATE PATTERN k1",
        "CACHE.INVALIDATE KEY k1 TAG red",
        "CACHE.INVALIDATE TIER t",
        "CACHE.INVALIDATE ALL",
        "CACHE.EXPORT PATTERN *",
        "CACHE.HOT t",
    ] {
        assert_eq!(narrow.ask(line).code(), "NOPERM", "{line}");
    }
    for line in ["CACHE.EXPORT','PATTERN','*", "CACHE.HOT','t"] {
        let script = format!("return redis.call('{line}')");
        assert_eq!(narrow.call(&["EVAL", &script, "0"]).code(), "NOPERM", "{script}");
    }
    // The server itself checks the keys that it knows of, and has its own error text inside scripts.
    let refused = narrow.call(&["EVAL", "return redis.call('CACHE.INVALIDATE','KEY','k2')", "0"]);
    let texts = ["can't access at least one of the keys", "No permissions to access a key"];
    assert!(texts.iter().any(|text| refused.error().contains(text)), "{refused:?}");
    assert_eq!(admin.ask("CACHE.MGET k1 k2").texts(), ["v", "v"]);
    assert_eq!(narrow.ask("CACHE.INVALIDATE KEY k1").integer(), 1);
    let script = ["EVAL", "return redis.call('CACHE.INVALIDATE','KEY','k1')", "0"];
    assert_eq!(narrow.call(&script).integer(), 0);
    assert_eq!(user(&server, &mut admin, "%R~k2 +@all").ask("CACHE.INVALIDATE KEY k2").code(), "NOPERM");
    assert_eq!(user(&server, &mut admin, "~* +@all").ask("CACHE.INVALIDATE ALL").integer(), 1);
}

#[test]
fn given_commands_then_the_server_knows_their_keys() {
    let (_server, mut client) = served();
    for (line, keys) in [
        ("CACHE.GET a STALE", vec!["a"]),
        ("CACHE.MGET a b", vec!["a", "b"]),
        ("CACHE.SET a v TTL 5", vec!["a"]),
        ("CACHE.FETCH a", vec!["a"]),
        ("CACHE.FILL a 0000000000000001 v", vec!["a"]),
        ("CACHE.RENEW a 0000000000000001 5", vec!["a"]),
        ("CACHE.FAIL a 0000000000000001", vec!["a"]),
        ("CACHE.TTL a", vec!["a"]),
        ("CACHE.INVALIDATE KEY a", vec!["a"]),
    ] {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {line}")).texts(), keys, "{line}");
    }
    // Other clauses concern every node of a cluster.
    assert!(client.ask("COMMAND GETKEYS CACHE.INVALIDATE KEY a TAG t").is_error());
}

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

#[test]
fn given_clauses_then_the_reply_is_the_number_of_distinct_entries_removed() {
    let (_server, mut client) = served();
    client.ask("TIER.SET u PATTERN u* TTL 1000").good();
    for (clause, count) in [
        ("KEY k1", 1),
        ("KEY k1 KEY k1 KEY knone", 1),
        ("KEY other", 1),
        ("KEY k1 PATTERN k1* TIER t", 4),
        ("PATTERN k?", 3),
        ("PATTERN *", 5),
        ("PATTERN * ALLKEYS", 6),
        ("PATTERN ot*", 0),
        ("PATTERN ot* ALLKEYS", 1),
        ("TAG red", 2),
        ("TAG red TAG blue", 3),
        ("TAG red TAG blue MATCH all", 1),
        ("TAG red TAG blue MATCH any", 3),
        ("TIER u TAG red", 3),
        ("ALL", 5),
        ("ALL ALLKEYS", 6),
        ("ALL ASYNC", 0),
    ] {
        client.ask("FLUSHALL").good();
        client.ask("CACHE.SET k1 v TAGS 1 red").good();
        client.ask("CACHE.SET k2 v TAGS 2 red blue").good();
        client.ask("CACHE.SET k3 v TAGS 1 blue").good();
        client.ask("CACHE.MSET 2 k10 v u v").good();
        client.ask("SET other v").good();
        assert_eq!(client.ask(&format!("CACHE.INVALIDATE {clause}")).integer(), count, "{clause}");
        if count > 0 {
            wait_until("the entries are removed", || client.ask("DBSIZE").integer() == 6 - count);
        }
    }
}

#[test]
fn given_a_pattern_that_backtracks_heavily_then_it_is_answered() {
    let (_server, mut client) = served();
    let long = format!("k{}", "a".repeat(4000));
    client.call(&["CACHE.SET", &long, "v"]).good();
    let pattern = format!("{}b", "*a".repeat(400));
    assert_eq!(client.call(&["CACHE.INVALIDATE", "PATTERN", &pattern]).integer(), 0);
    let page = client.call(&["CACHE.EXPORT", "PATTERN", &pattern]).good();
    assert_eq!(page.array()[1].array().len(), 0);
    client.call(&["TIER.SET", "slow", "PATTERN", &pattern, "TTL", "5"]).good();
    client.call(&["SET", &long, "v"]).good();
}

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
    for line in ["CACHE.HELP", "TIER.HELP"] {
        assert!(client.ask(line).array().len() > 3, "{line}");
    }
    assert_eq!(client.ask("CACHE.REPLAY k FRESH 5 5").code(), "ERR");
}
